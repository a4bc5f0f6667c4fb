package e2e

import "strings"

// explained are findings of the suite that stay, by the condition that reports them and what it says, each with the reason.
var explained = [...]struct{ condition, says, why string }{
	{"VerifyScopesReturnedInUserInfoClaims", "", "the hub holds no such data of a clinician: birth date, picture, website, a proof of the e-mail address"},
	{"CheckForUnexpectedClaimsInUserinfo", "", "CIS2's scope profile holds uid, the staff number"},
	{"CheckForUnexpectedClaimsInIdToken", "", "CIS2's claims, and sid (OpenID Connect Back-Channel Logout 1.0, section 2.1), are in every ID token"},
	{"EnsureIdTokenDoesNotContainNonRequestedClaims", "", "CIS2's claims are in every ID token: auditTrackingId and the two assurance levels"},
}

// reason says why a finding stays; empty if it may not.
func reason(finding string) string {
	for _, e := range explained {
		if condition, says, _ := strings.Cut(finding, ": "); condition == e.condition && strings.Contains(says, e.says) {
			return e.why
		}
	}
	return ""
}
