package saml2

import (
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Codes of refusals that have a Status of their own.
const (
	codeVersionHigh = "version_too_high"
	codeVersionLow  = "version_too_low"
	codeProxyCount  = "proxy_count_exceeded"
	codeNoIDP       = "no_supported_idp"
)

// status is a StatusCode and the one inside it (SAML Core 3.2.2.2), without their common prefix.
type status struct{ top, second string }

const statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"

// statusOf gives every reason its Status. Exhaustive: a new Reason must be placed here.
func statusOf(r *bridge.Refusal) status {
	switch r.Reason {
	case bridge.NotAuthenticated, bridge.InteractionRequired:
		return status{"Responder", "NoPassive"}
	case bridge.AssuranceTooLow:
		return status{"Responder", "NoAuthnContext"}
	case bridge.InvalidNameIDPolicy:
		return status{requesterTop, "InvalidNameIDPolicy"}
	case bridge.UnknownSubject:
		return status{requesterTop, "UnknownPrincipal"}
	case bridge.UnsupportedBinding:
		return status{requesterTop, "UnsupportedBinding"}
	case bridge.UnsupportedRequest:
		return unsupported(r.Code)
	case bridge.AuthenticationFailed, bridge.CredentialMissing, bridge.CredentialExpired, bridge.CredentialRevoked,
		bridge.CredentialUntrusted, bridge.CredentialUnknown, bridge.RevocationUnknown, bridge.SessionExpired, bridge.TransactionGone:
		return status{"Responder", "AuthnFailed"}
	case bridge.IdentityTooLow, bridge.NoRole, bridge.RoleNotAllowed, bridge.PartnerSuspended, bridge.Throttled:
		return status{"Responder", "RequestDenied"}
	case bridge.BadRequest, bridge.BadSignature, bridge.UnknownPartner, bridge.BadReplyAddress, bridge.Replayed, bridge.Stale,
		bridge.BadClient, bridge.BadGrant:
		return status{requesterTop, "RequestDenied"}
	case bridge.Internal, bridge.Unavailable:
		return status{"Responder", ""}
	}
	return status{"Responder", ""}
}

func unsupported(code string) status {
	switch code {
	case codeVersionHigh:
		return status{"VersionMismatch", "RequestVersionTooHigh"}
	case codeVersionLow:
		return status{"VersionMismatch", "RequestVersionTooLow"}
	case codeProxyCount:
		return status{"Responder", "ProxyCountExceeded"}
	case codeNoIDP:
		return status{"Responder", "NoSupportedIDP"}
	}
	return status{requesterTop, "RequestUnsupported"}
}

// onlyOnPage reports whether a refusal is shown to the person by us, although the partner could be told: a second answer to
// one request must not exist, and a fault of ours is ours to explain.
func onlyOnPage(r *bridge.Refusal) bool {
	return slices.Contains([]bridge.Reason{
		bridge.Replayed, bridge.TransactionGone, bridge.BadReplyAddress, bridge.PartnerSuspended, bridge.UnknownPartner,
		bridge.Internal, bridge.Unavailable, bridge.Throttled,
	}, r.Reason)
}
