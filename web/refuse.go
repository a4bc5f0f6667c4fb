package web

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Refuse shows a refusal as a page: what happened, what to do now, and the reference to read out.
// It never redirects.
func (k *Kit) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal := bridge.AsRefusal(err)
	if refusal.Reason == bridge.Internal || refusal.Reason == bridge.Unavailable {
		k.Log.ErrorContext(r.Context(), "request failed", "ref", bridge.Ref(r.Context()), "reason", refusal.AuditCode(), "error", refusal.Error())
	}
	status, title := pageOf(refusal.Reason)
	k.Page(w, r, "error", title, struct {
		Detail string
		Reason string
	}{refusal.Detail, refusal.Reason.String()}, PageOptions{Status: status})
}

// pageOf gives every reason its status and heading. Exhaustive: a new Reason must be placed here.
func pageOf(reason bridge.Reason) (int, string) {
	switch reason {
	case bridge.BadRequest, bridge.BadSignature, bridge.UnknownPartner, bridge.BadReplyAddress, bridge.Replayed, bridge.Stale,
		bridge.UnsupportedBinding, bridge.UnsupportedRequest, bridge.InvalidNameIDPolicy, bridge.BadClient, bridge.BadGrant:
		return http.StatusBadRequest, "The app sent a request that cannot be used"
	case bridge.PartnerSuspended:
		return http.StatusForbidden, "Sign-in to this app is switched off"
	case bridge.UnknownSubject, bridge.NotAuthenticated, bridge.InteractionRequired, bridge.SessionExpired:
		return http.StatusForbidden, "You are not signed in"
	case bridge.AssuranceTooLow, bridge.IdentityTooLow, bridge.NoRole, bridge.RoleNotAllowed:
		return http.StatusForbidden, "You cannot use this app at present"
	case bridge.AuthenticationFailed, bridge.CredentialMissing, bridge.CredentialExpired, bridge.CredentialRevoked,
		bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown:
		return http.StatusUnauthorized, "You could not be signed in"
	case bridge.TransactionGone:
		return http.StatusBadRequest, "This sign-in is no longer open"
	case bridge.Throttled:
		return http.StatusTooManyRequests, "Too many requests at once"
	case bridge.Unavailable:
		return http.StatusServiceUnavailable, "Sign-in is not available just now"
	case bridge.Internal:
		return http.StatusInternalServerError, "Something went wrong here"
	}
	return http.StatusInternalServerError, "Something went wrong here"
}
