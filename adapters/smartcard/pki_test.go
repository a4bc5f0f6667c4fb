package smartcard

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

var start = time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)

// authority is one certificate with its key.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func p256(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// issue makes a certificate; a nil parent signs itself.
func issue(t testing.TB, parent *authority, template x509.Certificate, key crypto.Signer) *authority {
	t.Helper()
	if template.NotBefore.IsZero() {
		template.NotBefore = start.Add(-24 * time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = start.Add(365 * 24 * time.Hour)
	}
	if template.SerialNumber == nil {
		template.SerialNumber = big.NewInt(1)
	}
	issuer, signer := &template, key
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func newAuthority(t testing.TB, parent *authority, name string, change func(*x509.Certificate)) *authority {
	t.Helper()
	return newAuthorityKey(t, parent, name, p256(t), change)
}

func newAuthorityKey(t testing.TB, parent *authority, name string, key crypto.Signer, change func(*x509.Certificate)) *authority {
	t.Helper()
	template := x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SerialNumber: big.NewInt(int64(len(name)) + 1000),
	}
	if change != nil {
		change(&template)
	}
	return issue(t, parent, template, key)
}

// newCard makes a card's certificate as the national issuer would, changed.
func newCard(t testing.TB, by *authority, change func(*x509.Certificate)) *authority {
	t.Helper()
	return newCardKey(t, by, p256(t), change)
}

func newCardKey(t testing.TB, by *authority, key crypto.Signer, change func(*x509.Certificate)) *authority {
	t.Helper()
	template := x509.Certificate{
		Subject: pkix.Name{CommonName: "555000000001_Asha_Patel"}, SerialNumber: big.NewInt(77),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true,
	}
	if change != nil {
		change(&template)
	}
	return issue(t, by, template, key)
}

// shelf is a store of authenticators, and the record of what was added.
type shelf struct {
	all    map[string]people.Authenticator
	record []ledger.Event
}

func (s *shelf) Commit(_ context.Context, writes ...bridge.Write) error {
	for _, w := range writes {
		switch w := w.(type) {
		case bridge.AddAuthenticator:
			s.all[w.Authenticator.Handle] = w.Authenticator
		case bridge.Append:
			s.record = append(s.record, w.Event)
		default:
			return fmt.Errorf("not expected: %T", w)
		}
	}
	return nil
}

func (s *shelf) Authenticator(_ context.Context, kind people.Kind, handle string) (people.Authenticator, error) {
	if a, ok := s.all[handle]; ok && kind == people.Smartcard {
		return a, nil
	}
	return people.Authenticator{}, people.ErrNotFound
}

func (s *shelf) AuthenticatorsOf(context.Context, string) ([]people.Authenticator, error) {
	return nil, people.ErrNotFound
}

func (s *shelf) AddAuthenticator(_ context.Context, a people.Authenticator) error {
	s.all[a.Handle] = a
	return nil
}

func (s *shelf) UpdateAuthenticator(_ context.Context, a people.Authenticator, _ []byte) error {
	s.all[a.Handle] = a
	return nil
}

// sheet is a Decider whose answer the test writes.
type sheet struct {
	revoked  map[string]bool // by serial number
	unheard  bool            // a responder says that it does not know the card
	source   string          // crl if empty
	standing bridge.Standing
	then     revocation.Then
	most     bridge.Assurance
}

func (s *sheet) Decide(_ *x509.Certificate, n *big.Int, now time.Time) revocation.Decision {
	return revocation.Decision{Standing: s.standing, Then: s.then, Most: s.most, Age: time.Hour, Evidence: revocation.Evidence{
		Source: cmp.Or(s.source, revocation.SourceList), Unheard: s.unheard, Revoked: s.revoked[n.String()], Number: "41", ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour),
	}}
}

func (s *sheet) Listed(_ *x509.Certificate, n *big.Int) bool { return s.revoked[n.String()] }

// office is an issuer of cards and a hub that accepts them.
type office struct {
	root, issuer *authority
	shelf        *shelf
	sheet        *sheet
	authority    Authority
	more         []Authority
	options      Options
	cards        *Cards
	at           time.Time // when cards are shown at cardHost; start if zero
}

func newOffice(t testing.TB, change func(*office)) *office {
	t.Helper()
	root := newAuthority(t, nil, "Root", nil)
	o := &office{
		root: root, issuer: newAuthority(t, root, "Level 1D", nil),
		shelf: &shelf{all: map[string]people.Authenticator{}}, sheet: &sheet{revoked: map[string]bool{}, standing: bridge.StandingFresh},
	}
	o.authority = Authority{
		Name: "national", Roots: []*x509.Certificate{root.cert}, Intermediates: []*x509.Certificate{o.issuer.cert}, Revocation: o.sheet,
		ContentCommitment: true,
	}
	o.options.Authenticators = o.shelf
	if change != nil {
		change(o)
	}
	o.open(t)
	return o
}

// open makes the Cards anew of what the test changed.
func (o *office) open(t testing.TB) {
	t.Helper()
	o.options.Authorities = append([]Authority{o.authority}, o.more...)
	cards, err := New(o.options)
	if err != nil {
		t.Fatal(err)
	}
	o.cards = cards
}

// register binds a card to a person by issuer and serial number.
func (o *office) register(issuer, card *authority, uid string) {
	h := people.CardHandle(IssuerKeyID(issuer.cert), card.cert.SerialNumber)
	o.shelf.all[h] = people.Authenticator{ID: "auth-" + uid, UID: uid, Kind: people.Smartcard, Handle: h}
}

func (o *office) accept(t testing.TB, cards ...*authority) (bridge.Proof, error) {
	t.Helper()
	var presented []*x509.Certificate
	for _, c := range cards {
		presented = append(presented, c.cert)
	}
	return o.cards.Accept(t.Context(), presented, start)
}

func refused(t testing.TB, err error, reason bridge.Reason, code string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want %s", code)
	}
	r := bridge.AsRefusal(err)
	if r.Reason != reason || r.AuditCode() != code || r.Detail == "" {
		t.Errorf("refused with %s %s (%v), want %s %s", r.Reason, r.AuditCode(), err, reason, code)
	}
}

func extension(t testing.TB, oid asn1.ObjectIdentifier, critical bool, value any) pkix.Extension {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return pkix.Extension{Id: oid, Critical: critical, Value: der}
}
