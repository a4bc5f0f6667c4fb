package ticket

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// refuse answers a server with a SAML 1.x Response that has no assertion.
func (p *Provider) refuse(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	if refusal.OurFault() {
		p.log.ErrorContext(r.Context(), "role assertion failed", "ref", bridge.Ref(r.Context()), "error", refusal.Error())
	}
	p.turnAway(w, r, refusal)
}

// turnAway answers without a word in the log.
func (p *Provider) turnAway(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	status, code := answerOf(refusal.Reason)
	var doc writer
	now := stamp(p.hub.Clock())
	doc.open(`samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" ResponseID="null" InResponseTo="null" MajorVersion="1" MinorVersion="1" IssueInstant="` + now + `" Recipient="` + attr(bridge.Peer(r.Context())) + `"`)
	doc.status(code)
	doc.close("samlp:Response")
	writeXML(w, status, doc.Bytes())
}

// answerOf gives every reason its HTTP status and SAML 1.x code. A caller is told whether it is at fault
// and no more. Exhaustive: a new Reason must be placed here.
func answerOf(reason bridge.Reason) (int, string) {
	switch reason {
	case bridge.BadRequest, bridge.BadSignature, bridge.BadReplyAddress, bridge.Stale, bridge.UnsupportedBinding, bridge.UnsupportedRequest,
		bridge.InvalidNameIDPolicy, bridge.Replayed:
		return http.StatusBadRequest, "samlp:Requester"
	case bridge.UnknownPartner, bridge.PartnerSuspended, bridge.BadClient, bridge.BadGrant, bridge.UnknownSubject, bridge.NotAuthenticated,
		bridge.InteractionRequired, bridge.AssuranceTooLow, bridge.IdentityTooLow, bridge.AuthenticationFailed, bridge.CredentialMissing,
		bridge.CredentialExpired, bridge.CredentialRevoked, bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown,
		bridge.NoRole, bridge.RoleNotAllowed, bridge.SessionExpired, bridge.TransactionGone:
		return http.StatusForbidden, "samlp:Requester"
	case bridge.Throttled:
		return http.StatusTooManyRequests, "samlp:Responder"
	case bridge.Unavailable:
		return http.StatusServiceUnavailable, "samlp:Responder"
	case bridge.Internal:
		return http.StatusInternalServerError, "samlp:Responder"
	}
	return http.StatusInternalServerError, "samlp:Responder"
}
