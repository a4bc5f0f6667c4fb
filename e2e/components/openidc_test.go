package components_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestOpenIDCSignsOnAndObeysBackChannelLogout(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Trust CA")
	for name, c := range map[string]components.OpenIDCConfig{
		"client_secret_basic": {ClientSecret: "s3cret with spaces"},
		"private_key_jwt":     {TokenAuth: "private_key_jwt", Key: components.SelfSigned(t, "epr", components.RSAKey(t)), KeyID: "epr-1"},
	} {
		t.Run(name, func(t *testing.T) {
			op := startFakeOP(t, ca)
			c.Host, c.CA, c.ClientID, c.Discovery = "epr.localhost", ca, "epr", op.issuer+"/.well-known/openid-configuration"
			rp := components.StartOpenIDC(t, c)
			client := components.Client(t, ca)
			page := signOnOIDC(t, op, rp, client)
			got := components.Variables(page)
			if got["OIDC_CLAIM_sub"] != "555000000001" || got["OIDC_CLAIM_roles"] != "R8000,R8001" || got["OIDC_CLAIM_name"] != "A. Nurse" {
				t.Errorf("claims: %s\n%s", page, rp.Log(t))
			}
			var payload struct {
				Roles []struct {
					ID string `json:"person_roleid"`
				} `json:"nhsid_nrbac_roles"`
			}
			if err := json.Unmarshal([]byte(got["OIDC_id_token_payload"]), &payload); err != nil || len(payload.Roles) != 2 {
				t.Errorf("payload of the ID token (%v): %q", err, got["OIDC_id_token_payload"])
			}
			if !strings.Contains(got["OIDC_userinfo_json"], "selected_roleid") {
				t.Errorf("userinfo: %q", got["OIDC_userinfo_json"])
			}
			form := <-op.form
			if assertion := form.Get("client_assertion"); (assertion != "") != (c.Key != nil) || form.Get("code_verifier") == "" {
				t.Errorf("token request: %v", form)
			}
			resp, body := components.Post(t, client, rp.BackChannel, url.Values{"logout_token": {op.sign(t, "logout+jwt", map[string]any{
				"sid": "s1", "events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
			})}})
			if resp.StatusCode != http.StatusOK {
				t.Errorf("back-channel logout: %s %s\n%s", resp.Status, body, rp.Log(t))
			}
			if resp, _ := components.Get(t, client, rp.Secure); resp.StatusCode != http.StatusFound {
				t.Errorf("after the logout the protected page answers %s", resp.Status)
			}
			if _, keys := components.Get(t, client, rp.JWKS); c.Key != nil && !strings.Contains(keys, "epr-1") {
				t.Errorf("public keys: %s", keys)
			}
		})
	}
}

func TestOpenIDCStartsLogout(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Trust CA")
	op := startFakeOP(t, ca)
	port := components.FreePort(t)
	rp := components.StartOpenIDC(t, components.OpenIDCConfig{
		Host: "epr.localhost", Port: port, CA: ca, ClientID: "epr", ClientSecret: "secret",
		Discovery: op.issuer + "/.well-known/openid-configuration",
	})
	if expected := components.OpenIDCAddresses("epr.localhost", port); rp.RedirectURI != expected.RedirectURI {
		t.Errorf("redirect URI %s, announced %s", rp.RedirectURI, expected.RedirectURI)
	}
	client := components.Client(t, ca)
	signOnOIDC(t, op, rp, client)
	resp, body := components.Get(t, client, rp.Logout)
	target, err := resp.Location()
	if err != nil {
		t.Fatalf("logout answers %s %s", resp.Status, body)
	}
	query := target.Query()
	if target.Path != "/logout" || query.Get("post_logout_redirect_uri") != rp.PostLogout || query.Get("id_token_hint") == "" {
		t.Errorf("logout went to %s", target)
	}
}

// signOnOIDC brings a client through a sign-on and returns the protected page.
func signOnOIDC(t *testing.T, op *fakeOP, rp *components.OpenIDC, client *http.Client) string {
	t.Helper()
	resp, body := components.Get(t, client, rp.Secure)
	target, err := resp.Location()
	if err != nil {
		t.Fatalf("protected page did not redirect: %s\n%s\n%s", resp.Status, body, rp.Log(t))
	}
	query := target.Query()
	if target.Path != "/authorize" || query.Get("client_id") != "epr" || query.Get("redirect_uri") != rp.RedirectURI ||
		query.Get("code_challenge_method") != "S256" || query.Get("response_type") != "code" {
		t.Fatalf("not the authorization request expected: %s", target)
	}
	op.nonce <- query.Get("nonce")
	_, page := components.Get(t, components.Follow(client), rp.RedirectURI+"?"+url.Values{
		"code": {"c1"}, "state": {query.Get("state")}, "iss": {op.issuer},
	}.Encode())
	return page
}
