package e2e

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// withKeys gives the hub a signing key of every kind and starts it again.
func (h *hub) withKeys() {
	h.t.Helper()
	h.proc.Kill()
	for _, kind := range []string{"p384", "p521"} {
		id := strings.TrimSpace(h.run("keys", "add", "--kind", kind))
		h.run("keys", "set", "--key", id, "--state", "active")
	}
	h.serve()
}

// shibbolethTerms are the terms of the PAS with this SAML part; the hub follows at once.
func (h *hub) shibbolethTerms(sp *components.ShibbolethSP, saml string) {
	h.t.Helper()
	h.apply("pas", fmt.Sprintf(`partner: %s
name: PAS
protocol: saml2
stage: live
url: %s
require: { assurance: AAL3, role: true }
subject: transient
release: [{ set: nhs-saml }]
saml: { metadata: pas.xml%s }
`, sp.EntityID, sp.Secure, saml))
}

// TestShibbolethAlgorithms: a Shibboleth SP verifies what the hub signs with every algorithm that it knows, and opens an EncryptedID
// inside of an encrypted assertion. Its library (xml-security-c 2.0) does not know RSA-PSS, and its metadata does not list it: without
// an algorithm in the terms it gets the first of its list that the hub has a key for.
func TestShibbolethAlgorithms(t *testing.T) {
	h := startHub(t, "")
	h.withKeys()
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true}, "")
	if rows := h.run("keys", "list"); !regexp.MustCompile(`active +all +ES512 +PAS`).MatchString(rows) { // what it lists first
		t.Errorf("signed for otherwise:\n%s", rows)
	}
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", ""} {
		t.Run(algorithm, func(t *testing.T) {
			named := ""
			if algorithm != "" {
				named = ", algorithm: " + algorithm
			}
			h.shibbolethTerms(sp, ", encrypt: always, encrypt_name_id: true, sign: both"+named)
			s := h.newSurfer(nurse)
			s.open(sp.Secure)
			s.signInByCard("")
			s.autopost()
			if got := components.Variables(s.body)["uid"]; got != nurse {
				t.Errorf("uid %q\n%s\n%s", got, s.body, sp.Log(t))
			}
		})
	}
}

// TestShibbolethEncryptedNames: a sign-out that neither side names in clear, from the app and from the hub.
func TestShibbolethEncryptedNames(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, EncryptNames: true, LogoutBinding: "HTTP-Redirect"}, ", encrypt_name_id: true")
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.signInByCard("")
	s.autopost()
	s.open(sp.Logout + "?return=" + url.QueryEscape(sp.Open))
	if strings.Contains(s.body, "Continue") {
		s.follow("Continue")
	}
	if !strings.Contains(h.audit("--kind", "session_ended"), `"reason":"partner"`) {
		t.Errorf("the hub's session was not ended by the partner: %s\n%s", h.audit("--kind", "refused"), sp.Log(t))
	}
	other := h.newSurfer(nurse)
	other.open(sp.Secure)
	other.signInByCard("")
	other.autopost()
	other.open(h.issuer + "/")
	other.submit("Sign out")
	other.open(sp.Secure)
	other.see("Sign in")
}
