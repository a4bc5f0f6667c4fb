package smartcard

import (
	"crypto/x509"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/memory"
)

// TestAuthoritiesThatShareAnIdentifier: cards are told apart by their issuer's key identifier, so no two may claim one.
func TestAuthoritiesThatShareAnIdentifier(t *testing.T) {
	claim := func(c *x509.Certificate) { c.SubjectKeyId = []byte("claimed") }
	one, other := newAuthority(t, nil, "One", claim), newAuthority(t, nil, "Other", claim)
	o := Options{Roots: []*x509.Certificate{one.cert, other.cert}, Revocation: Off{}, Authenticators: memory.New()}
	if _, err := New(o); err == nil {
		t.Error("two authorities with one key identifier were accepted")
	}
	o.Roots = []*x509.Certificate{one.cert, one.cert}
	if _, err := New(o); err != nil {
		t.Errorf("the same authority twice: %v", err)
	}
}
