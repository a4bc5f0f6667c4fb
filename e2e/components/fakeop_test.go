package components_test

import (
	"crypto"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// fakeOP is an OpenID provider that signs in whoever comes.
type fakeOP struct {
	issuer string
	key    crypto.Signer
	nonce  chan string     // of the authorization request whose code is redeemed next
	form   chan url.Values // what the token endpoint was sent
}

func startFakeOP(t *testing.T, ca *components.CA) *fakeOP {
	t.Helper()
	mux := http.NewServeMux()
	hub := httptest.NewUnstartedServer(mux)
	hub.TLS = serverTLS(ca.Server(t, "hub.localhost"))
	hub.StartTLS()
	t.Cleanup(hub.Close)
	op := &fakeOP{
		issuer: "https://hub.localhost" + portOf(hub), key: components.ECKey(t),
		nonce: make(chan string, 1), form: make(chan url.Values, 1),
	}
	answer := func(pattern string, body func(*http.Request) any) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(body(r))
		})
	}
	answer("GET /.well-known/openid-configuration", func(*http.Request) any { return op.discovery() })
	answer("GET /jwks", func(*http.Request) any {
		return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: op.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}}
	})
	answer("POST /token", func(r *http.Request) any {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		op.form <- r.PostForm
		return map[string]any{"access_token": "at", "token_type": "Bearer", "expires_in": 300, "id_token": op.sign(t, "JWT", map[string]any{
			"nonce": <-op.nonce, "sid": "s1", "roles": []any{"R8000", "R8001"},
			"nhsid_nrbac_roles": []any{map[string]any{"person_roleid": "1", "role_code": "a\"b"}, map[string]any{"person_roleid": "2"}},
		})}
	})
	answer("GET /userinfo", func(*http.Request) any {
		return map[string]any{"sub": "555000000001", "name": "A. Nurse", "selected_roleid": "1"}
	})
	return op
}

func (op *fakeOP) discovery() map[string]any {
	return map[string]any{
		"issuer":                                op.issuer,
		"authorization_endpoint":                op.issuer + "/authorize",
		"token_endpoint":                        op.issuer + "/token",
		"jwks_uri":                              op.issuer + "/jwks",
		"userinfo_endpoint":                     op.issuer + "/userinfo",
		"end_session_endpoint":                  op.issuer + "/logout",
		"response_types_supported":              []string{"code"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"ES256"},
		"token_endpoint_auth_methods_supported": []string{"private_key_jwt", "client_secret_basic"},
		"code_challenge_methods_supported":      []string{"S256"},
		"backchannel_logout_supported":          true,
		"backchannel_logout_session_supported":  true,
	}
}

// sign makes a token for the client "epr" with further claims.
func (op *fakeOP) sign(t *testing.T, typ jose.ContentType, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: op.key, KeyID: "k1"}}, (&jose.SignerOptions{}).WithType(typ))
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: op.issuer, Subject: "555000000001", Audience: jwt.Audience{"epr"}, ID: time.Now().Format(time.RFC3339Nano),
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(time.Minute)),
	}).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}
