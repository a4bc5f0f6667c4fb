package smartcard

import (
	"crypto/x509"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
)

// TestAuthoritiesThatShareAnIdentifier: cards are told apart by their issuer's key identifier, so no two may claim one.
func TestAuthoritiesThatShareAnIdentifier(t *testing.T) {
	claim := func(c *x509.Certificate) { c.SubjectKeyId = []byte("claimed") }
	one, other := newAuthority(t, nil, "One", claim), newAuthority(t, nil, "Other", claim)
	a := Authority{Name: "a", Roots: []*x509.Certificate{one.cert, other.cert}, Revocation: revocation.Off{}}
	b := Authority{Name: "b", Roots: []*x509.Certificate{one.cert}, Revocation: revocation.Off{}}
	o := Options{Authorities: []Authority{a}, Authenticators: memory.New()}
	if _, err := New(o); err == nil {
		t.Error("two authorities with one key identifier were accepted")
	}
	c := Authority{Name: "c", Roots: []*x509.Certificate{other.cert}, Revocation: revocation.Off{}}
	o.Authorities = []Authority{b, c}
	if _, err := New(o); err == nil {
		t.Error("two authorities with one key identifier, configured apart, were accepted")
	}
	o.Authorities = []Authority{b, b}
	if _, err := New(o); err != nil {
		t.Errorf("the same authority twice: %v", err)
	}
}
