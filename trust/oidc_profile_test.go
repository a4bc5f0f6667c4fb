package trust

import (
	"strings"
	"testing"
)

// TestFAPI2Terms lists what the profile fapi2 fills in, and what it refuses.
func TestFAPI2Terms(t *testing.T) {
	get := func(section string) (Partner, error) {
		t.Helper()
		section = "profile: fapi2, redirect_uris: [https://epr.example/cb], " + section
		return compile(t, strings.Replace(oidcDoc, "auth: none, redirect_uris: [https://epr.example/cb]", section, 1))
	}
	const keys, hash = "jwks: '{}'", "abababababababababababababababababababababababababababababababab"
	for section, want := range map[string]string{
		keys:                                         "private_key_jwt dpop ES256",
		keys + ", auth: private_key_jwt":             "private_key_jwt dpop ES256",
		keys + ", bind: mtls":                        "private_key_jwt mtls ES256",
		"auth: tls_client_auth, tls_name: dns:a":     "tls_client_auth mtls ES256",
		keys + ", auth: self_signed_tls_client_auth": "self_signed_tls_client_auth mtls ES256",
		keys + ", auth: self_signed_tls_client_auth, bind: dpop": "self_signed_tls_client_auth dpop ES256",
		keys + ", id_token_alg: PS256, auth_alg: EdDSA":          "private_key_jwt dpop PS256",
	} {
		p, err := get(section)
		if err != nil {
			t.Errorf("%s: %v", section, err)
			continue
		}
		if got := strings.Join([]string{p.OIDC.ClientAuth, p.OIDC.Bind, p.OIDC.Algorithm}, " "); got != want || !p.OIDC.Request.Pushed || !p.OIDC.PKCE {
			t.Errorf("%s: %s, pushed %t, PKCE %t", section, got, p.OIDC.Request.Pushed, p.OIDC.PKCE)
		}
	}
	for section, clause := range map[string]string{
		"auth: none": "5.3.2.1, items 3 and 6",
		"auth: client_secret_basic, secret_sha256: " + hash: "5.3.2.1, items 3 and 6",
		"auth: client_secret_post, secret_sha256: " + hash:  "5.3.2.1, items 3 and 6",
		keys + ", pkce: false":                              "5.3.2.2, item 5",
		keys + ", id_token_alg: RS256":                      "5.4.1",
		keys + ", id_token_alg: ES384":                      "5.4.1",
		keys + ", auth_alg: RS256":                          "5.4.1",
		keys + ", request_object_alg: PS512":                "5.4.1",
		keys + ", response_alg: RS256":                      "5.4.1",
		keys + ", userinfo_alg: RS256":                      "5.4.1",
		keys + ", introspection_alg: RS256":                 "5.4.1",
	} {
		if _, err := get(section); err == nil || !strings.Contains(err.Error(), "fapi2") || !strings.Contains(err.Error(), clause) {
			t.Errorf("%s: %v", section, err)
		}
	}
}
