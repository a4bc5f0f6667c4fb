package smartcard

import (
	"context"
	"crypto/x509"
	"math/big"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestRevoked: what is held against a registered card is what would refuse it, and only a revocation of the card itself ends what runs.
func TestRevoked(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*office)
		code   string // empty: nothing is held against it
		ends   bool
	}{
		"good":               {func(*office) {}, "", false},
		"revoked":            {func(o *office) { o.sheet.revoked["77"] = true }, "card_revoked", true},
		"revoked, kept":      {func(o *office) { o.sheet.revoked["77"], o.authority.KeepSessions = true, true }, "card_revoked", false},
		"revoked, old lists": {func(o *office) { o.sheet.revoked["77"], o.sheet.standing = true, bridge.StandingUnknown }, "card_revoked", true},
		"another":            {func(o *office) { o.sheet.revoked["78"] = true }, "", false},
		"cannot be told":     {func(o *office) { o.sheet.standing, o.sheet.then = bridge.StandingUnknown, revocation.Deny }, "", false},
		"emergency only":     {func(o *office) { o.sheet.standing, o.sheet.then = bridge.StandingUnknown, revocation.Emergency }, "", false},
		"not heard of":       {func(o *office) { o.sheet.unheard = true }, "card_ocsp_unknown", false},
		"its issuer": {func(o *office) {
			o.sheet.revoked[o.issuer.cert.SerialNumber.String()] = true
		}, "card_authority_revoked", false},
		"another authority, by the same issuer, keeps": {func(o *office) {
			o.sheet.revoked["77"] = true
			second := o.authority
			second.Name, o.authority.KeepSessions = "second", true
			o.more = append(o.more, second)
		}, "card_revoked", true},
		"the issuer was renewed under another identifier": {func(o *office) {
			o.sheet.revoked["77"] = true
			renewed := newAuthorityKey(t, o.root, "Level 1D", o.issuer.key, func(c *x509.Certificate) { c.SubjectKeyId = []byte("renewed") })
			o.authority.Intermediates = []*x509.Certificate{renewed.cert, newAuthorityKey(t, o.root, "Level 1D", o.issuer.key, func(c *x509.Certificate) { c.SubjectKeyId = o.issuer.cert.SubjectKeyId }).cert}
		}, "card_revoked", true},
	} {
		o := newOffice(t, nil)
		handle := people.CardHandle(IssuerKeyID(o.issuer.cert), big.NewInt(77))
		c.change(o)
		o.open(t)
		got, ok := o.cards.Revoked(people.Authenticator{Kind: people.Smartcard, Handle: handle}, start)
		if ok != (c.code != "") || got.Ends != c.ends {
			t.Errorf("%s: %+v, %v", name, got, ok)
			continue
		}
		if !ok {
			continue
		}
		if got.Why.AuditCode() != c.code || got.Evidence["crl_number"] != "41" || got.Evidence["authority"] == "" || got.Evidence["serial_sha256"] == "" {
			t.Errorf("%s: %+v", name, got)
		}
		if want := map[bool]string{true: "revoked", false: "good"}[c.code == "card_revoked"]; got.Evidence["revocation"] != want {
			t.Errorf("%s: the record would say %q", name, got.Evidence["revocation"])
		}
	}
}

// TestRevokedOfNobody: what names no card of an authority here has nothing held against it.
func TestRevokedOfNobody(t *testing.T) {
	o := newOffice(t, func(o *office) { o.sheet.revoked["77"] = true })
	for _, handle := range []string{"", "h", "zz:4d", people.CardHandle([]byte{1, 2}, big.NewInt(77)), people.CardHandle(nil, big.NewInt(77))} {
		if got, ok := o.cards.Revoked(people.Authenticator{Kind: people.Smartcard, Handle: handle}, start); ok {
			t.Errorf("%q: %+v", handle, got)
		}
	}
}

// asked is a sheet that is good once it was asked about a card.
type asked struct {
	*sheet
	about []string
}

func (a *asked) AskNow(_ context.Context, issuer *x509.Certificate, serial *big.Int) {
	a.about = append(a.about, issuer.Subject.CommonName+" "+serial.String())
	a.standing = bridge.StandingFresh
}

// TestCardNeverSeenBefore: a card about which nothing is known is asked about within its sign-in, once its path is verified and not before.
func TestCardNeverSeenBefore(t *testing.T) {
	o := newOffice(t, nil)
	a := &asked{sheet: o.sheet}
	o.sheet.standing, o.authority.Revocation = bridge.StandingUnknown, a
	o.open(t)
	card, stranger := newCard(t, o.issuer, nil), newCard(t, newAuthority(t, nil, "Level 1D", nil), nil)
	o.register(o.issuer, card, "1")
	_, err := o.accept(t, stranger)
	refused(t, err, bridge.CredentialUntrusted, "card_untrusted")
	if len(a.about) != 0 {
		t.Errorf("asked about %v", a.about)
	}
	if p, err := o.accept(t, card); err != nil || p.Standing != bridge.StandingFresh || len(a.about) != 1 || a.about[0] != "Level 1D 77" {
		t.Errorf("%+v %v, asked about %v", p, err, a.about)
	}
	if _, ok := o.cards.Revoked(people.Authenticator{Kind: people.Smartcard, Handle: people.CardHandle(IssuerKeyID(o.issuer.cert), big.NewInt(77))}, start); ok || len(a.about) != 1 {
		t.Errorf("asked about %v without anybody who waits", a.about)
	}
}
