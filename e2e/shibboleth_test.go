package e2e

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// shibboleth registers a Shibboleth SP as the PAS.
func (h *hub) shibboleth(c components.ShibbolethConfig, terms string) *components.ShibbolethSP {
	h.t.Helper()
	c.Host, c.CA, c.IdP = "pas.localhost", h.ca, h.issuer+"/saml2/metadata"
	if c.QueryURL == "" {
		_, metadata := components.Get(h.t, components.Client(h.t, h.ca), c.IdP)
		c.IdPMetadata = []byte(metadata)
	}
	c.Attributes = map[string]string{
		"https://fhir.nhs.uk/Id/sds-role-profile-id": "roleid", "urn:nhs:names:sds:nhsJobRoleCode": "jobrole",
		"https://fhir.nhs.uk/Id/ods-organization-code": "ods",
	}
	sp := components.StartShibbolethSP(h.t, c)
	h.write("pas.xml", string(sp.FetchMetadata(h.t)))
	h.apply("pas", fmt.Sprintf(`partner: %s
name: PAS
protocol: saml2
stage: live
url: %s
require: { assurance: AAL3, role: true }
subject: transient
release: [{ set: nhs-saml }, { set: subject-id }, { set: pairwise-id }]
saml: { metadata: pas.xml%s }
`, sp.EntityID, sp.Secure, terms))
	return sp
}

func TestShibbolethSignOn(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, RequireValidity: true}, ", encrypt: always")
	s := h.newSurfer(doctor)
	s.open(sp.Secure)
	s.signInByCard(doctorRole2)
	if strings.Contains(s.body, "SAMLResponse") {
		s.autopost()
	}
	vars := components.Variables(s.body)
	for name, want := range map[string]string{
		"uid": doctor, "displayName": "Dr Asha Example", "roleid": doctorRole2, "jobrole": "S8000:G8000:R8001", "ods": "RX1",
		"subject-id": doctor + "@rx1.example",
	} {
		if got := vars[name]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if !strings.HasSuffix(vars["pairwise-id"], "@rx1.example") || strings.Contains(vars["pairwise-id"], doctor) {
		t.Errorf("pairwise-id = %q", vars["pairwise-id"])
	}
	if t.Failed() {
		s.fail("attributes %v", vars)
	}

	// a second visit in the same session asks nothing
	other := h.newSurfer(doctor)
	other.client.Jar = s.client.Jar
	other.open(sp.Login + "?target=" + url.QueryEscape(sp.Secure))
	other.autopost()
	if got := components.Variables(other.body)["uid"]; got != doctor {
		other.fail("second sign-on")
	}
	// forced: the sign-in page comes again
	other.open(sp.Login + "?forceAuthn=true&target=" + url.QueryEscape(sp.Secure))
	other.see("Sign in")
	other.signInByCard("")
	other.autopost()
	if got := components.Variables(other.body)["uid"]; got != doctor {
		other.fail("forced sign-on")
	}
}

func TestShibbolethPassiveWithoutSession(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{}, "")
	s := h.newSurfer("")
	s.open(sp.Login + "?isPassive=true&target=" + url.QueryEscape(sp.Open))
	if strings.Contains(s.body, "SAMLResponse") {
		s.autopost()
	}
	if !strings.HasPrefix(s.url.String(), sp.Base) || !strings.Contains(s.body, "NoPassive") {
		s.fail("the app was not told that nobody is signed in")
	}
	if strings.Contains(h.audit("--kind", "issued"), sp.EntityID) {
		t.Error("something was issued")
	}
}

func TestShibbolethPostRequest(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, PostRequests: true}, "")
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.autopost() // the SP's own form
	s.signInByCard("")
	s.autopost()
	if got := components.Variables(s.body)["uid"]; got != nurse {
		s.fail("sign-on by POST")
	}
}

func TestShibbolethLogoutFromTheApp(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true, LogoutBinding: "HTTP-Redirect"}, "")
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.signInByCard("")
	s.autopost()
	s.open(sp.Logout + "?return=" + url.QueryEscape(sp.Open))
	if strings.Contains(s.body, "Continue") {
		s.follow("Continue")
	}
	if !strings.Contains(h.audit("--kind", "session_ended"), `"reason":"partner"`) {
		t.Error("the hub's session was not ended by the partner")
	}
	s.open(h.issuer + "/")
	s.see("Nobody is signed in")
	s.open(sp.Secure)
	s.see("Sign in")
}

func TestShibbolethLogoutFromTheHub(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{LogoutBinding: "SOAP"}, "")
	s := h.newSurfer(nurse)
	s.open(sp.Secure)
	s.signInByCard("")
	s.autopost()
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	s.open(sp.Secure)
	s.see("Sign in")
	if !strings.Contains(h.audit("--kind", "partner_told"), `"reason":"ended"`) {
		t.Error("the audit record does not say that the partner ended its session")
	}
}
