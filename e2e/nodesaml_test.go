package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// samlApp is one app of testdata/node-saml.
type samlApp struct {
	Name        string `json:"name"`
	Key         string `json:"key"`
	Certificate string `json:"certificate"`
	Response    bool   `json:"response"`  // wants the response signed
	Assertion   bool   `json:"assertion"` // wants the assertion signed
	terms       string
	base        string
}

// startNodeSAML starts apps made of node-saml, the library under passport-saml, and registers each by the metadata it prints.
func (h *hub) startNodeSAML(apps ...*samlApp) {
	h.t.Helper()
	base := fmt.Sprintf("http://app.localhost:%d", components.FreePort(h.t))
	dir := h.t.TempDir()
	for _, a := range apps {
		a.Key, a.Certificate = keyPair(h.t, a.Name)
		a.base = base + "/" + a.Name
	}
	hub := h.issuer + "/saml2/metadata"
	_, published := components.Get(h.t, components.Client(h.t, h.ca), hub)
	config, err := json.Marshal(map[string]any{
		"base": base, "hub": hub, "metadata": published, "sso": h.issuer + "/saml2/sso", "slo": h.issuer + "/saml2/slo", "apps": apps,
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.put(dir, "config.json", config)
	h.startNode(dir, "node-saml")
	for _, a := range apps {
		_, metadata := components.Get(h.t, components.Client(h.t, h.ca), a.base+"/metadata")
		h.write(a.Name+".xml", metadata)
		h.apply(a.Name, fmt.Sprintf(`partner: %s/metadata
name: App %s
protocol: saml2
stage: live
require: { assurance: AAL3 }
subject: pairwise
release: [{ name: uid, value: person.uid }, { name: mail, value: person.email }]
saml: { metadata: %s.xml, signed_requests: true, encrypt: always%s }
`, a.base, a.Name, a.Name, a.terms))
	}
}

// keyPair makes an RSA key and a certificate of it, in PEM.
func keyPair(t *testing.T, name string) (key, certificate string) {
	t.Helper()
	leaf := components.SelfSigned(t, name, components.RSAKey(t))
	der, err := x509.MarshalPKCS8PrivateKey(leaf.Key)
	if err != nil {
		t.Fatal(err)
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Certificate.Raw}))
}

// startNode starts sp.mjs of a folder of testdata in dir, with app.mjs and the libraries that its lock file names.
func (h *hub) startNode(dir, folder string) {
	h.t.Helper()
	for _, file := range []string{"app.mjs", filepath.Join(folder, "package.json"), filepath.Join(folder, "package-lock.json"), filepath.Join(folder, "sp.mjs")} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			h.t.Fatal(err)
		}
		h.put(dir, filepath.Base(file), data)
	}
	npm := components.Command{Path: "npm", Args: []string{"ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, Dir: dir}
	if out, errs, code := components.Run(h.t, npm); code != 0 {
		h.t.Fatalf("npm ci: exit %d\n%s%s", code, out, errs)
	}
	p := components.Start(h.t, components.Command{Path: "node", Args: []string{"sp.mjs"}, Dir: dir, Env: map[string]string{"NODE_EXTRA_CA_CERTS": h.ca.File}})
	p.WaitOutput("ready", 20*time.Second)
}

// heard is what an app prints.
type heard struct {
	Profile *struct {
		UID                                          string `json:"uid"`
		NameID, NameIDFormat, SessionIndex           string
		InResponseTo, NameQualifier, SPNameQualifier string
	}
	LoggedOut bool
	Relay     string
	Refused   string
}

// frames are the addresses that the page shows in frames.
func (s *surfer) frames() []string {
	var out []string
	for _, m := range regexp.MustCompile(`<iframe [^>]*src="([^"]+)"`).FindAllStringSubmatch(s.body, -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	return out
}

func (s *surfer) hear() heard {
	s.t.Helper()
	var out heard
	if err := json.Unmarshal([]byte(s.body), &out); err != nil {
		s.fail("not JSON: %v", err)
	}
	return out
}

// TestNodeSAML signs on by signed Redirect and by signed and compressed POST, is told of a refusal, and is signed out from
// either end. The library takes LogoutRequests by POST alone, so that the hub tells it by a page of its own.
func TestNodeSAML(t *testing.T) {
	h := startHub(t, "")
	both := &samlApp{Name: "both", Response: true, Assertion: true, terms: ", sign: both, state_context: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'"}
	response := &samlApp{Name: "response", Response: true, terms: ", sign: response"}
	assertion := &samlApp{Name: "assertion", Assertion: true}
	h.startNodeSAML(both, response, assertion)

	s := h.newSurfer(doctor)
	s.open(both.base + "/start?passive")
	s.autopost()
	if got := s.hear(); got.Profile != nil || got.Refused != "" { // the library takes NoPassive for an answer without a person
		s.fail("nobody is signed in: %+v", got)
	}
	s.open(both.base + "/start?post") // the library's form: signed, and compressed as for Redirect
	s.submit("")
	s.signInByCard("")
	s.autopost()
	first := s.hear()
	if first.Profile == nil || first.Profile.UID != doctor || first.Relay != "state-of-both" || first.Profile.SessionIndex == "" {
		s.fail("sign-on by POST")
	}
	for _, a := range []*samlApp{response, assertion} {
		s.open(a.base + "/start")
		s.autopost()
		if got := s.hear(); got.Profile == nil || got.Profile.UID != doctor || got.Profile.NameID == first.Profile.NameID {
			s.fail("sign-on by Redirect")
		}
	}
	s.open(response.base + "/start?password")
	s.autopost()
	if got := s.hear(); !strings.Contains(got.Refused, "asks for a sign-in by password") {
		s.fail("a password is not what happened: %+v", got)
	}
	s.open(both.base + "/start?password") // its terms make up for the library's default
	s.autopost()
	if got := s.hear(); got.Profile == nil || got.Profile.UID != doctor {
		s.fail("the class of the terms: %+v", got)
	}

	// one app signs out: the hub tells the others through this browser before it answers
	s.open(both.base + "/logout")
	s.see("App response")
	result, frames := s.url.String(), s.frames()
	if len(frames) != 2 {
		s.fail("%d frames", len(frames))
	}
	for _, frame := range frames {
		s.open(frame)
		s.submit("Sign out of")
		s.see("Signed out of App ")
	}
	s.open(result)
	if strings.Contains(s.body, "SAMLResponse") {
		s.autopost()
	}
	if got := s.hear(); !got.LoggedOut || got.Relay != "left-both" {
		s.fail("the app that asked is told: %+v", got)
	}
	for _, a := range []*samlApp{response, assertion} {
		s.open(a.base + "/told")
		if s.hear().Profile != nil {
			s.fail("%s lives on", a.Name)
		}
	}
	s.open(response.base + "/start?passive")
	s.autopost()
	if s.hear().Profile != nil {
		s.fail("the session lives on")
	}
}

// TestNodeSAMLInChromium signs out of both apps at the hub: frames of the page post to them, and their answers come back.
func TestNodeSAMLInChromium(t *testing.T) {
	h := startHub(t, "")
	both := &samlApp{Name: "both", Response: true, Assertion: true, terms: ", sign: both"}
	response := &samlApp{Name: "response", Response: true, terms: ", sign: response"}
	h.startNodeSAML(both, response)
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}, Cards: []*components.Leaf{h.cards[nurse]}})
	b.Open(t, both.base+"/start?post")
	b.SeeText(t, "main", "Use your smartcard")
	b.Click(t, "#way-card button[type=submit]")
	b.SeeText(t, "body", `"uid":"`+nurse+`"`)
	b.Open(t, response.base+"/start")
	b.SeeText(t, "body", `"uid":"`+nurse+`"`)
	b.Open(t, h.issuer+"/")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "You are signed out everywhere")
	b.Screenshot(t, "signout-by-post")
	for _, a := range []*samlApp{both, response} {
		b.Open(t, a.base+"/told")
		b.SeeText(t, "body", "{}")
	}
}
