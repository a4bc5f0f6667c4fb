package smartcard

import (
	"crypto/x509"
	"math/big"
	"slices"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
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

// TestRenewedAuthority: a card is the same whichever certificate of its issuer's key the path goes through; one that was withdrawn does
// not come back as a new one by its identifier.
func TestRenewedAuthority(t *testing.T) {
	for _, withdrawn := range []bool{false, true} {
		for _, renewedFirst := range []bool{false, true} {
			var renewed *authority
			o := newOffice(t, func(o *office) {
				renewed = issue(t, o.root, x509.Certificate{
					Subject: o.issuer.cert.Subject, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
					SerialNumber: big.NewInt(2000), SubjectKeyId: []byte("another identifier"),
				}, o.issuer.key)
				o.authority.Intermediates = []*x509.Certificate{o.issuer.cert, renewed.cert}
				if renewedFirst {
					slices.Reverse(o.authority.Intermediates)
				}
				o.authority.Identifier = Identifier{Source: PrincipalName, Suffix: "@rx1.example"}
				o.options.People, o.options.Journal, o.options.NewID = staff{"555000000001": people.Active}, o.shelf, func() string { return "new" }
			})
			for _, by := range []*authority{o.issuer, renewed} {
				clear(o.shelf.all)
				card := newCard(t, o.issuer, func(c *x509.Certificate) {
					names(t, upn("555000000001@rx1.example"))(c)
					c.AuthorityKeyId = nil
				})
				o.register(by, card, "555000000001")
				for h, a := range o.shelf.all {
					if withdrawn {
						a.Revoked = start
					}
					o.shelf.all[h] = a
				}
				proof, err := o.accept(t, card)
				switch {
				case withdrawn:
					refused(t, err, bridge.CredentialRevoked, "card_withdrawn")
				case err != nil || proof.AuthenticatorID != "auth-555000000001":
					t.Errorf("%+v %v", proof, err)
				}
			}
		}
	}
}
