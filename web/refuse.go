package web

import (
	"errors"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Problem is what the error page says.
type Problem struct {
	Detail string // what happened, beyond the heading
	Advice string // what to do now
	Reason string // stable code, for IT
}

// Refuse shows a refusal as a page: what happened, what to do now, and the reference to read out.
// It never redirects.
func (k *Kit) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		k.tooLarge(w, r)
		return
	}
	refusal := bridge.AsRefusal(err)
	if refusal.OurFault() {
		k.Log.ErrorContext(r.Context(), "request failed", "ref", bridge.Ref(r.Context()), "reason", refusal.AuditCode(), "error", refusal.Error())
	}
	status, title, advice := PageOf(refusal.Reason)
	switch status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "30")
	}
	k.Page(w, r, "error", title, Problem{Plain(refusal.Detail), advice, refusal.Reason.String()}, PageOptions{Status: status})
}

// PageOf gives every reason its status, heading and advice. Exhaustive: a new Reason must be placed here.
func PageOf(reason bridge.Reason) (status int, title, advice string) {
	switch reason {
	case bridge.BadRequest, bridge.BadSignature, bridge.UnknownPartner, bridge.BadReplyAddress, bridge.UnsupportedBinding,
		bridge.UnsupportedRequest, bridge.InvalidNameIDPolicy, bridge.BadClient, bridge.BadGrant:
		return http.StatusBadRequest, "This request cannot be used", "Close this page, open the app again and start again from there. If it happens twice, call the help line and read out the reference below."
	case bridge.Replayed, bridge.Stale:
		return http.StatusBadRequest, "This sign-in request is out of date", "Go back to the app and start again from there."
	case bridge.PartnerSuspended:
		return http.StatusForbidden, "Sign-in to this app is switched off", "Call the help line to ask when it will be back."
	case bridge.UnknownSubject:
		return http.StatusForbidden, "Someone else is signed in", "Sign out, then start again from the app."
	case bridge.NotAuthenticated, bridge.InteractionRequired, bridge.SessionExpired:
		return http.StatusForbidden, "You are not signed in", "Start again from the app, or sign in from the first page."
	case bridge.AssuranceTooLow:
		return http.StatusForbidden, "You need another way to sign in", "Sign in again with a way that this app accepts."
	case bridge.IdentityTooLow, bridge.NoRole, bridge.RoleNotAllowed:
		return http.StatusForbidden, "You cannot use this app at present", "Ask your Registration Authority to check your roles."
	case bridge.AuthenticationFailed, bridge.CredentialMissing, bridge.CredentialExpired, bridge.CredentialRevoked,
		bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown:
		return http.StatusUnauthorized, "You could not be signed in", "Try again, or use another way to sign in."
	case bridge.TransactionGone:
		return http.StatusBadRequest, "This sign-in is no longer open", "Go back to the app and start again from there."
	case bridge.Throttled:
		return http.StatusTooManyRequests, "Too many tries at once", "Wait half a minute, then try again."
	case bridge.Unavailable:
		return http.StatusServiceUnavailable, "Sign-in is not available just now", "Wait half a minute, then try again. If it is urgent, use your ward's procedure for when systems are down."
	case bridge.Internal:
	}
	return http.StatusInternalServerError, "Something went wrong here", "Try again. If it happens twice, call the help line and read out the reference below."
}

func (k *Kit) problem(w http.ResponseWriter, r *http.Request, status int, title string, p Problem) {
	k.Page(w, r, "error", title, p, PageOptions{Status: status})
}

func (k *Kit) tooLarge(w http.ResponseWriter, r *http.Request) {
	k.problem(w, r, http.StatusRequestEntityTooLarge, "The request is too large",
		Problem{"More was sent than can be accepted.", "Go back to the app and start again from there.", "too_large"})
}

func (k *Kit) notFound(w http.ResponseWriter, r *http.Request) {
	k.problem(w, r, http.StatusNotFound, "There is no such page",
		Problem{"The address may have been mistyped, or the page has moved.", "Start from the first page, or from your app.", "not_found"})
}

func (k *Kit) notAllowed(w http.ResponseWriter, r *http.Request) {
	k.problem(w, r, http.StatusMethodNotAllowed, "This page cannot be used in this way",
		Problem{"It does not answer to this kind of request.", "Start from the first page, or from your app.", "method_not_allowed"})
}
