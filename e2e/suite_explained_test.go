package e2e

import "strings"

// explained are findings of the suite that stay, each with the reason: in which modules (the end of their names; empty: all), and how
// the finding begins.
var explained = [...]struct{ module, finding, why string }{
	{"", "WARNING VerifyScopesReturnedInUserInfoClaims:", "the hub holds no such data of a clinician: birth date, picture, website, a proof of the e-mail address"},
	{"", "WARNING VerifyScopesReturnedInAuthorizationEndpointIdToken:", "the same, where the ID token is all that the client gets"},
	{"", "WARNING EnsureIdTokenDoesNotContainNonRequestedClaims:", "CIS2's claims are in every ID token: auditTrackingId and the two assurance levels"},
	{"", "WARNING CheckForUnexpectedClaimsInIdToken:", "the same, and sid (OpenID Connect Back-Channel Logout 1.0, section 2.1)"},
	{"", "WARNING CheckForUnexpectedClaimsInUserinfo:", "CIS2's scope profile holds uid, the staff number"},
}

// reason says why a finding stays; empty if it may not.
func reason(module, finding string) string {
	for _, e := range explained {
		if strings.HasSuffix(module, e.module) && strings.HasPrefix(finding, e.finding) {
			return e.why
		}
	}
	return ""
}
