package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// conditional gets a document, with tags that are known.
func (w *world) conditional(path string, tags ...string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
	for _, tag := range tags {
		r.Header.Add("If-None-Match", tag)
	}
	return w.send(r)
}

// TestPublishedDocuments: a document has a tag, and who knows it is told nothing again.
func TestPublishedDocuments(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{discoveryPath, jwksPath} {
		first := w.conditional(path)
		tag := first.header.Get("Etag")
		if first.status != 200 || len(tag) < 20 || first.header.Get("Cache-Control") != "public, max-age=300" || first.header.Get("Content-Type") != "application/json" || first.body == "" {
			t.Fatalf("%s: %d %v", path, first.status, first.header)
		}
		for _, tags := range [][]string{{tag}, {"W/" + tag}, {`"other", ` + tag}, {`"other"`, tag}, {"*"}} {
			got := w.conditional(path, tags...)
			if got.status != 304 || got.body != "" || got.header.Get("Etag") != tag || got.header.Get("Cache-Control") == "" || got.header.Get("Content-Type") != "" {
				t.Errorf("%s known as %v: %d %v %s", path, tags, got.status, got.header, got.body)
			}
		}
		for _, tags := range [][]string{{`"other"`}, {strings.Trim(tag, `"`)}, {""}, {tag[:len(tag)-1]}} {
			if got := w.conditional(path, tags...); got.status != 200 || got.body != first.body {
				t.Errorf("%s known as %v: %d", path, tags, got.status)
			}
		}
	}
	if a, b := w.conditional(discoveryPath).header.Get("Etag"), w.conditional(jwksPath).header.Get("Etag"); a == b {
		t.Error("two documents, one tag")
	}
}

// TestNewKeyIsSeenAtOnce: the set of now is served whatever was served before, and the old key with it (row 197).
func TestNewKeyIsSeenAtOnce(t *testing.T) {
	w := newWorld(t)
	before := w.conditional(jwksPath)
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	grown, err := keyring.New(append(w.ring.Published(), keyring.Key{State: keyring.Active, Signer: key, Certificate: &x509.Certificate{}})...)
	must(t, err)
	w.ring = grown
	after := w.conditional(jwksPath, before.header.Get("Etag"))
	if after.status != 200 || after.header.Get("Etag") == before.header.Get("Etag") || strings.Count(after.body, `"kid"`) != strings.Count(before.body, `"kid"`)+1 {
		t.Errorf("%d %s", after.status, after.body)
	}
	if got := w.conditional(discoveryPath); !strings.Contains(got.body, `"ES384"`) {
		t.Errorf("discovery does not know the new algorithm: %s", got.body)
	}
}

// BenchmarkPublished is one request for a document through all of the router, without a network: met anew, and known already.
func BenchmarkPublished(b *testing.B) {
	w := newWorld(b)
	for name, path := range map[string]string{"jwks": jwksPath, "discovery": discoveryPath} {
		tag := w.conditional(path).header.Get("Etag")
		for kind, header := range map[string]string{"": "", " known": tag} {
			b.Run(name+kind, func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, issuer+path, nil)
				if header != "" {
					r.Header.Set("If-None-Match", header)
				}
				b.ReportAllocs()
				for b.Loop() {
					w.router.ServeHTTP(&sink{header: http.Header{}}, r)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

// sink is a client that looks at nothing.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
func (s *sink) WriteHeader(int)             {}
