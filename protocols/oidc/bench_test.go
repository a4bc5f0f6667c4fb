package oidc

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// BenchmarkAuthorizeAndToken is a whole round in a live session: an authorization request and the exchange of its
// code, ID token signed, one commit each, in memory. Compare with BenchmarkBareES256 of the same run.
func BenchmarkAuthorizeAndToken(b *testing.B) {
	for _, client := range []string{"basic", "post"} {
		w := newWorld(b)
		who := w.browser()
		who.code(client)
		u, err := url.Parse(issuer)
		must(b, err)
		var cookies []string
		for _, c := range who.c.Jar.Cookies(u) {
			cookies = append(cookies, c.Name+"="+c.Value)
		}
		query := issuer + authorizePath + "?" + request(client, "scope", "openid profile").Encode()
		c, err := w.Partner("oidc", client)
		must(b, err)
		b.Run(c.OIDC.Algorithm, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				round(b, w, query, client, strings.Join(cookies, "; "))
			}
		})
	}
}

func round(b *testing.B, w *world, query, client, cookies string) {
	r := httptest.NewRequest(http.MethodGet, query, nil)
	r.Header.Set("Cookie", cookies)
	rec := httptest.NewRecorder()
	w.router.ServeHTTP(rec, r)
	to, err := url.Parse(rec.Header().Get("Location"))
	must(b, err)
	form := codeForm(to.Query().Get("code"))
	if client == "post" {
		form.Set("client_id", client)
		form.Set("client_secret", secret)
	}
	r = httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client == "basic" {
		r.SetBasicAuth(client, secret)
	}
	rec = httptest.NewRecorder()
	w.router.ServeHTTP(rec, r)
	if rec.Code != http.StatusOK {
		b.Fatal(rec.Code, rec.Body.String())
	}
}

// BenchmarkBareES256 is the signature alone: the divisor.
func BenchmarkBareES256(b *testing.B) { bare(b, keyring.ES256) }

// BenchmarkBareRS256 is the signature alone: the divisor.
func BenchmarkBareRS256(b *testing.B) { bare(b, keyring.RS256) }

func bare(b *testing.B, alg keyring.Algorithm) {
	ring, _ := keys()
	key, err := ring.Signing(alg)
	must(b, err)
	digest := sha256.Sum256([]byte("floor"))
	for b.Loop() {
		if _, err := key.Signer.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}
