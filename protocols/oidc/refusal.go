package oidc

import (
	"net/http"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Error codes that a refusal may carry as its own code, so that record and answer say the same.
const (
	codeInvalidScope       = "invalid_scope"
	codeUnauthorizedClient = "unauthorized_client"
	codeGrantType          = "unsupported_grant_type"
	codeResponseType       = "unsupported_response_type"
	codeRequestURI         = "request_uri_not_supported"
	codeBadObject          = "invalid_request_object"
	codeBadRequestURI      = "invalid_request_uri"
	codeRegistration       = "registration_not_supported"
	codeInsufficientScope  = "insufficient_scope"
	codeInvalidTarget      = "invalid_target"
	codeUseNonce           = "use_dpop_nonce"
)

// Error codes of RFC 6749, RFC 6750 and OpenID Connect Core.
const (
	errInvalidRequest = "invalid_request"
	errInvalidClient  = "invalid_client"
	errInvalidGrant   = "invalid_grant"
	errInvalidToken   = "invalid_token"
	errInvalidProof   = "invalid_dpop_proof"
	errServer         = "server_error"
	errTemporarily    = "temporarily_unavailable"
	errAccessDenied   = "access_denied"
	errLoginRequired  = "login_required"
	errInteraction    = "interaction_required"
	errUnmetACR       = "unmet_authentication_requirements"
)

// answer is how a refusal looks in each of the three places it can go to.
type answer struct {
	redirect string // error of an authorization response
	token    string // error of the token, revocation and introspection endpoints
	status   int    // of those endpoints
	resource string // error of userinfo; empty: as token
}

// answerTo gives every reason its answers. Exhaustive: a new Reason must be placed here.
func answerTo(reason bridge.Reason) answer {
	switch reason {
	case bridge.BadRequest, bridge.BadSignature, bridge.BadReplyAddress, bridge.Stale, bridge.UnsupportedBinding, bridge.UnsupportedRequest:
		return answer{errInvalidRequest, errInvalidRequest, http.StatusBadRequest, errInvalidRequest}
	case bridge.UnknownPartner, bridge.PartnerSuspended, bridge.BadClient:
		return answer{codeUnauthorizedClient, errInvalidClient, http.StatusUnauthorized, errInvalidToken}
	case bridge.Replayed: // at the token endpoint: a client assertion
		return answer{errInvalidRequest, errInvalidClient, http.StatusUnauthorized, errInvalidToken}
	case bridge.BadGrant:
		return answer{errInvalidRequest, errInvalidGrant, http.StatusBadRequest, errInvalidToken}
	case bridge.UnknownSubject, bridge.NotAuthenticated, bridge.SessionExpired:
		return answer{errLoginRequired, errInvalidGrant, http.StatusBadRequest, errInvalidToken}
	case bridge.InteractionRequired:
		return answer{errInteraction, errInvalidGrant, http.StatusBadRequest, errInvalidToken}
	case bridge.AssuranceTooLow:
		return answer{errUnmetACR, errInvalidGrant, http.StatusBadRequest, errInvalidToken}
	case bridge.IdentityTooLow, bridge.NoRole, bridge.RoleNotAllowed, bridge.InvalidNameIDPolicy, bridge.TransactionGone,
		bridge.AuthenticationFailed, bridge.CredentialMissing, bridge.CredentialExpired, bridge.CredentialRevoked,
		bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown:
		return answer{errAccessDenied, errInvalidGrant, http.StatusBadRequest, errInvalidToken}
	case bridge.Throttled:
		return answer{errTemporarily, errTemporarily, http.StatusTooManyRequests, errTemporarily}
	case bridge.Unavailable:
		return answer{errTemporarily, errTemporarily, http.StatusServiceUnavailable, errTemporarily}
	case bridge.Internal:
		return answer{errServer, errServer, http.StatusInternalServerError, errServer}
	}
	return answer{errServer, errServer, http.StatusInternalServerError, errServer}
}

// ownCode reports whether a refusal's code is itself the error to answer with.
func ownCode(code string) bool {
	switch code {
	case codeInvalidScope, codeUnauthorizedClient, codeGrantType, codeResponseType, codeRequestURI, codeBadObject, codeBadRequestURI, codeRegistration, codeInvalidTarget, codeUseNonce,
		codePending, codeSlowDown, codeExpired, codeDenied, codeUnknownUser, codeBindingMessage:
		return true
	}
	return false
}

func redirectError(r *bridge.Refusal) string {
	if ownCode(r.Code) {
		return r.Code
	}
	return answerTo(r.Reason).redirect
}

func tokenError(r *bridge.Refusal) (string, int) {
	a := answerTo(r.Reason)
	switch {
	case ownCode(r.Code):
		return r.Code, http.StatusBadRequest
	case aboutProof(r):
		return errInvalidProof, http.StatusBadRequest
	case ofTransport(r.Code) != 0:
		return a.token, ofTransport(r.Code)
	}
	return a.token, a.status
}

// aboutProof reports whether a DPoP proof was refused.
func aboutProof(r *bridge.Refusal) bool { return strings.HasPrefix(r.Code, proofPrefix) }

// ofTransport is the status of a request that was not even read; zero for all others.
func ofTransport(code string) int {
	switch code {
	case "media_type":
		return http.StatusUnsupportedMediaType
	case "too_large":
		return http.StatusRequestEntityTooLarge
	}
	return 0
}

func resourceError(r *bridge.Refusal) (string, int) {
	a := answerTo(r.Reason)
	switch {
	case r.Code == codeInsufficientScope:
		return r.Code, http.StatusForbidden
	case r.Code == codeUseNonce:
		return r.Code, http.StatusUnauthorized
	case aboutProof(r):
		return errInvalidProof, http.StatusUnauthorized
	case ofTransport(r.Code) != 0:
		return a.resource, ofTransport(r.Code)
	case a.resource == errInvalidToken:
		return errInvalidToken, http.StatusUnauthorized
	}
	return a.resource, a.status
}

// describe makes a detail fit for error_description: %x20-21 / %x23-5B / %x5D-7E (RFC 6749, section 5.2).
func describe(detail string) string {
	out := []byte(detail)
	for i, c := range out {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			out[i] = '\''
		}
	}
	return string(out)
}
