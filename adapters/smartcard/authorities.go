package smartcard

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
)

// Authority is who issues cards, and what its cards are good for. Name, Roots and Revocation are required.
type Authority struct {
	Name          string
	Roots         []*x509.Certificate // where a path must end
	Intermediates []*x509.Certificate // what may lie between; what the browser sends along is not used
	// EKU lists the extended key usages that a card must all have; when empty, it must have clientAuth or smartcardLogon.
	EKU []asn1.ObjectIdentifier
	// Policies lists certificate policies of which a card must have one, and every authority above it but the root that or
	// anyPolicy; empty: none is asked for.
	Policies []asn1.ObjectIdentifier
	Keys     []KeyKind // what keys cards may have; empty: RSA and EC
	// ContentCommitment accepts cards whose one key both signs in and signs what is meant. Never one that only does the latter.
	ContentCommitment bool
	Assurance         bridge.Assurance // of a proof by a card that is known not to be revoked; 3 if zero
	Revocation        revocation.Decider
	KeepSessions      bool       // a revocation that arrives ends no session that began with the card before
	Identifier        Identifier // empty: a card is registered by its issuer and number alone
}

// KeyKind is a kind of key.
type KeyKind string

// The kinds of keys that cards have: RSA from 2048 bits, and EC on P-256, P-384 or P-521.
const (
	KeyRSA KeyKind = "rsa"
	KeyEC  KeyKind = "ec"
)

// knownAuthority is an Authority, ready for use.
type knownAuthority struct {
	Authority
	roots         *x509.CertPool
	intermediates *x509.CertPool
	paths         [][]*x509.Certificate // from each certificate of the authority to a root
}

func (a Authority) prepare() (knownAuthority, error) {
	switch {
	case a.Name == "":
		return knownAuthority{}, errors.New("smartcard: an authority needs a name")
	case len(a.Roots) == 0:
		return knownAuthority{}, fmt.Errorf("smartcard: no root of authority %s to trust", a.Name)
	case a.Revocation == nil:
		return knownAuthority{}, fmt.Errorf("smartcard: nobody knows what authority %s revoked", a.Name)
	case a.Assurance < 0 || a.Assurance > 3:
		return knownAuthority{}, fmt.Errorf("smartcard: assurance of authority %s is from 1 to 3", a.Name)
	}
	for _, k := range a.Keys {
		if k != KeyRSA && k != KeyEC {
			return knownAuthority{}, fmt.Errorf("smartcard: unknown kind of key %q", k)
		}
	}
	if err := a.Identifier.check(); err != nil {
		return knownAuthority{}, err
	}
	if a.Assurance == 0 {
		a.Assurance = 3
	}
	out := knownAuthority{Authority: a, roots: x509.NewCertPool(), intermediates: x509.NewCertPool(), paths: pathsOf(a)}
	for _, r := range a.Roots {
		out.roots.AddCert(r)
	}
	for _, i := range a.Intermediates {
		out.intermediates.AddCert(i)
	}
	return out, nil
}

// accepts reports whether a card may have such a key.
func (a *knownAuthority) accepts(key any) bool {
	kind := KeyKind("")
	switch key := key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= 2048 {
			kind = KeyRSA
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			kind = KeyEC
		}
	}
	return kind != "" && (len(a.Keys) == 0 || slices.Contains(a.Keys, kind))
}

// ParseAuthorities reads a PEM bundle of authorities and says which of them are roots: those that no other
// certificate of the bundle issued. The operator put them there, so a path may end in each.
func ParseAuthorities(data []byte) (roots, intermediates []*x509.Certificate, err error) {
	var all []*x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, nil, fmt.Errorf("smartcard: unexpected PEM block %q among authorities", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, fmt.Errorf("smartcard: authority: %w", err)
		}
		if !c.IsCA || !c.BasicConstraintsValid {
			return nil, nil, fmt.Errorf("smartcard: certificate of %q is not an authority's", c.Subject)
		}
		all = append(all, c)
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, nil, errors.New("smartcard: damaged PEM block among authorities")
	}
	for _, c := range all {
		if issuedByOther(c, all) {
			intermediates = append(intermediates, c)
		} else {
			roots = append(roots, c)
		}
	}
	if len(roots) == 0 {
		return nil, nil, errors.New("smartcard: no root among the authorities")
	}
	return roots, intermediates, nil
}

func issuedByOther(c *x509.Certificate, all []*x509.Certificate) bool {
	if c.CheckSignatureFrom(c) == nil {
		return false
	}
	for _, other := range all {
		if other != c && bytes.Equal(other.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(other) == nil {
			return true
		}
	}
	return false
}

// distinct makes sure that a key identifier names one key, among all authorities: cards are told apart by it.
func distinct(all []*x509.Certificate) error {
	keys := map[string][]byte{}
	for _, a := range all {
		id := string(IssuerKeyID(a))
		if key, ok := keys[id]; ok && !bytes.Equal(key, a.RawSubjectPublicKeyInfo) {
			return fmt.Errorf("smartcard: two authorities claim the key identifier %x", id)
		}
		keys[id] = a.RawSubjectPublicKeyInfo
	}
	return nil
}

// IssuerKeyID identifies the key of an issuer, as the cards it issues name it. It is read from the issuer that was verified, never
// from the card, and New refuses two authorities that claim the same one.
func IssuerKeyID(issuer *x509.Certificate) []byte { return revocation.IssuerKeyID(issuer) }
