package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// startSaml20 starts the app of testdata/saml20 and returns its address and metadata.
func (h *hub) startSaml20() (base, metadata string) {
	h.t.Helper()
	base = fmt.Sprintf("http://app.localhost:%d", components.FreePort(h.t))
	key, certificate := keyPair(h.t, "saml20")
	config, err := json.Marshal(map[string]string{"base": base, "entity": base + "/metadata", "hub": h.issuer + "/saml2/metadata", "key": key, "certificate": certificate})
	if err != nil {
		h.t.Fatal(err)
	}
	dir := h.t.TempDir()
	h.put(dir, "config.json", config)
	h.startNode(dir, "saml20")
	_, metadata = components.Get(h.t, components.Client(h.t, h.ca), base+"/metadata")
	return base, metadata
}

// TestSaml20: the library of saml-jackson signs inside what it redirects. It is heard where the terms allow that, for sign-on and
// sign-out, and not before. It lists AES-CBC alone and reads AES-GCM.
func TestSaml20(t *testing.T) {
	h := startHub(t, "")
	base, metadata := h.startSaml20()
	slo := strings.Replace(metadata, "<md:NameIDFormat>", `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="`+base+`/slo"/><md:NameIDFormat>`, 1)
	if slo == metadata || !strings.Contains(slo, "#aes256-cbc") {
		t.Fatalf("other metadata: %s", metadata)
	}
	h.write("saml20.xml", slo)
	document := fmt.Sprintf("partner: %s/metadata\nname: App\nprotocol: saml2\nstage: live\nrequire: { assurance: AAL3 }\nsubject: pairwise\nrelease: [{ name: uid, value: person.uid }]\n", base)

	h.apply("saml20", document+"saml: { metadata: saml20.xml, sign: assertion, encrypt: always, encrypt_with: aes256-gcm }\n")
	s := h.newSurfer(doctor)
	s.open(base + "/start")
	s.see("The message is signed inside")

	h.apply("saml20", document+"saml: { metadata: saml20.xml, sign: assertion, encrypt: always, encrypt_with: aes256-gcm, signed_requests: true, allow_signed_inside: true }\n")
	s.open(base + "/start")
	s.signInByCard("")
	s.autopost()
	if got := s.hear(); got.Profile == nil || got.Profile.UID != doctor || got.Profile.NameID == "" || got.Relay != "state" {
		s.fail("sign-on: %+v", got)
	}
	s.open(base + "/logout")
	s.autopost()
	if got := s.hear(); !got.LoggedOut || got.Relay != "left" {
		s.fail("sign-out: %+v", got)
	}
	s.open(h.issuer + "/")
	if strings.Contains(s.body, "Sign out") {
		s.fail("the hub's session lives on")
	}
}
