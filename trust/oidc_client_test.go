package trust

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// TestClientTerms lists what a client says about itself, and what of it is refused.
func TestClientTerms(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	compile := oidcDocuments(t, "partner: epr\nprotocol: oidc\nstage: test\noidc:\n  redirect_uris: [https://epr.example/cb]\n  %\n")
	many := strings.TrimSuffix(strings.Repeat("a@b.example, ", maxContacts), ", ")
	for section, want := range map[string]string{
		"auth: none; userinfo_alg: ES256":                                                            "",
		"auth: none; userinfo_alg: HS256":                                                            "oidc.userinfo_alg",
		"auth: none; auth_alg: ES256":                                                                "oidc.auth_alg",
		"auth: none; client_uri: http://a/":                                                          "oidc.client_uri",
		"auth: none; tos_uri: javascript:x":                                                          "oidc.tos_uri",
		"auth: none; logo_uri: /logo.png":                                                            "oidc.logo_uri",
		"auth: none; policy_uri: data:,x":                                                            "oidc.policy_uri",
		"auth: none; initiate_login_uri: no":                                                         "oidc.initiate_login_uri",
		"auth: none; contacts: [" + many + "]":                                                       "",
		"auth: none; contacts: [" + many + ", c@d.example]":                                          "oidc.contacts",
		"auth: none; contacts: ['']":                                                                 "oidc.contacts",
		"auth: none; sector_identifier_uri: http://a.example/":                                       "oidc.sector_identifier_uri",
		"auth: none; sector: b.example; sector_identifier_uri: https://a.example/x":                  "oidc.sector",
		"auth: none; sector: a.example; sector_identifier_uri: https://A.example/x":                  "",
		"auth: private_key_jwt; jwks_uri: https://a.example/; auth_alg: PS256":                       "",
		"auth: private_key_jwt; jwks_uri: https://a.example/; auth_alg: none":                        "oidc.auth_alg",
		"auth: none; registration: {token_sha256: " + hash + ", issued: '2026-11-25T09:00:00Z'}":     "",
		"auth: none; registration: {token_sha256: " + hash[2:] + ", issued: '2026-11-25T09:00:00Z'}": "token_sha256",
		"auth: none; registration: {token_sha256: " + hash + ", issued: yesterday}":                  "issued",
	} {
		_, err := compile(section)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", section, err)
		}
	}
	p, err := compile("auth: none; sector_identifier_uri: https://A.example:8443/list; registration: {token_sha256: " + hash + ", invitation: i, issued: '2026-11-25T09:00:00Z'}")
	if err != nil {
		t.Fatal(err)
	}
	if p.Name != "epr (not approved yet)" {
		t.Errorf("people read %q", p.Name)
	}
	r := p.OIDC.Registration
	if p.OIDC.Sector != "a.example" || r == nil || r.Token[0] != 0xab || r.Invitation != "i" || !r.Issued.Equal(time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v %+v", p.OIDC, r)
	}
	for stage, want := range map[Stage]bool{Draft: true, Test: true, SuspendedAt: true, Live: false} {
		if p.Stage = stage; p.Stranger() != want {
			t.Errorf("stage %s: stranger %t", stage, !want)
		}
	}
	if p.OIDC.Registration = nil; p.Stranger() {
		t.Error("an administrator's own is a stranger")
	}
}
