package oidc

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// FuzzPushed: whatever is pushed, the answer is JSON, and what was accepted leads to the registered address or nowhere.
func FuzzPushed(f *testing.F) {
	w := newWorld(f)
	w.p.responses = trust.ResponseTypes()
	w.allowFront("basic", trust.ResponseTypes()...)
	b := w.browser()
	b.code("basic")
	u, err := url.Parse(issuer)
	must(f, err)
	cookies := b.c.Jar.Cookies(u)
	f.Add(request("basic").Encode())
	f.Add(request("basic", "prompt", "none", "claims", `{"userinfo":{"name":null}}`, "response_mode", "form_post.jwt").Encode())
	f.Add(request("basic", "response_type", "token id_token code", "nonce", "").Encode())
	f.Add("request=a.b.c&request_uri=urn:x&redirect_uri=https%3A%2F%2Fevil.example")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, issuer+pushPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", basicHeader("basic:"+secret))
		rec := httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		var out map[string]any
		if json.Unmarshal(rec.Body.Bytes(), &out) != nil || rec.Code != http.StatusCreated && out["error"] == nil || rec.Code >= 500 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		if rec.Code != http.StatusCreated {
			return
		}
		uri, _ := out["request_uri"].(string)
		r = httptest.NewRequest(http.MethodGet, issuer+authorizePath+"?client_id=basic&request_uri="+url.QueryEscape(uri), nil)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		rec = httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		if to := rec.Header().Get("Location"); rec.Code >= 500 || to != "" && !strings.HasPrefix(to, callback+"&") && !strings.HasPrefix(to, callback+"#") && !strings.HasPrefix(to, "/") {
			t.Fatalf("%q: %d %s", body, rec.Code, to)
		}
	})
}

// FuzzRequestObject: whatever a client signs, nothing but a registered address is proven, nothing takes the place of the client, and
// nothing else verifies.
func FuzzRequestObject(f *testing.F) {
	w := newWorld(f)
	good := w.object("jwt", nil)
	claims, err := b64.DecodeString(strings.Split(good, ".")[1])
	must(f, err)
	f.Add(string(claims), good)
	f.Add(`{"client_id":"jwt","redirect_uri":"https://evil.example","max_age":1e300,"claims":{},"prompt":null}`, good+".")
	f.Add(`{"iss":"jwt","aud":["x"],"exp":"1"}`, "eyJhbGciOiJub25lIn0."+b64.EncodeToString(claims)+".")
	public, key, err := ed25519.GenerateKey(rand.Reader) // its signatures are not random, as a fuzzer likes it
	must(f, err)
	registered, err := json.Marshal(gojose.JSONWebKeySet{Keys: []gojose.JSONWebKey{{Key: w.signer.Public(), KeyID: "c1"}, {Key: public, KeyID: "c2"}}})
	must(f, err)
	w.change("jwt", func(p *trust.Partner) { p.OIDC.JWKS = registered })
	signer, err := gojose.NewSigner(gojose.SigningKey{Algorithm: gojose.EdDSA, Key: key}, (&gojose.SignerOptions{}).WithHeader("kid", "c2"))
	must(f, err)
	c, err := w.p.partner("jwt")
	must(f, err)
	verify := func(token string, rules jose.Rules) (jose.Verified, error) { return jose.Verify(token, c.keys, rules) }
	f.Fuzz(func(t *testing.T, payload, token string) {
		if _, why := readObject(c, token, verify); why == nil && token != good {
			t.Fatalf("accepted %q", token)
		}
		jws, err := signer.Sign([]byte(payload))
		must(t, err)
		raw, err := jws.CompactSerialize()
		must(t, err)
		form := request("jwt", "request", raw, "redirect_uri", "https://evil.example/")
		a, proven, why := w.p.understand(t.Context(), form)
		if proven && !a.client.terms.RedirectURI(a.Redirect) || a.client == nil || a.client.id != "jwt" {
			t.Fatalf("%s: proven %v at %q, client %v", payload, proven, a.Redirect, a.client)
		}
		if why == nil && (a.get("client_id") != "jwt" || a.form.Has("request") || a.form.Has("request_uri") || len(a.Scopes) == 0) {
			t.Fatalf("%s: %v", payload, a.form)
		}
	})
}

// FuzzClaimsParameter: what is kept is small, was asked for, and is released by the terms; reading it again gives the same.
func FuzzClaimsParameter(f *testing.F) {
	w := newWorld(f)
	c, err := w.p.partner("basic")
	must(f, err)
	f.Add(`{"id_token":{"acr":{"essential":true,"values":["AAL3_ANY"]},"sub":{"value":"x"}},"userinfo":{"name":null,"email":{"value":"a"}}}`)
	f.Add(`{"userinfo":{"name":{"values":[1,"a",null,{}]}},"id_token":null}`)
	f.Add(`{"userinfo":[[[[`)
	f.Fuzz(func(t *testing.T, raw string) {
		judge := func() (*authorization, bool) {
			a := &authorization{form: url.Values{"claims": {raw}}, client: c}
			return a, checkClaims(w.p, a) == nil
		}
		a, ok := judge()
		if again, same := judge(); same != ok || ok && !sameAsked(again.Claims, a.Claims) {
			t.Fatalf("%q is not read the same twice", raw)
		}
		if !ok || a.Claims == nil {
			return
		}
		for name := range a.Claims.IDToken {
			if trust.ReservedClaim(name) || !strings.Contains(raw, "id_token") {
				t.Fatalf("%q: kept %s", raw, name)
			}
		}
		stored, err := json.Marshal(a.Claims)
		must(t, err)
		var back askedClaims
		must(t, json.Unmarshal(stored, &back))
		if !sameAsked(&back, a.Claims) || len(stored) > 2*maxClaims {
			t.Fatalf("%q is stored as %s", raw, stored)
		}
	})
}

func sameAsked(a, b *askedClaims) bool {
	x, err := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(x) == string(y)
}
