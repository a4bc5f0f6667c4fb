package ticket

import (
	"fmt"
	"io"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// refused records why a call about a ticket was not answered; nil if it was.
func (p *Provider) refused(r *http.Request, partner trust.Partner, err error) *bridge.Refusal {
	if err == nil {
		return nil
	}
	refusal := p.hub.RefuseRequest(r.Context(), ledger.TicketRefused, partner.ID, bridge.Ref(r.Context()), err)
	p.noteFault(r, refusal)
	return refusal
}

// noteFault logs what is no decision but a failure of ours.
func (p *Provider) noteFault(r *http.Request, refusal *bridge.Refusal) {
	if refusal.OurFault() {
		p.log.ErrorContext(r.Context(), "ticket request failed", "ref", bridge.Ref(r.Context()), "error", refusal.Error())
	}
}

// turnAway answers a server with a SAML 1.x Response that has no assertion, without a word in the log.
func (p *Provider) turnAway(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	status, code := answerOf(refusal.Reason)
	doc := writer{indent: true}
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

// refuseAgent answers an agent's activation or authentication: with what may be shown to the person, and the number by which the
// field's Ticket API calls it.
func (p *Provider) refuseAgent(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	p.noteFault(r, refusal)
	p.turnAwayAgent(w, r, refusal)
}

func (p *Provider) turnAwayAgent(w http.ResponseWriter, r *http.Request, refusal *bridge.Refusal) {
	status, _ := answerOf(refusal.Reason)
	p.writeAgent(w, r, status, gpobject.Object{
		{Name: "error_code", Value: fmt.Sprintf("0x%08X", ticketError(refusal.Reason))},
		{Name: "error_text", Value: refusal.Detail},
		{Name: "error_reference", Value: bridge.Ref(r.Context())},
		{Name: "error_url", Value: p.kit.URL("/error")},
	})
}

// Errors of the field's Ticket API, each in its group.
const (
	apiInternal          = 0x8010000A
	apiInvalidParameter  = 0x80100003
	apiServerBusy        = 0x80100006
	apiNoTicket          = 0x80100009
	apiCardNotValid      = 0x80200003
	apiNoCertificate     = 0x80200006
	apiFailed            = 0x80400002
	apiNotPossible       = 0x80400003
	apiUserNotValid      = 0x80400004
	apiServerUnavailable = 0x80400005
	apiDataSyntax        = 0x80400006
	apiMethodUnsupported = 0x80400008
)

// ticketError is the number by which the Ticket API calls a reason. Exhaustive: a new Reason must be placed here.
func ticketError(reason bridge.Reason) uint32 {
	switch reason {
	case bridge.BadRequest:
		return apiDataSyntax
	case bridge.UnsupportedRequest, bridge.UnsupportedBinding:
		return apiMethodUnsupported
	case bridge.AuthenticationFailed, bridge.BadSignature, bridge.Replayed, bridge.Stale, bridge.NotAuthenticated:
		return apiFailed
	case bridge.UnknownSubject, bridge.CredentialUnknown:
		return apiUserNotValid
	case bridge.CredentialExpired, bridge.CredentialRevoked, bridge.CredentialUntrusted:
		return apiCardNotValid
	case bridge.CredentialMissing:
		return apiNoCertificate
	case bridge.RevocationUnknown, bridge.InteractionRequired, bridge.AssuranceTooLow, bridge.IdentityTooLow, bridge.NoRole, bridge.RoleNotAllowed,
		bridge.BadClient, bridge.PartnerSuspended:
		return apiNotPossible
	case bridge.BadGrant, bridge.SessionExpired, bridge.TransactionGone:
		return apiNoTicket
	case bridge.UnknownPartner, bridge.BadReplyAddress, bridge.InvalidNameIDPolicy:
		return apiInvalidParameter
	case bridge.Throttled:
		return apiServerBusy
	case bridge.Unavailable:
		return apiServerUnavailable
	case bridge.Internal:
		return apiInternal
	}
	return apiInternal
}

func (p *Provider) turnAwayStatus(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	status, _ := answerOf(refusal.Reason)
	writeStatus(w, status, statusError)
}

// turnAwayText answers a question of the older manner: 401 is what its clients know, whatever is wrong with the ticket.
func (p *Provider) turnAwayText(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	status, text := questionStatus(refusal), "exception.name=com.sun.identity.idsvcs.TokenExpired\n"
	if refusal.OurFault() || refusal.Reason == bridge.Throttled {
		text = "exception.name=com.sun.identity.idsvcs.GeneralFailure\n"
	}
	writeText(w, status, text)
}

// turnAwayJSON answers one of the later manner.
func (p *Provider) turnAwayJSON(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	status := questionStatus(refusal)
	writeJSON(w, status, map[string]any{"code": status, "reason": http.StatusText(status), "message": "The ticket is not valid."})
}

// questionStatus says 401 where a role assertion would be refused with 403.
func questionStatus(refusal *bridge.Refusal) int {
	status, _ := answerOf(refusal.Reason)
	if status == http.StatusForbidden {
		return http.StatusUnauthorized
	}
	return status
}

// readBody reads a body whole, whatever its content type says.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The request could not be read.").WithCode("ticket_body").Because(err)
	}
	return body, nil
}
