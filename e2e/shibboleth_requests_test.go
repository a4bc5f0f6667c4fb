package e2e

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestShibbolethRequests asks, in one session after the other of the app, for what a Shibboleth SP can ask for.
func TestShibbolethRequests(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true},
		", contexts: ['https://rx1.example/strong AAL3 IAL3 rank=35'], default_context: 'http://idmanagement.gov/ns/assurance/aal/3'")
	s := h.newSurfer(doctor)
	s.open(sp.Secure)
	s.signInByCard(doctorRole2)
	s.autopost()
	const class, oasis = "Shib-AuthnContext-Class", "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	if got := components.Variables(s.body)[class]; got != "http://idmanagement.gov/ns/assurance/aal/3" {
		s.fail("nothing asked: %s", got)
	}
	for name, c := range map[string]struct {
		query    string
		variable string
		want     string // or what the page of the SP says
	}{
		"exactly":           {"authnContextClassRef=" + oasis + "SmartcardPKI", class, oasis + "SmartcardPKI"},
		"first of two":      {"authnContextClassRef=" + oasis + "Password%20https://refeds.org/profile/mfa", class, "https://refeds.org/profile/mfa"},
		"own class":         {"authnContextClassRef=https://rx1.example/strong", class, "https://rx1.example/strong"},
		"at least":          {"authnContextComparison=minimum&authnContextClassRef=" + oasis + "PasswordProtectedTransport", class, "https://rx1.example/strong"},
		"better":            {"authnContextComparison=better&authnContextClassRef=https://refeds.org/profile/mfa", class, "https://rx1.example/strong"},
		"at most, too much": {"authnContextComparison=maximum&authnContextClassRef=https://refeds.org/profile/mfa", "", "NoAuthnContext"},
		"password":          {"authnContextClassRef=" + oasis + "PasswordProtectedTransport", "", "NoAuthnContext"},
		"transient":         {"NameIDFormat=urn:oasis:names:tc:SAML:2.0:nameid-format:transient", "transient-id", "_"},
		"encrypted":         {"NameIDFormat=urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted", "transient-id", "_"},
		"entity":            {"NameIDFormat=urn:oasis:names:tc:SAML:2.0:nameid-format:entity", "", "InvalidNameIDPolicy"},
		"affiliation":       {"SPNameQualifier=https://affiliation.example", "", "InvalidNameIDPolicy"},
		"attribute index":   {"attributeIndex=9", "uid", doctor},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.open(sp.Login + "?target=" + url.QueryEscape(sp.Secure) + "&" + c.query)
			if strings.Contains(s.body, "SAMLResponse") {
				s.autopost()
			}
			if c.variable == "" {
				if !strings.HasPrefix(s.url.String(), sp.Base) || !strings.Contains(s.body, c.want) {
					s.fail("the app does not say %s", c.want)
				}
				return
			}
			if got := components.Variables(s.body)[c.variable]; got != c.want && (c.want != "_" || !strings.HasPrefix(got, "_")) {
				s.fail("%s is %q, not %q", c.variable, got, c.want)
			}
		})
	}
}

// TestShibbolethEduPerson: a Shibboleth SP reads the deprecated and the scoped attributes as they are meant, and finds the class that
// the terms make up for an app which takes no other.
func TestShibbolethEduPerson(t *testing.T) {
	h := startHub(t, "")
	const password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	sp := h.shibboleth(components.ShibbolethConfig{AuthnContext: password}, "")
	h.apply("pas", fmt.Sprintf(`partner: %s
protocol: saml2
stage: live
require: { role: true }
subject: transient
release: [{ set: eduperson }, { set: eduperson-targeted-id }, { set: eduperson-assurance }, { set: personalized, format: basic }]
saml: { metadata: pas.xml, state_context: '%s' }
`, sp.EntityID, password))
	s := h.newSurfer(doctor)
	s.open(sp.Secure)
	s.signInByCard(doctorRole2)
	s.autopost()
	vars := components.Variables(s.body)
	for name, want := range map[string]string{
		"eppn": doctor + "@rx1.example", "affiliation": "employee@rx1.example;member@rx1.example", "unscoped-affiliation": "employee;member", "displayName": "Dr Asha Example",
		"Shib-AuthnContext-Class": password,
	} {
		if vars[name] != want {
			t.Errorf("%s = %q, want %q", name, vars[name], want)
		}
	}
	if len(vars["persistent-id"]) != 32 || !strings.Contains(vars["assurance"], "https://refeds.org/assurance/IAP/") {
		t.Errorf("targeted id %q, assurance %q", vars["persistent-id"], vars["assurance"])
	}
	if t.Failed() {
		s.fail("attributes %v", vars)
	}
}

// TestShibbolethWithoutName: a Shibboleth SP takes an assertion without a NameID, and knows the person by the identifier that its metadata
// asks for. It cannot be told of a sign-out, and the page says so.
func TestShibbolethWithoutName(t *testing.T) {
	h := startHub(t, "")
	sp := h.shibboleth(components.ShibbolethConfig{SignRequests: true}, "")
	file, err := os.ReadFile(h.path("pas.xml"))
	if err != nil {
		t.Fatal(err)
	}
	end := regexp.MustCompile(`<md:Extensions[^>]*>`).FindIndex(file)
	if end == nil {
		t.Fatalf("no Extensions in %s", file)
	}
	h.write("pas.xml", string(file[:end[1]])+`<mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+
		`<saml:Attribute Name="urn:oasis:names:tc:SAML:profiles:subject-id:req"><saml:AttributeValue>any</saml:AttributeValue></saml:Attribute></mdattr:EntityAttributes>`+string(file[end[1]:]))
	h.apply("pas", fmt.Sprintf("partner: %s\nname: PAS\nprotocol: saml2\nstage: live\nsubject: none\nrelease: [{ set: subject-identifiers }, { name: uid, value: partner.subject_id }]\nsaml: { metadata: pas.xml }\n", sp.EntityID))
	s := h.newSurfer(doctor)
	s.open(sp.Secure)
	s.signInByCard("")
	s.autopost()
	vars := components.Variables(s.body)
	if !strings.HasSuffix(vars["pairwise-id"], "@rx1.example") || vars["subject-id"]+vars["transient-id"]+vars["persistent-id"] != "" {
		s.fail("%v", vars)
	}
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.see("Could not be ended")
}
