package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOneIDOfTwoProtocols: an entityID may be a plain name, which an OIDC client may have too. Each can be suspended and removed, nothing is
// guessed, and an export loses neither.
func TestOneIDOfTwoProtocols(t *testing.T) {
	h := newRehearsed(t)
	h.with("", map[string]string{
		"ward.xml": `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="ward"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
			`<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://ward.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`,
		"ward.yaml": "partner: ward\nprotocol: saml2\nstage: live\nsaml: { metadata: ward.xml, allow_plain_entity_id: true }\n---\n" +
			"partner: ward\nprotocol: oidc\nstage: live\noidc: { auth: private_key_jwt, jwks_uri: 'https://ward.example/jwks', redirect_uris: ['https://ward.example/cb'] }\n",
	})
	h.must("partner", "apply", "-f", filepath.Join(h.dir, "ward.yaml"))
	out := filepath.Join(h.dir, "out")
	h.must("partner", "export", "ward", "--dir", out)
	for file, says := range map[string]string{"ward-saml2.yaml": "metadata: ward-saml2.xml", "ward-saml2.xml": `entityID="ward"`, "ward-oidc.yaml": "jwks_uri"} {
		if data, err := os.ReadFile(filepath.Join(out, file)); err != nil || !strings.Contains(string(data), says) {
			t.Errorf("%s: %s, %v", file, data, err)
		}
	}
	for _, verb := range []string{"suspend", "remove"} {
		if _, err := h.run("partner", verb, "ward"); err == nil || !strings.Contains(err.Error(), "--protocol") {
			t.Errorf("%s guesses: %v", verb, err)
		}
		if _, err := h.run("partner", verb, "ward", "--protocol", "ticket"); err == nil {
			t.Errorf("%s of a protocol that it does not speak", verb)
		}
	}
	h.must("partner", "suspend", "ward", "--protocol", "saml2")
	if list := h.must("partner", "list", "--json"); strings.Count(list, "suspended") != 1 || !strings.Contains(list, `"Protocol":"saml2","Stage":"suspended"`) {
		t.Errorf("%s", list)
	}
	h.must("partner", "remove", "ward", "--protocol", "oidc")
	if list := h.must("partner", "list", "--json"); strings.Contains(list, "oidc") || !strings.Contains(list, "saml2") {
		t.Errorf("%s", list)
	}
	h.must("partner", "remove", "ward")
}
