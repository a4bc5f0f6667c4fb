package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	ours "github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// form posts a form with an optional Authorization header.
func (w *world) form(path string, f url.Values, authorization ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	return w.send(r)
}

func basicHeader(raw string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(raw)) }

func with(f url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range f {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out.Set(pairs[i], pairs[i+1])
	}
	return out
}

func clientRows(t *testing.T) {
	w := newWorld(t)
	code := w.browser().code("basic")
	good := codeForm(code)
	t.Run("178", func(t *testing.T) {
		for _, c := range []struct {
			name         string
			form         url.Values
			header       []string
			status       int
			code, reason string
		}{
			{"no authentication", good, nil, 401, "invalid_client", "no_client_auth"},
			{"wrong secret", good, []string{basicHeader("basic:nope")}, 401, "invalid_client", "bad_client"},
			{"unknown client", good, []string{basicHeader("stranger:nope")}, 401, "invalid_client", "unknown_partner"},
			{"empty secret", good, []string{basicHeader("basic:")}, 401, "invalid_client", "basic_length"},
			{"bad percent-encoding", good, []string{basicHeader("basic:%zz")}, 401, "invalid_client", "basic_encoding"},
			{"no colon", good, []string{basicHeader("basic")}, 401, "invalid_client", "basic_encoding"},
			{"not base64", good, []string{"Basic !!"}, 401, "invalid_client", "basic_encoding"},
			{"Bearer", good, []string{"Bearer x"}, 401, "invalid_client", "basic_scheme"},
			{"two headers", good, []string{basicHeader("basic:" + secret), basicHeader("basic:" + secret)}, 400, "invalid_request", "auth_twice"},
			{"two methods", with(good, "client_id", "basic", "client_secret", secret), []string{basicHeader("basic:" + secret)}, 400, "invalid_request", "auth_twice"},
			{"two ids", with(good, "client_id", "post"), []string{basicHeader("basic:" + secret)}, 400, "invalid_request", "client_id_differs"},
			{"other method than registered", with(good, "client_id", "basic", "client_secret", secret), nil, 401, "invalid_client", "auth_method"},
			{"public use of a confidential client", with(good, "client_id", "basic"), nil, 401, "invalid_client", "auth_method"},
			{"secret for a public client", with(good, "client_id", "public", "client_secret", "x"), nil, 401, "invalid_client", "auth_method"},
		} {
			after := w.lastSeq()
			got := w.form(tokenPath, c.form, c.header...)
			w.denied(t, c.name, got, after, c.status, c.code, c.reason)
			if challenge := got.header.Get("WWW-Authenticate"); c.status == 401 && (challenge != "") != (len(c.header) > 0) {
				t.Errorf("%s: WWW-Authenticate %q", c.name, challenge)
			}
		}
		after := w.lastSeq()
		w.denied(t, "secret in the query", w.form(tokenPath+"?client_id=post&client_secret="+secret, good), after, 400, "invalid_request", "query_parameters")
		dup := codeForm(code)
		dup["code"] = []string{code, code}
		w.denied(t, "code twice", w.form(tokenPath, dup, basicHeader("basic:"+secret)), after, 400, "invalid_request", "duplicate_parameter")
		r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(`{"grant_type":"authorization_code"}`))
		r.Header.Set("Content-Type", "application/json")
		w.denied(t, "JSON", w.send(r), after, 415, "invalid_request", "media_type")
		for kind, want := range map[string][2]string{"": {"invalid_request", "bad_request"}, "password": {"unsupported_grant_type", "unsupported_grant_type"}, "urn:ietf:params:oauth:grant-type:token-exchange": {"unauthorized_client", "unauthorized_client"},
			"urn:ietf:params:oauth:grant-type:jwt-bearer": {"unsupported_grant_type", "unsupported_grant_type"}, "client_credentials": {"unauthorized_client", "unauthorized_client"}} {
			w.denied(t, "grant_type "+kind, w.form(tokenPath, with(good, "grant_type", kind), basicHeader("basic:"+secret)), after, 400, want[0], want[1])
		}
		w.denied(t, "no code", w.form(tokenPath, url.Values{"grant_type": {trust.GrantCode}}, basicHeader("basic:"+secret)), after, 400, "invalid_request", "bad_request")
		w.denied(t, "refresh not allowed", w.form(tokenPath, url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {"x"}}, basicHeader("plain:"+secret)), after, 400, "unauthorized_client", "unauthorized_client")
		w.tokens(w.redeem("basic", code)) // none of this touched the code
	})
}

// tryAssertion redeems a fresh code with an assertion.
func (w *world) tryAssertion(client, assertion string) reply {
	w.t.Helper()
	code := w.browser().code(client)
	return w.form(tokenPath, with(codeForm(code), "client_assertion_type", assertionType, "client_assertion", assertion))
}

func (w *world) assertionDenied(t *testing.T, what, client, assertion, reason string) {
	t.Helper()
	code := w.browser().code(client)
	after := w.lastSeq()
	got := w.form(tokenPath, with(codeForm(code), "client_assertion_type", assertionType, "client_assertion", assertion))
	w.denied(t, what, got, after, 401, "invalid_client", reason)
}

func set(name string, value any) func(map[string]any, *jose.SignerOptions) {
	return func(c map[string]any, _ *jose.SignerOptions) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

func header(name string, value any) func(map[string]any, *jose.SignerOptions) {
	return func(_ map[string]any, o *jose.SignerOptions) { o.WithHeader(jose.HeaderKey(name), value) }
}

func assertionRows(t *testing.T) {
	w := newWorld(t)
	at := func(d time.Duration) int64 { return w.clock().Add(d).Unix() }
	t.Run("179", func(t *testing.T) {
		for _, aud := range []any{issuer, issuer + tokenPath, "https://sso.rx1.example:443", "https://sso.rx1.example:443/oidc/token", []string{issuer}} {
			if got := w.tryAssertion("jwt", w.assertion("jwt", set("aud", aud))); got.status != http.StatusOK {
				t.Errorf("aud %v: %d %s", aud, got.status, got.body)
			}
		}
		for _, aud := range []any{issuer + "/", issuer + authorizePath, "https://other.example", []string{issuer, "https://other.example"}, []string{}, "https://sso.rx1.example:444", "https://SSO.rx1.example"} {
			w.assertionDenied(t, "aud", "jwt", w.assertion("jwt", set("aud", aud)), "assertion_aud")
		}
		w.assertionDenied(t, "no aud", "jwt", w.assertion("jwt", set("aud", nil)), "assertion_claims")
	})
	t.Run("180", func(t *testing.T) {
		for _, c := range []struct {
			name   string
			how    func(map[string]any, *jose.SignerOptions)
			reason string
		}{
			{"expired", set("exp", at(-5*time.Minute)), "assertion_expired"},
			{"exp 10 minutes ahead", set("exp", at(10*time.Minute)), "assertion_exp"},
			{"no exp", set("exp", nil), "assertion_claims"},
			{"exp as string", set("exp", "1"), "assertion_claims"},
			{"exp null", func(c map[string]any, _ *jose.SignerOptions) { c["exp"] = json.RawMessage("null") }, "assertion_claims"},
			{"no sub", set("sub", nil), "assertion_claims"},
			{"sub differs", set("sub", "other"), "assertion_subject"},
			{"no jti", set("jti", nil), "assertion_claims"},
			{"empty jti", set("jti", ""), "assertion_jti"},
			{"long jti", set("jti", strings.Repeat("j", 300)), "assertion_jti"},
			{"nbf 61 s ahead", set("nbf", at(61*time.Second)), "assertion_nbf"},
			{"iat 61 s ahead", set("iat", at(61*time.Second)), "assertion_iat"},
			{"typ", header("typ", "at+jwt"), "assertion_typ"},
		} {
			w.assertionDenied(t, c.name, "jwt", w.assertion("jwt", c.how), c.reason)
		}
		if got := w.tryAssertion("jwt", w.assertion("jwt", set("nbf", at(8*time.Second)))); got.status != http.StatusOK {
			t.Errorf("nbf 8 s ahead: %s", got.body)
		}
		once := w.assertion("jwt", nil)
		if got := w.tryAssertion("jwt", once); got.status != http.StatusOK {
			t.Fatalf("first use: %s", got.body)
		}
		w.assertionDenied(t, "replay", "jwt", once, "assertion_replayed")
		failed := w.assertion("jwt", nil)
		w.form(tokenPath, url.Values{"grant_type": {trust.GrantCode}, "code": {"nonsense"}, "client_assertion_type": {assertionType}, "client_assertion": {failed}})
		w.assertionDenied(t, "replay after a failed request", "jwt", failed, "assertion_replayed")
		introspected := w.assertion("jwt", nil)
		w.form(introspectPath, url.Values{"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {introspected}})
		w.assertionDenied(t, "replay after introspection", "jwt", introspected, "assertion_replayed")
	})
	t.Run("181", func(t *testing.T) {
		for _, client := range []string{"jwt", "jwt2"} {
			if got := w.tryAssertion(client, w.assertion(client, set("jti", "same"))); got.status != http.StatusOK {
				t.Errorf("%s: %s", client, got.body)
			}
		}
	})
}

// headerRows are about what the header of an assertion must not be able to do.
func headerRows(t *testing.T) {
	w := newWorld(t)
	t.Run("186", func(t *testing.T) {
		for name, value := range map[string]any{"jku": "https://evil.example/jwks", "x5u": "https://evil.example/c", "x5c": []string{"AAAA"}} {
			evil, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			must(t, err)
			o := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "c1").WithHeader(jose.HeaderKey(name), value)
			now := w.clock()
			claims := map[string]any{"iss": "jwt", "sub": "jwt", "aud": issuer, "jti": name, "exp": now.Add(time.Minute).Unix()}
			assertion := w.signAs(jose.ES256, evil, claims, o)
			code := w.browser().code("jwt")
			after := w.lastSeq()
			got := w.form(tokenPath, with(codeForm(code), "client_id", "jwt", "client_assertion_type", assertionType, "client_assertion", assertion))
			if got.status != 401 {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			w.nothing(t, after)
		}
		for name, how := range map[string]func(map[string]any, *jose.SignerOptions){
			"crit":    func(_ map[string]any, o *jose.SignerOptions) { o.WithCritical("b64").WithHeader("b64", true) },
			"kid":     header("kid", "../../dev/null"),
			"kid SQL": header("kid", "' OR 1=1 --"),
			"kid 10k": header("kid", strings.Repeat("k", 10_000)),
		} {
			code := w.browser().code("jwt")
			after := w.lastSeq()
			got := w.form(tokenPath, with(codeForm(code), "client_id", "jwt", "client_assertion_type", assertionType, "client_assertion", w.assertion("jwt", how)))
			if got.status != 401 || !strings.Contains(got.body, "invalid_client") {
				t.Errorf("%s: %d %s", name, got.status, got.body)
			}
			w.nothing(t, after)
		}
		good := w.assertion("jwt", nil)
		parts := strings.Split(good, ".")
		twice := b64.EncodeToString([]byte(`{"alg":"RS256","alg":"RS256","kid":"c1"}`))
		w.assertionDenied(t, "header key twice", "jwt", twice+"."+parts[1]+"."+parts[2], "assertion_malformed")
		payload := b64.EncodeToString([]byte(`{"iss":"jwt","sub":"jwt","sub":"jwt","aud":"` + issuer + `","jti":"d","exp":` + "9999999999" + `}`))
		w.assertionDenied(t, "altered", "jwt", parts[0]+"."+payload+"."+parts[2], "assertion_signature")
	})
	t.Run("066", func(t *testing.T) {
		dots := strings.Repeat(".", ours.MaxToken)
		w.assertionDenied(t, "as many dots as a token may have", "jwt", dots, "no_client_auth")
		after := w.lastSeq()
		got := w.form(tokenPath, with(codeForm("x"), "client_id", "jwt", "client_assertion_type", assertionType, "client_assertion", strings.Repeat(dots, 256)))
		if got.status < 400 || got.status >= 500 {
			t.Errorf("2 MiB of dots: %d", got.status)
		}
		w.nothing(t, after)
	})
	t.Run("187", func(t *testing.T) {
		now := w.clock()
		claims := map[string]any{"iss": "jwt", "sub": "jwt", "aud": issuer, "jti": "hs", "exp": now.Add(time.Minute).Unix()}
		der, err := x509.MarshalPKIXPublicKey(w.signer.Public())
		must(t, err)
		public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		w.assertionDenied(t, "HS256 with the public key", "jwt", w.signAs(jose.HS256, public, claims, (&jose.SignerOptions{}).WithHeader("kid", "c1")), "assertion_alg")
		body, err := json.Marshal(claims)
		must(t, err)
		for _, alg := range []string{"none", "NoNe"} {
			head := b64.EncodeToString([]byte(`{"alg":"` + alg + `"}`))
			w.assertionDenied(t, alg, "jwt", head+"."+b64.EncodeToString(body)+".", "assertion_alg")
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "e1"}}})
		must(t, err)
		w.change("jwt", func(p *trust.Partner) { p.OIDC.JWKS = jwks })
		head := b64.EncodeToString([]byte(`{"alg":"ES256","kid":"e1"}`))
		w.assertionDenied(t, "r = s = 0", "jwt", head+"."+b64.EncodeToString(body)+"."+b64.EncodeToString(make([]byte, 64)), "assertion_signature")
	})
}

// keyRows are about the keys of clients, and our own.
func keyRows(t *testing.T) {
	w := newWorld(t)
	t.Run("059", weakKeys)
	t.Run("188", func(t *testing.T) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		pub := jose.JSONWebKey{Key: key.Public(), KeyID: "k"}
		many := make([]jose.JSONWebKey, 1000)
		for i := range many {
			many[i] = pub
		}
		for name, keys := range map[string][]jose.JSONWebKey{
			"same kid": {pub, pub}, "only for encryption": {{Key: key.Public(), KeyID: "k", Use: "enc"}}, "private": {{Key: key, KeyID: "k"}},
			"symmetric": {{Key: []byte("0123456789abcdef0123456789abcdef"), KeyID: "k"}}, "a thousand": many, "none": {},
		} {
			jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
			must(t, err)
			w.change("jwt", func(p *trust.Partner) { p.OIDC.JWKS = jwks })
			w.assertionDenied(t, name, "jwt", w.assertion("jwt", nil), "assertion_keys")
		}
	})
	t.Run("197", func(t *testing.T) {
		b := w.browser()
		old := w.tokens(w.redeem("basic", b.code("basic")))
		_, before := w.verified(old.ID)
		published := w.ring.Published()
		for i, k := range published {
			switch {
			case k.ID == before.KeyID:
				published[i].State = keyring.Retired
			case k.State == keyring.Next:
				published[i].State = keyring.Active
			}
		}
		ring, err := keyring.New(published...)
		must(t, err)
		w.ring = ring
		_, after := w.verified(w.tokens(w.redeem("basic", b.code("basic"))).ID)
		if after.KeyID == before.KeyID {
			t.Error("the retired key still signs")
		}
		w.verified(old.ID)
		if got := b.authorize("basic", "id_token_hint", old.ID); got.query("code") == "" {
			t.Errorf("a token of the retired key is not known any more: %v", got.to)
		}
	})
}

// weakKeys: a set with a key that others could sign with, or that is dear to verify, is not taken.
func weakKeys(t *testing.T) {
	sized := func(bits uint, add int64) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), bits-1)
		return n.Add(n, big.NewInt(add))
	}
	for name, c := range map[string]struct {
		key  rsa.PublicKey
		good bool
	}{
		"2048":          {rsa.PublicKey{N: sized(2048, 1), E: 65537}, true},
		"4096":          {rsa.PublicKey{N: sized(4096, 1), E: 65537}, true},
		"1024":          {rsa.PublicKey{N: sized(1024, 1), E: 65537}, false},
		"16384":         {rsa.PublicKey{N: sized(16384, 1), E: 65537}, false},
		"even modulus":  {rsa.PublicKey{N: sized(2048, 2), E: 65537}, false},
		"exponent 3":    {rsa.PublicKey{N: sized(2048, 1), E: 3}, false},
		"even exponent": {rsa.PublicKey{N: sized(2048, 1), E: 65538}, false},
	} {
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &c.key, KeyID: "k"}}})
		must(t, err)
		if keys, err := ours.ReadKeySet(jwks); (err == nil && len(keys.Keys()) == 1) != c.good {
			t.Errorf("%s: %d keys, %v", name, len(keys.Keys()), err)
		}
	}
}
