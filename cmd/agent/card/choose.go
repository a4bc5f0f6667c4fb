package card

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"time"
)

// usages are rules that a certificate must pass to be one for signing in. Cards of two certificates have one for that and one for
// the signatures that bind their holder (content commitment): with the latter nothing is ever signed here.
var usages = []struct {
	name string
	ok   func(*x509.Certificate) bool
}{
	{"is of a person, not of an authority", func(c *x509.Certificate) bool { return !c.IsCA }},
	{"is not for content commitment", func(c *x509.Certificate) bool { return c.KeyUsage&x509.KeyUsageContentCommitment == 0 }},
	{"may sign", func(c *x509.Certificate) bool {
		return c.KeyUsage == 0 || c.KeyUsage&x509.KeyUsageDigitalSignature != 0
	}},
	{"is for authentication", forAuthentication},
	{"is not that of the card alone", func(c *x509.Certificate) bool { return !slices.ContainsFunc(c.UnknownExtKeyUsage, cardAlone) }},
	{"has a key that can be used", func(c *x509.Certificate) bool { _, ok := methodOf(c); return ok }},
}

// forAuthentication: it names no purpose, or one of these.
func forAuthentication(c *x509.Certificate) bool {
	if len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0 {
		return true
	}
	logon := func(oid asn1.ObjectIdentifier) bool {
		return oid.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2})
	}
	return slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth) || slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny) ||
		slices.ContainsFunc(c.UnknownExtKeyUsage, logon)
}

// cardAlone: id-PIV-cardAuth, of a key that needs no PIN (FIPS 201).
func cardAlone(oid asn1.ObjectIdentifier) bool {
	return oid.Equal(asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 6, 8})
}

func methodOf(c *x509.Certificate) (Method, bool) {
	switch c.PublicKey.(type) {
	case *rsa.PublicKey:
		return RSA, true
	case *ecdsa.PublicKey:
		return ECDSA, true
	}
	return 0, false
}

// choose returns the certificates of a card to sign in with, best first: that of a PIV card's slot 9A before others, then the
// newest. ErrNoCertificate if there is none, ErrExpired if those there are none is valid now.
func choose(objects []Object, now time.Time) ([]Certificate, error) {
	var out []Certificate
	expired := false
	labels := map[*x509.Certificate]string{}
	for _, o := range objects {
		c, err := x509.ParseCertificate(o.DER)
		if err != nil || len(o.ID) == 0 || !fit(c) {
			continue
		}
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			expired = true
			continue
		}
		method, _ := methodOf(c)
		labels[c] = o.Label
		out = append(out, Certificate{c, Key{bytes.Clone(o.ID), method}})
	}
	switch {
	case len(out) > 0:
	case expired:
		return nil, ErrExpired
	default:
		return nil, ErrNoCertificate
	}
	slices.SortStableFunc(out, func(a, b Certificate) int {
		return cmp.Or(rank(labels[a.Certificate])-rank(labels[b.Certificate]), b.NotBefore.Compare(a.NotBefore))
	})
	return out, nil
}

func fit(c *x509.Certificate) bool {
	for _, u := range usages {
		if !u.ok(c) {
			return false
		}
	}
	return true
}

// rank puts the certificate that middleware names as that of PIV authentication first.
func rank(label string) int {
	if strings.Contains(strings.ToLower(label), "piv authentication") {
		return 0
	}
	return 1
}
