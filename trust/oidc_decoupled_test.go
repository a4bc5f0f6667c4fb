package trust

import (
	"strings"
	"testing"
)

// TestDecoupledTerms lists what the terms may say about device codes and CIBA; want "" is good.
func TestDecoupledTerms(t *testing.T) {
	keys := "auth: private_key_jwt, jwks: '{}', grants: ['urn:openid:params:grant-type:ciba'], "
	for name, tc := range map[string]struct{ section, want string }{
		"device, public":             {"auth: none, grants: ['urn:ietf:params:oauth:grant-type:device_code']", ""},
		"CIBA":                       {keys + "pkce: true", ""},
		"CIBA, public":               {"auth: none, grants: ['urn:openid:params:grant-type:ciba']", "without authentication"},
		"polling":                    {keys + "ciba: {mode: poll}", ""},
		"polling with an address":    {keys + "ciba: {mode: poll, notification_endpoint: 'https://epr.example/ping'}", "notification_endpoint"},
		"pings":                      {keys + "ciba: {mode: ping, notification_endpoint: 'https://epr.example/ping'}", ""},
		"pings to nowhere":           {keys + "ciba: {mode: ping}", "notification_endpoint"},
		"pings in the open":          {keys + "ciba: {mode: ping, notification_endpoint: 'http://epr.example/ping'}", "notification_endpoint"},
		"push":                       {keys + "ciba: {mode: push, notification_endpoint: 'https://epr.example/ping'}", "oidc.ciba.mode"},
		"pings without the grant":    {"auth: none, redirect_uris: [https://epr.example/cb], ciba: {mode: poll}", "oidc.ciba"},
		"a word nobody knows":        {keys + "ciba: {user_code: true}", "user_code"},
		"CIBA of CIS2":               {"profile: cis2, " + keys + "pkce: true", "profile cis2"},
		"device codes of CIS2":       {"profile: cis2, auth: none, grants: ['urn:ietf:params:oauth:grant-type:device_code']", "profile cis2"},
		"device codes and the code":  {"auth: none, grants: [authorization_code, 'urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [https://epr.example/cb]", ""},
		"device codes and no return": {"auth: none, grants: [authorization_code, 'urn:ietf:params:oauth:grant-type:device_code']", "redirect_uris"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := compile(t, strings.Replace(oidcDoc, "auth: none, redirect_uris: [https://epr.example/cb]", tc.section, 1))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Fatalf("%v, want %q", err, tc.want)
			}
			if err == nil && (p.OIDC.Scopes[0] != "openid" || p.OIDC.May(GrantCIBA) != (p.OIDC.CIBA.Mode != "")) {
				t.Errorf("terms %+v", p.OIDC)
			}
		})
	}
}
