package workstation

import (
	"encoding/json"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// refuse records and answers a refusal. id is the workstation, where it is known.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, id string, err error) {
	refusal := bridge.AsRefusal(err)
	event := ledger.Event{
		Time: p.Hub.Clock(), Kind: ledger.WorkstationRefused, Reason: refusal.AuditCode(), Ref: bridge.Ref(r.Context()), Peer: bridge.Peer(r.Context()),
	}
	if id != "" {
		event.Detail = map[string]string{"workstation": id}
	}
	if !refusal.OurFault() {
		if werr := p.Hub.Journal.Commit(r.Context(), bridge.Append{Event: event}); werr != nil {
			refusal = bridge.AsRefusal(werr)
		}
	}
	if refusal.OurFault() {
		p.Log.ErrorContext(r.Context(), "workstation not answered", "ref", bridge.Ref(r.Context()), "error", refusal.Error())
	}
	p.turnAway(w, r, refusal)
}

// refuseQuietly answers without a record: an agent asks for its status every few seconds for as long as it runs, and one that was
// revoked would fill the record. It costs its peer as much as any refusal.
func (p *Provider) refuseQuietly(w http.ResponseWriter, r *http.Request, err error) {
	refusal := bridge.AsRefusal(err)
	if refusal.Reason != bridge.BadClient && refusal.Reason != bridge.Stale {
		p.refuse(w, r, "", err)
		return
	}
	p.Kit.Tolls.Charge(bridge.Peer(r.Context()))
	p.turnAway(w, r, refusal)
}

// turnAway answers without a word in the log.
func (p *Provider) turnAway(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	code := refusal.AuditCode()
	if refusal.Reason == bridge.Internal {
		code = "server_error"
	}
	writeJSON(w, statusOf(refusal.Reason), problem{code, refusal.Detail})
}

// problem is the answer to what was refused: a stable code, and words for the log of the agent.
type problem struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}

// statusOf gives every reason its HTTP status. Exhaustive: a new Reason must be placed here.
func statusOf(reason bridge.Reason) int {
	switch reason {
	case bridge.BadClient:
		return http.StatusUnauthorized
	case bridge.BadSignature, bridge.Stale, bridge.UnknownPartner, bridge.PartnerSuspended, bridge.BadGrant, bridge.UnknownSubject, bridge.NotAuthenticated,
		bridge.InteractionRequired, bridge.AssuranceTooLow, bridge.IdentityTooLow, bridge.AuthenticationFailed, bridge.CredentialMissing,
		bridge.CredentialExpired, bridge.CredentialRevoked, bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown,
		bridge.NoRole, bridge.RoleNotAllowed, bridge.SessionExpired, bridge.TransactionGone:
		return http.StatusForbidden
	case bridge.BadRequest, bridge.BadReplyAddress, bridge.Replayed, bridge.UnsupportedBinding, bridge.UnsupportedRequest,
		bridge.InvalidNameIDPolicy:
		return http.StatusBadRequest
	case bridge.Throttled:
		return http.StatusTooManyRequests
	case bridge.Unavailable:
		return http.StatusServiceUnavailable
	case bridge.Internal:
		return http.StatusInternalServerError
	}
	return http.StatusInternalServerError
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the agent went away: nothing to do about it
}
