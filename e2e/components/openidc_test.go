package components_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestOpenIDCRedirectsToAuthorize(t *testing.T) {
	components.Gate(t)
	ca := components.NewCA(t, "Trust CA")
	mux := http.NewServeMux()
	hub := httptest.NewUnstartedServer(mux)
	hub.TLS = serverTLS(ca.Server(t, "hub.localhost"))
	hub.StartTLS()
	t.Cleanup(hub.Close)
	issuer := "https://hub.localhost" + portOf(hub)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer":                                issuer,
			"authorization_endpoint":                issuer + "/authorize",
			"token_endpoint":                        issuer + "/token",
			"jwks_uri":                              issuer + "/jwks",
			"response_types_supported":              []string{"code"},
			"subject_types_supported":               []string{"pairwise"},
			"id_token_signing_alg_values_supported": []string{"ES256"},
			"token_endpoint_auth_methods_supported": []string{"private_key_jwt", "client_secret_basic"},
			"code_challenge_methods_supported":      []string{"S256"},
		})
	})
	for _, c := range []components.OpenIDCConfig{
		{ClientSecret: "s3cret with spaces"},
		{TokenAuth: "private_key_jwt", Key: components.SelfSigned(t, "epr", components.RSAKey(t)), KeyID: "epr-1"},
	} {
		c.Host, c.CA, c.ClientID, c.Discovery = "epr.localhost", ca, "epr", issuer+"/.well-known/openid-configuration"
		rp := components.StartOpenIDC(t, c)
		client := components.Client(t, ca)
		resp, body := components.Get(t, client, rp.Secure)
		target, err := resp.Location()
		if err != nil {
			t.Fatalf("protected page did not redirect: %s\n%s\n%s", resp.Status, body, rp.Log(t))
		}
		query := target.Query()
		if target.Path != "/authorize" || query.Get("client_id") != "epr" || query.Get("redirect_uri") != rp.RedirectURI ||
			query.Get("code_challenge_method") != "S256" || query.Get("response_type") != "code" {
			t.Errorf("not the authorization request expected: %s", target)
		}
		if c.Key == nil {
			continue
		}
		var keys struct{ Keys []struct{ Kid, Kty string } }
		_, body = components.Get(t, client, rp.JWKS)
		if err := json.Unmarshal([]byte(body), &keys); err != nil || len(keys.Keys) != 1 || keys.Keys[0].Kid != "epr-1" {
			t.Errorf("public keys (%v): %s", err, body)
		}
	}
}
