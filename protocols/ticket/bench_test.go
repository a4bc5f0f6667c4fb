package ticket

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// BenchmarkRoleAssertion is one role assertion as a server fetches it: routing, ticket, session, person, terms, document and record,
// over the store in memory. An agent's ticket costs the search for the system as well; signed is with RSA-2048.
func BenchmarkRoleAssertion(b *testing.B) {
	serve := func(b *testing.B, w *world, token, peer string) {
		r := httptest.NewRequest(http.MethodGet, "/saml/RoleAssertion?token="+url.QueryEscape(token), nil)
		r.Host, r.RemoteAddr = "hub.example", peer+":4000"
		b.ReportAllocs()
		for b.Loop() {
			rec := httptest.NewRecorder()
			if w.handler.ServeHTTP(rec, r); rec.Code != http.StatusOK {
				b.Fatalf("%d %s", rec.Code, rec.Body)
			}
		}
	}
	b.Run("browser", func(b *testing.B) {
		w := newWorld(b)
		w.signIn()
		serve(b, w, w.ticket(), "192.0.2.7")
	})
	b.Run("agent", func(b *testing.B) {
		w := newWorld(b)
		a := w.agent()
		a.signIn("555000000101")
		serve(b, w, a.ticket, "192.0.2.7")
	})
	b.Run("signed", func(b *testing.B) {
		w := newWorld(b)
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		w.must(err)
		w.ring, err = keyring.New(keyring.Key{State: keyring.Active, Signer: key, Certificate: &x509.Certificate{Raw: []byte("certificate")}})
		w.must(err)
		w.room.algorithm = keyring.RS256
		a := w.agent()
		a.signIn("555000000101")
		serve(b, w, a.ticket, "198.18.0.9")
	})
}
