package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// samlifyApp is one app of testdata/samlify. It reads the hub's metadata anew at every step.
type samlifyApp struct {
	Name        string `json:"name"`
	Base        string `json:"base"`
	Key         string `json:"key"`
	Certificate string `json:"certificate"`
	SLO         string `json:"slo"` // binding of its one logout address: Redirect or POST
}

func (h *hub) startSamlify(apps ...*samlifyApp) {
	h.t.Helper()
	base := fmt.Sprintf("http://app.localhost:%d", components.FreePort(h.t))
	for _, a := range apps {
		a.Base = base + "/" + a.Name
		a.Key, a.Certificate = keyPair(h.t, a.Name)
	}
	config, err := json.Marshal(map[string]any{"base": base, "hub": h.issuer + "/saml2/metadata", "apps": apps})
	if err != nil {
		h.t.Fatal(err)
	}
	dir := h.t.TempDir()
	h.put(dir, "config.json", config)
	h.startNode(dir, "samlify")
	for _, a := range apps {
		_, metadata := components.Get(h.t, components.Client(h.t, h.ca), a.Base+"/metadata")
		h.write(a.Name+".xml", metadata)
		h.apply(a.Name, fmt.Sprintf(`partner: %s/metadata
name: App %s
protocol: saml2
stage: live
require: { assurance: AAL3 }
subject: pairwise
release: [{ name: uid, value: person.uid }]
saml: { metadata: %s.xml, encrypt: never }
`, a.Base, a.Name, a.Name))
	}
}

// signingKeys are the ids of the hub's signing keys, in the order of the metadata.
func (h *hub) signingKeys() (ids []string) {
	h.t.Helper()
	var rows []struct{ ID, Use string }
	if err := json.Unmarshal([]byte(h.run("keys", "list", "--json")), &rows); err != nil {
		h.t.Fatal(err)
	}
	for _, r := range rows {
		if r.Use == "signing" {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// waitSigning waits until the metadata lists so many certificates for signatures.
func (h *hub) waitSigning(n int) {
	h.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		_, doc := components.Get(h.t, components.Client(h.t, h.ca), h.issuer+"/saml2/metadata")
		role, _, _ := strings.Cut(doc, "</md:IDPSSODescriptor>")
		if got := strings.Count(role, `use="signing"`); got == n {
			return
		} else if time.Now().After(deadline) {
			h.t.Fatalf("%d certificates in the metadata, want %d", got, n)
		}
	}
}

// enter signs on at the app, with a card the first time.
func (s *surfer) enter(a *samlifyApp, first bool) {
	s.t.Helper()
	s.open(a.Base + "/start")
	if first {
		s.signInByCard("")
	}
	s.autopost()
	if got := s.hear(); got.Profile == nil || got.Profile.UID != doctor {
		s.fail("sign-on at %s", a.Name)
	}
}

// TestSamlify: sign-on by Redirect and POST works whatever the metadata lists. What it receives by Redirect the library verifies with one
// certificate: Node's X509Certificate is given the list of them where there are more, and throws. With the EC key for OIDC only there is
// one, and sign-out works from both ends; while the next key is published an app with a logout address by POST works.
func TestSamlify(t *testing.T) {
	h := startHub(t, "")
	redirect, post := &samlifyApp{Name: "redirect", SLO: "Redirect"}, &samlifyApp{Name: "post", SLO: "POST"}
	h.startSamlify(redirect, post)
	keys := h.signingKeys()
	if len(keys) != 2 {
		t.Fatalf("keys %v", keys)
	}
	h.waitSigning(2)
	s := h.newSurfer(doctor)
	s.enter(redirect, true)
	s.open(redirect.Base + "/logout")
	if got := s.hear(); got.LoggedOut || !strings.HasPrefix(got.Refused, "ERR_OSSL") {
		s.fail("two certificates are no trouble any more: mend the table of libraries: %+v", got)
	}

	h.run("keys", "set", "--key", keys[1], "--for", "oidc")
	h.waitSigning(1)
	if _, set := components.Get(t, components.Client(t, h.ca), h.issuer+"/oidc/jwks"); !strings.Contains(set, keys[1]) {
		t.Errorf("the key is not published for OIDC: %s", set)
	}
	s = h.newSurfer(doctor)
	s.enter(redirect, true)
	s.enter(post, false)
	s.open(redirect.Base + "/logout")
	s.leaves(post)
	if got := s.hear(); !got.LoggedOut || got.Relay != "left-redirect" {
		s.fail("the answer to a sign-out: %+v", got)
	}
	s.toldAll(redirect, post)
	s.enter(redirect, true)
	s.open(h.issuer + "/")
	s.submit("Sign out")
	s.frame(redirect)
	s.toldAll(redirect)

	h.run("keys", "add", "--kind", "rsa2048")
	h.waitSigning(2)
	s.enter(post, true)
	s.open(post.Base + "/logout")
	s.autopost()
	if got := s.hear(); !got.LoggedOut || got.Relay != "left-post" {
		s.fail("by POST while two keys are published: %+v", got)
	}
	s.enter(redirect, true)
	s.open(redirect.Base + "/logout")
	if got := s.hear(); !strings.HasPrefix(got.Refused, "ERR_OSSL") {
		s.fail("by Redirect while two keys are published: %+v", got)
	}
}

// leaves lets the hub tell the other app through this browser, and goes on to the answer for the one that asked.
func (s *surfer) leaves(other *samlifyApp) {
	s.t.Helper()
	result := s.url.String()
	s.frame(other)
	s.open(result)
	if strings.Contains(s.body, "SAMLResponse") {
		s.autopost()
	}
}

// frame opens the frame in which an app is told, as the page does.
func (s *surfer) frame(a *samlifyApp) {
	s.t.Helper()
	frames := s.frames()
	if len(frames) != 1 {
		s.fail("%d frames", len(frames))
	}
	s.open(frames[0])
	if strings.Contains(s.body, "SAMLRequest") {
		s.submit("Sign out of")
	}
	s.see("Signed out of App " + a.Name)
}

// toldAll checks that the apps know nobody any more.
func (s *surfer) toldAll(apps ...*samlifyApp) {
	s.t.Helper()
	for _, a := range apps {
		s.open(a.Base + "/told")
		if s.hear().Profile != nil {
			s.fail("%s lives on", a.Name)
		}
	}
}
