package smartcard

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// maxList bounds a file with revocation lists, in bytes.
const maxList = 32 << 20

// ErrList is returned for a revocation list that must not be used.
var ErrList = errors.New("smartcard: revocation list is not acceptable")

// Extensions of lists and their entries (RFC 5280, sections 5.2 and 5.3).
var (
	oidDeltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidCertificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidReason            = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate    = asn1.ObjectIdentifier{2, 5, 29, 24}
)

// serial is a serial number as lists are kept: at most 20 octets (RFC 5280, section 4.1.2.2), big-endian.
type serial [20]byte

func serialOf(n *big.Int) (serial, bool) {
	var s serial
	if n.Sign() < 0 || n.BitLen() > 8*len(s) {
		return s, false
	}
	n.FillBytes(s[:])
	return s, true
}

// list is one verified revocation list, compact: 20 bytes an entry.
type list struct {
	number     *big.Int
	thisUpdate time.Time
	nextUpdate time.Time
	serials    []serial // sorted
}

func (l *list) has(s serial) bool {
	_, found := slices.BinarySearchFunc(l.serials, s, compare)
	return found
}

func compare(a, b serial) int { return bytes.Compare(a[:], b[:]) }

// split returns the DER lists of a file, which holds one in DER or any number in PEM.
func split(data []byte) ([][]byte, error) {
	if len(data) > maxList {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrList, maxList)
	}
	if len(data) > 0 && data[0] == 0x30 {
		return [][]byte{data}, nil
	}
	var out [][]byte
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type != "X509 CRL" {
			return nil, fmt.Errorf("%w: unexpected PEM block %q", ErrList, block.Type)
		}
		out, data = append(out, block.Bytes), rest
	}
	if len(out) == 0 || bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%w: neither DER nor PEM", ErrList)
	}
	return out, nil
}

// parts of a list, as far as they are taken apart by hand: the standard library keeps every entry as a
// structure of pointers, which is sixteen times the size of what is needed here.
type parts struct {
	header    *x509.RevocationList // everything but the entries
	tbs       []byte               // what is signed
	signature []byte
	revoked   cryptobyte.String // entries, undecoded
}

// parse reads a list and does not yet believe it.
func parse(raw []byte) (parts, error) {
	malformed := fmt.Errorf("%w: malformed", ErrList)
	in := cryptobyte.String(raw)
	var outer, tbs, algorithm cryptobyte.String
	var signature asn1.BitString
	if !in.ReadASN1(&outer, der.SEQUENCE) || !in.Empty() || !outer.ReadASN1Element(&tbs, der.SEQUENCE) ||
		!outer.ReadASN1Element(&algorithm, der.SEQUENCE) || !outer.ReadASN1BitString(&signature) || !outer.Empty() {
		return parts{}, malformed
	}
	body := tbs
	if !body.ReadASN1(&body, der.SEQUENCE) {
		return parts{}, malformed
	}
	// version, signature, issuer, thisUpdate and nextUpdate come before the entries.
	head := body
	if !body.SkipOptionalASN1(der.INTEGER) || !body.SkipASN1(der.SEQUENCE) || !body.SkipASN1(der.SEQUENCE) ||
		!skipTime(&body) || !skipTime(&body) {
		return parts{}, malformed
	}
	head = head[:len(head)-len(body)]
	var revoked cryptobyte.String
	if body.PeekASN1Tag(der.SEQUENCE) && !body.ReadASN1(&revoked, der.SEQUENCE) {
		return parts{}, malformed
	}
	header, err := parseHeader(head, body, algorithm, signature)
	if err != nil {
		return parts{}, err
	}
	return parts{header: header, tbs: tbs, signature: signature.RightAlign(), revoked: revoked}, nil
}

// parseHeader lets the standard library read the same list without its entries.
func parseHeader(head, tail, algorithm cryptobyte.String, signature asn1.BitString) (*x509.RevocationList, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(head)
			b.AddBytes(tail)
		})
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature.RightAlign())
	})
	raw, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	header, err := x509.ParseRevocationList(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	return header, nil
}

func skipTime(s *cryptobyte.String) bool {
	return s.SkipASN1(der.UTCTime) || s.SkipASN1(der.GeneralizedTime)
}

// accept turns parts into a list: complete, direct, numbered, dated and signed by the issuer.
func (p parts) accept(issuer *x509.Certificate) (*list, error) {
	switch {
	case !bytes.Equal(p.header.RawIssuer, issuer.RawSubject):
		return nil, fmt.Errorf("%w: issued by %q", ErrList, p.header.Issuer)
	case issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0:
		return nil, fmt.Errorf("%w: %q may not sign lists", ErrList, issuer.Subject)
	case !strongSignature(p.header.SignatureAlgorithm):
		return nil, fmt.Errorf("%w: signature algorithm %s", ErrList, p.header.SignatureAlgorithm)
	case p.header.Number == nil:
		return nil, fmt.Errorf("%w: no number", ErrList)
	case p.header.NextUpdate.IsZero():
		return nil, fmt.Errorf("%w: no nextUpdate", ErrList)
	}
	if err := issuer.CheckSignature(p.header.SignatureAlgorithm, p.tbs, p.signature); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrList, err)
	}
	if err := checkExtensions(p.header.Extensions); err != nil {
		return nil, err
	}
	serials, err := entries(p.revoked)
	if err != nil {
		return nil, err
	}
	return &list{number: p.header.Number, thisUpdate: p.header.ThisUpdate, nextUpdate: p.header.NextUpdate, serials: serials}, nil
}

func strongSignature(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS,
		x509.SHA512WithRSAPSS, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		return true
	}
	return false
}

// checkExtensions refuses a list that does not speak for every certificate of its issuer.
func checkExtensions(extensions []pkix.Extension) error {
	for _, e := range extensions {
		switch {
		case e.Id.Equal(oidDeltaIndicator):
			return fmt.Errorf("%w: only a delta", ErrList)
		case e.Id.Equal(oidDistributionPoint):
			if err := checkScope(e.Value); err != nil {
				return err
			}
		case e.Critical:
			return fmt.Errorf("%w: critical extension %s", ErrList, e.Id)
		}
	}
	return nil
}

// checkScope reads an issuingDistributionPoint (RFC 5280, section 5.2.5). Only "user certificates" is a scope
// that certainly holds every card.
func checkScope(value []byte) error {
	var scope struct {
		Point           asn1.RawValue  `asn1:"optional,tag:0"`
		OnlyUser        bool           `asn1:"optional,tag:1"`
		OnlyAuthorities bool           `asn1:"optional,tag:2"`
		SomeReasons     asn1.BitString `asn1:"optional,tag:3"`
		Indirect        bool           `asn1:"optional,tag:4"`
		OnlyAttribute   bool           `asn1:"optional,tag:5"`
	}
	rest, err := asn1.Unmarshal(value, &scope)
	switch {
	case err != nil || len(rest) != 0:
		return fmt.Errorf("%w: malformed issuingDistributionPoint", ErrList)
	case scope.Indirect:
		return fmt.Errorf("%w: indirect", ErrList)
	case len(scope.Point.FullBytes) > 0, scope.OnlyAuthorities, scope.OnlyAttribute, scope.SomeReasons.BitLength > 0:
		return fmt.Errorf("%w: covers only a part of the certificates", ErrList)
	}
	return nil
}

// entries reads the revoked serial numbers, whatever the reason: also what is on hold must not sign in.
func entries(revoked cryptobyte.String) ([]serial, error) {
	malformed := fmt.Errorf("%w: malformed entry", ErrList)
	var out []serial
	number := new(big.Int)
	for !revoked.Empty() {
		var entry cryptobyte.String
		if !revoked.ReadASN1(&entry, der.SEQUENCE) || !entry.ReadASN1Integer(number) || !skipTime(&entry) {
			return nil, malformed
		}
		s, ok := serialOf(number)
		if !ok {
			return nil, fmt.Errorf("%w: serial number out of range", ErrList)
		}
		if err := checkEntry(entry); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	slices.SortFunc(out, compare)
	return slices.Clip(slices.Compact(out)), nil
}

func checkEntry(entry cryptobyte.String) error {
	if entry.Empty() {
		return nil
	}
	var extensions cryptobyte.String
	if !entry.ReadASN1(&extensions, der.SEQUENCE) || !entry.Empty() {
		return fmt.Errorf("%w: malformed entry", ErrList)
	}
	for !extensions.Empty() {
		var extension, value cryptobyte.String
		var oid asn1.ObjectIdentifier
		var critical bool
		if !extensions.ReadASN1(&extension, der.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&oid) ||
			(extension.PeekASN1Tag(der.BOOLEAN) && !extension.ReadASN1Boolean(&critical)) ||
			!extension.ReadASN1(&value, der.OCTET_STRING) || !extension.Empty() {
			return fmt.Errorf("%w: malformed entry", ErrList)
		}
		known := oid.Equal(oidReason) || oid.Equal(oidInvalidityDate)
		if oid.Equal(oidCertificateIssuer) || (critical && !known) {
			return fmt.Errorf("%w: entry with extension %s", ErrList, oid)
		}
	}
	return nil
}

// newer reports whether l may take the place of old: a lower number, or an older list under the same, is a rollback.
func (l *list) newer(old *list) bool {
	if old == nil {
		return true
	}
	return cmp.Or(l.number.Cmp(old.number), l.thisUpdate.Compare(old.thisUpdate)) >= 0
}
