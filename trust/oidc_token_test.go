package trust

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestTokenTerms lists what terms may say of access tokens, and what of it is refused.
func TestTokenTerms(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	compile := oidcDocuments(t, "partner: fhir\nprotocol: oidc\nstage: test\noidc:\n  %\n")
	server := "secret_sha256: " + hash + "; resource: [https://fhir.rx1.example]"
	many := "[" + strings.TrimSuffix(strings.Repeat("a, ", maxTargets+1), ", ") + "]"
	for section, want := range map[string]string{
		server: "",
		"secret_sha256: " + hash + "; resource: ['https://a.example/R4', 'urn:nhs:fhir', 'urn:x:y?a=b']":        "",
		"secret_sha256: " + hash + "; resource: ['https://a.example/#f']":                                       "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['https://a.example/#']":                                        "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['/fhir']":                                                      "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['https:fhir']":                                                 "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['https://u@a.example']":                                        "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['https://a.example/ b']":                                       "oidc.resource",
		"secret_sha256: " + hash + "; resource: ['https://a.example/" + strings.Repeat("a", maxResource) + "']": "oidc.resource",
		"secret_sha256: " + hash + "; resource: [" + strings.Repeat("'urn:a:b', ", maxResources+1) + "]":        "oidc.resource",
		"auth: none; resource: [https://fhir.rx1.example]":                                                      "authentication",
		"auth: none; resource: [https://fhir.rx1.example]; access_token: jwt":                                   "",
		server + "; access_token: opaque; introspection_alg: ES256; resource_scopes: [fhir.read]":               "",
		server + "; access_token: JWT":                                                                          "oidc.access_token",
		server + "; introspection_alg: none":                                                                    "oidc.introspection_alg",
		server + "; exchange: [pathology]; exchange_id_token: true":                                             "",
		server + "; exchange_id_token: true":                                                                    "oidc.exchange",
		server + "; exchange: ['']":                                                                             "oidc.exchange",
		server + "; resource_servers: " + many:                                                                  "oidc.resource_servers",
		"secret_sha256: " + hash + "; grants: [client_credentials]; resource_scopes: [a]":                       "oidc.resource_scopes",
		"secret_sha256: " + hash:                                                                                "oidc.redirect_uris",
		"auth: none; redirect_uris: [https://a.example/cb]; exchange: [fhir]":                                   "oidc.grants",
	} {
		_, err := compile(section)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", section, err)
		}
	}
	p, err := compile(server)
	if err != nil || len(p.OIDC.Grants) != 0 || len(p.OIDC.Scopes) != 0 || p.OIDC.Tokens.JWT || p.OIDC.Tokens.Resources[0] != "https://fhir.rx1.example" {
		t.Errorf("a resource server and nothing else: %+v %v", p.OIDC, err)
	}
	p, err = compile(server + "; redirect_uris: [https://fhir.rx1.example/cb]; exchange: [pathology]; access_token: jwt")
	if err != nil || !slices.Equal(p.OIDC.Grants, []string{GrantCode, GrantExchange}) || !p.OIDC.Tokens.JWT {
		t.Errorf("an app with an interface: %+v %v", p.OIDC, err)
	}
}
