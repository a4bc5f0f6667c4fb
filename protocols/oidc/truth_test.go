package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// published is the discovery document as a client reads it.
func (w *world) published() map[string]any {
	w.t.Helper()
	var m map[string]any
	must(w.t, json.Unmarshal([]byte(w.browser().get(discoveryPath).body), &m))
	return m
}

func list(m map[string]any, name string) []string {
	var out []string
	values, _ := m[name].([]any)
	for _, v := range values {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// TestDiscoveryIsTrue: what is advertised works, each value of each list.
func TestDiscoveryIsTrue(t *testing.T) {
	w := newWorld(t)
	m := w.published()
	for name, v := range m {
		address, _ := v.(string)
		if !strings.HasSuffix(name, "_endpoint") && name != "jwks_uri" {
			continue
		}
		path, ours := strings.CutPrefix(address, issuer)
		if got := w.send(httptest.NewRequest(http.MethodGet, issuer+path, nil)); !ours || got.status == http.StatusNotFound {
			t.Errorf("%s %s: %d", name, address, got.status)
		}
	}
	b := w.browser()
	b.code("basic")
	w.change("basic", func(p *trust.Partner) { p.OIDC.Request.Modes = trust.ResponseModes() })
	for _, mode := range list(m, "response_modes_supported") {
		if got := w.answer(b.authorize("basic", "response_mode", mode)); got.Get("code") == "" || got.Get("iss") != issuer {
			t.Errorf("response_mode %s: %v", mode, got)
		}
	}
	for _, prompt := range list(m, "prompt_values_supported") {
		if got := b.authorize("basic", "prompt", prompt); got.query("code") == "" {
			t.Errorf("prompt %s: %v", prompt, got.to)
		}
	}
	all := slices.DeleteFunc(list(m, "scopes_supported"), wantsContext) // of those see TestLaunchFromEHR
	w.change("basic", func(p *trust.Partner) { p.OIDC.Scopes = all })
	w.role = roleOne
	if set := w.tokens(w.redeem("basic", b.code("basic", "scope", strings.Join(all, " ")))); len(strings.Fields(set.Scope)) != len(all) {
		t.Errorf("scopes %q of %v", set.Scope, all)
	}
	if got := list(m, "grant_types_supported"); !slices.Equal(got, []string{trust.GrantCode, trust.GrantRefresh, trust.GrantClient, trust.GrantExchange, trust.GrantDevice, trust.GrantCIBA}) {
		t.Errorf("grant types %v", got)
	}
}

// TestEveryAdvertisedClassIsMet: each acr value can be asked for, and is what the ID token then says.
func TestEveryAdvertisedClassIsMet(t *testing.T) {
	w := newWorld(t)
	for _, class := range list(w.published(), "acr_values_supported") {
		w.method = bridge.MethodSmartcard
		if strings.Contains(class, "FIDO2") {
			w.method = bridge.MethodFIDO2
		}
		claims, _ := w.verified(w.tokens(w.redeem("basic", w.browser().code("basic", "acr_values", class))).ID)
		if claims["acr"] != class {
			t.Errorf("%s: acr %v", class, claims["acr"])
		}
	}
}

// TestEveryAdvertisedAlgorithmVerifies: a client may sign its assertion with each, with a kid and without.
func TestEveryAdvertisedAlgorithmVerifies(t *testing.T) {
	w := newWorld(t)
	signers := map[string]crypto.Signer{"RS": w.signer}
	for name, curve := range map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		must(t, err)
		signers[name] = key
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	signers["EdDSA"] = ed
	enc := jose.JSONWebKey{Key: signers["ES256"].Public(), KeyID: "enc", Use: "enc"}
	registered := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{enc}}
	for name, key := range signers {
		registered.Keys = append(registered.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: name, Use: "sig"})
	}
	set, err := json.Marshal(registered)
	must(t, err)
	w.change("jwt", func(p *trust.Partner) { p.OIDC.JWKS = set })
	algs := list(w.published(), "token_endpoint_auth_signing_alg_values_supported")
	if len(algs) != 10 {
		t.Fatalf("algorithms %v", algs)
	}
	for _, alg := range algs {
		kid := alg
		if signers[kid] == nil {
			kid = "RS"
		}
		for i, o := range []*jose.SignerOptions{(&jose.SignerOptions{}).WithHeader("kid", kid), {}} {
			claims := map[string]any{"iss": "jwt", "sub": "jwt", "aud": issuer, "jti": fmt.Sprint(alg, i), "exp": w.clock().Add(time.Minute).Unix()}
			if got := w.tryAssertion("jwt", w.signAs(jose.SignatureAlgorithm(alg), signers[kid], claims, o)); got.status != http.StatusOK {
				t.Errorf("%s: %d %s", alg, got.status, got.body)
			}
		}
	}
	claims := map[string]any{"iss": "jwt", "sub": "jwt", "aud": issuer, "jti": "enc", "exp": w.clock().Add(time.Minute).Unix()}
	fit := w.signAs(jose.ES256, signers["ES256"], claims, (&jose.SignerOptions{}).WithHeader("kid", "enc"))
	w.assertionDenied(t, "a key for encryption", "jwt", fit, "assertion_kid")
}

// TestOtherOrigins: scripts of other sites may call what needs no cookie, never with credentials; all else not at all.
func TestOtherOrigins(t *testing.T) {
	w := newWorld(t)
	ask := func(method, path string) reply {
		r := httptest.NewRequest(method, issuer+path, nil)
		r.Header.Set("Origin", "https://spa.example")
		r.Header.Set("Access-Control-Request-Method", http.MethodPost)
		r.Header.Set("Access-Control-Request-Headers", "authorization, content-type")
		return w.send(r)
	}
	for path, allowed := range map[string]string{
		discoveryPath: "GET", jwksPath: "GET", tokenPath: "POST", userinfoPath: "GET, POST", revokePath: "POST",
		authorizePath: "", logoutPath: "", introspectPath: "", resumePath: "",
	} {
		got := ask(http.MethodOptions, path)
		if got.header.Get("Access-Control-Allow-Methods") != allowed || (got.header.Get("Access-Control-Allow-Origin") == "*") != (allowed != "") {
			t.Errorf("preflight of %s: %d %v", path, got.status, got.header)
		}
		if allowed != "" && !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Authorization") {
			t.Errorf("preflight of %s allows %q", path, got.header.Get("Access-Control-Allow-Headers"))
		}
		if got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: credentials are allowed", path)
		}
	}
	for path, form := range map[string]url.Values{tokenPath: {"grant_type": {"x"}}, userinfoPath: nil, revokePath: {}} {
		if got := w.form(path, form); got.status < 400 || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("a script cannot read the error of %s: %d %v", path, got.status, got.header)
		}
	}
}

// TestMethods: each path answers the methods of its standard; others are refused with the list of those.
func TestMethods(t *testing.T) {
	w := newWorld(t)
	for path, wrong := range map[string][]string{
		tokenPath: {"GET", "PUT", "DELETE", "HEAD"}, revokePath: {"GET"}, introspectPath: {"GET"}, discoveryPath: {"POST"}, jwksPath: {"POST"},
		authorizePath: {"PUT", "HEAD"}, logoutPath: {"HEAD", "DELETE"}, userinfoPath: {"PUT"},
	} {
		for _, method := range wrong {
			if got := w.send(httptest.NewRequest(method, issuer+path, nil)); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") == "" {
				t.Errorf("%s %s: %d, Allow %q", method, path, got.status, got.header.Get("Allow"))
			}
		}
	}
}
