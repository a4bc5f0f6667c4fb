package oidc

import (
	"crypto"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
)

// FuzzAuthorize: whatever the query, the answer goes to the registered address or nowhere, and never holds a code.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f)
	f.Add(request("basic").Encode())
	f.Add(request("basic", "prompt", "none", "max_age", "0", "claims", `{"id_token":{"acr":{"essential":true}}}`, "id_token_hint", "a.b.c").Encode())
	f.Add("client_id=basic&redirect_uri=https%3A%2F%2Fevil.example&request=x;y")
	f.Fuzz(func(t *testing.T, raw string) {
		form, err := readQuery(raw)
		if err != nil {
			return
		}
		a, proven, why := w.p.understand(t.Context(), form)
		if proven && (a.client == nil || !a.client.terms.RedirectURI(a.Redirect)) {
			t.Fatalf("an address that is not registered counts as proven: %q", a.Redirect)
		}
		if why == nil {
			if len(form["client_id"]) != 1 || a.Challenge == "" && a.client.terms.PKCE {
				t.Fatalf("accepted without what is required: %q", raw)
			}
			if _, err := a.request(w.p); err != nil {
				t.Fatal(err)
			}
			return
		}
		r := httptest.NewRequest(http.MethodGet, issuer+authorizePath, nil)
		r.URL.RawQuery = raw
		rec := httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		if to := rec.Header().Get("Location"); to != "" && !strings.HasPrefix(to, callback+"&") || strings.Contains(to, "&code=") {
			t.Fatalf("redirects to %q", to)
		}
	})
}

// FuzzAssertion: nothing but a signature by the registered key is ever accepted.
func FuzzAssertion(f *testing.F) {
	w := newWorld(f)
	good := w.assertion("jwt", nil)
	parts := strings.Split(good, ".")
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0." + parts[1] + ".")
	f.Add(parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 256)))
	c, err := w.p.partner("jwt")
	must(f, err)
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := w.p.checkAssertion(t.Context(), c, token); err == nil && token != good {
			t.Fatalf("accepted %q", token)
		}
		if _, err := w.p.verifyOwn(token); err == nil {
			t.Fatalf("taken for a token of ours: %q", token)
		}
	})
}

// FuzzProof: nothing but a proof signed for this request, by the key in it, is ever accepted.
func FuzzProof(f *testing.F) {
	w := newWorld(f)
	key := w.prover()
	good := key.proof(http.MethodPost, tokenPath, "", nil)
	parts := strings.Split(good, ".")
	f.Add(good)
	f.Add("eyJhbGciOiJub25lIn0." + parts[1] + ".")
	f.Add(parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)))
	c, err := w.p.partner("bound")
	must(f, err)
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, nil)
		r.Header["Dpop"] = []string{header}
		h, err := w.p.proveKey(httptest.NewRecorder(), r, c, tokenPath)
		if err == nil && (h.mark == nil || h.Thumbprint != signerOf(header)) { // the key of every process is another
			t.Fatalf("accepted %q", header)
		}
		if name, status := tokenError(bridge.AsRefusal(err)); err != nil && (name != errInvalidProof || status != http.StatusBadRequest) {
			t.Fatalf("%q: %d %s", header, status, name)
		}
	})
}

// signerOf is the thumbprint of the key in a proof that it is signed with, by another library; empty if it is not.
func signerOf(proof string) string {
	jws, err := jose.ParseSignedCompact(proof, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA, jose.PS256, jose.RS256})
	if err != nil || jws.Signatures[0].Protected.JSONWebKey == nil {
		return "none"
	}
	key := jws.Signatures[0].Protected.JSONWebKey
	if _, err := jws.Verify(key); err != nil {
		return "none"
	}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return "none"
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// FuzzBasic: what is accepted encodes back to the same credentials.
func FuzzBasic(f *testing.F) {
	f.Add(basicHeader("id:secret"))
	f.Add(basicHeader("a%20b:c+d%3A"))
	f.Add("Basic :::")
	f.Fuzz(func(t *testing.T, header string) {
		id, secret, err := readBasic(header)
		if err != nil {
			return
		}
		again, secretAgain, err := readBasic(basicHeader(url.QueryEscape(id) + ":" + url.QueryEscape(secret)))
		if err != nil || again != id || secretAgain != secret {
			t.Fatalf("%q: %q %q, again %q %q, %v", header, id, secret, again, secretAgain, err)
		}
	})
}

// FuzzLogout: a link never signs out by itself, and leads nowhere that is not registered.
func FuzzLogout(f *testing.F) {
	w := newWorld(f)
	b := w.browser()
	b.code("basic")
	u, err := url.Parse(issuer)
	must(f, err)
	cookies := b.c.Jar.Cookies(u)
	f.Add("client_id=basic&post_logout_redirect_uri=https%3A%2F%2Fepr.example%2Fbye&state=x")
	f.Add("id_token_hint=a.b.c&client_id=post")
	f.Add("csrf=x&%zz")
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, issuer+logoutPath, nil)
		r.URL.RawQuery = raw
		for _, c := range cookies {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		if rec.Header().Get("Location") != "" || rec.Code != http.StatusOK && rec.Code != http.StatusBadRequest {
			t.Fatalf("%d, to %q", rec.Code, rec.Header().Get("Location"))
		}
		if _, _, err := w.hub.Live(r.Context(), w.kit.Browser(r)); err != nil {
			t.Fatalf("signed out: %v", err)
		}
	})
}

// FuzzFront: no address but one that the hub made leads to a client's front channel, and no other changes anything.
func FuzzFront(f *testing.F) {
	w, d := fronted(f, true)
	made, err := url.Parse(d.FrontURL)
	must(f, err)
	f.Add(made.RawQuery)
	f.Add("logout=" + d.Logout + "&delivery=" + d.ID + "&v=")
	f.Add("%zz&delivery=" + d.ID)
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, issuer+frontPath, nil)
		r.URL.RawQuery = raw
		rec := httptest.NewRecorder()
		w.router.ServeHTTP(rec, r)
		q, was := r.URL.Query(), made.Query()
		ours := q.Get("logout") == was.Get("logout") && q.Get("delivery") == was.Get("delivery") && q.Get("v") == was.Get("v")
		if to := rec.Header().Get("Location"); (to != "") != ours || ours && !strings.HasPrefix(to, frontAddress+"&iss=") {
			t.Fatalf("%q leads to %q", raw, to)
		}
	})
}

// FuzzLogoutAnswer: what a client says beside its refusal stays short and printable.
func FuzzLogoutAnswer(f *testing.F) {
	f.Add([]byte(`{"error":"logout_failed","error_description":"no\n"}`))
	f.Add([]byte(`{"error":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e := readLogoutError(body)
		for _, s := range []string{e.Code, e.Description} {
			if len(s) > 200 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
				t.Fatalf("%q", s)
			}
		}
	})
}
