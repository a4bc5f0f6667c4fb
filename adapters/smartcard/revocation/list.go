package revocation

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// Extensions of lists (RFC 5280, section 5.2).
var (
	oidDeltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// Extensions of entries (RFC 5280, section 5.3), as they are encoded: a parsed OID would be garbage for each entry.
const (
	reasonCode        = "\x55\x1d\x15" // 2.5.29.21
	invalidityDate    = "\x55\x1d\x18" // 2.5.29.24
	certificateIssuer = "\x55\x1d\x1d" // 2.5.29.29
)

// removeFromCRL is the reason by which a delta takes back what the complete list says (RFC 5280, section 5.3.1).
const removeFromCRL = 8

// list is one verified revocation list, complete or a delta.
type list struct {
	number     *big.Int
	base       *big.Int // of a delta: BaseCRLNumber; nil: it is complete
	scope      []byte   // issuingDistributionPoint as it is; nil: there is none
	thisUpdate time.Time
	nextUpdate time.Time
	revoked    serials
	removed    serials // of a delta: no longer revoked
	entries    int
}

// opener gives the same list from its beginning, as often as it is asked.
type opener func() (io.ReadCloser, error)

// readList reads a list of one of the issuers. It allocates nothing for entries before their signature is verified.
func readList(open opener, issuers []*x509.Certificate) (*list, *x509.Certificate, error) {
	var revoked, removed tally
	first, err := scanOnce(open, func(number []byte, reason int) {
		if reason == removeFromCRL {
			removed[len(number)]++
		} else {
			revoked[len(number)]++
		}
	})
	if err != nil {
		return nil, nil, err
	}
	l, issuer, err := first.attribute(issuers)
	if err != nil {
		return nil, nil, err
	}
	l.revoked, l.removed = revoked.set(), removed.set()
	again, err := scanOnce(open, func(number []byte, reason int) {
		if reason == removeFromCRL {
			l.removed.add(number)
		} else {
			l.revoked.add(number)
		}
	})
	switch {
	case err != nil:
		return nil, nil, err
	case !bytes.Equal(first.digest, again.digest):
		return nil, nil, fmt.Errorf("%w: it changed while it was read", ErrList)
	}
	l.revoked.sort()
	l.removed.sort()
	if l.entries = l.revoked.len() + l.removed.len(); l.base == nil && l.removed.len() > 0 {
		return nil, nil, fmt.Errorf("%w: removeFromCRL in a complete list", ErrList)
	}
	return l, issuer, nil
}

func scanOnce(open opener, each func([]byte, int)) (outline, error) {
	r, err := open()
	if err != nil {
		return outline{}, err
	}
	defer r.Close()
	return scan(r, each)
}

// attribute finds the authority that signed the list.
func (o outline) attribute(issuers []*x509.Certificate) (*list, *x509.Certificate, error) {
	err := fmt.Errorf("%w: issued by none of the authorities", ErrList)
	for _, issuer := range issuers {
		if !bytes.Equal(issuer.RawSubject, o.header.RawIssuer) {
			continue
		}
		var l *list
		if l, err = o.accept(issuer); err == nil {
			return l, issuer, nil
		}
	}
	return nil, nil, err
}

// accept makes a list without entries of an outline that is direct, numbered, dated and signed by the issuer.
func (o outline) accept(issuer *x509.Certificate) (*list, error) {
	h := o.header
	switch {
	case issuer.KeyUsage != 0 && issuer.KeyUsage&x509.KeyUsageCRLSign == 0:
		return nil, fmt.Errorf("%w: %q may not sign lists", ErrList, issuer.Subject)
	case h.Number == nil:
		return nil, fmt.Errorf("%w: no number", ErrList)
	case h.Number.BitLen() > 8*maxSerial: // RFC 5280, section 5.2.3
		return nil, fmt.Errorf("%w: its number is too long", ErrList)
	case h.NextUpdate.IsZero():
		return nil, fmt.Errorf("%w: no nextUpdate", ErrList)
	case !h.NextUpdate.After(h.ThisUpdate):
		return nil, fmt.Errorf("%w: nextUpdate is not after thisUpdate", ErrList)
	}
	if _, err := signingOf(h.SignatureAlgorithm); err != nil {
		return nil, err
	}
	if err := o.signing.verify(issuer, o.digest, o.signature); err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrList, err)
	}
	l := &list{number: h.Number, thisUpdate: h.ThisUpdate, nextUpdate: h.NextUpdate}
	return l, l.extensions(h.Extensions)
}

// extensions refuses a list that does not speak for every certificate of its issuer.
func (l *list) extensions(all []pkix.Extension) error {
	for _, e := range all {
		switch {
		case e.Id.Equal(oidDeltaIndicator):
			base := new(big.Int)
			if in := cryptobyte.String(e.Value); !in.ReadASN1Integer(base) || !in.Empty() || base.Sign() < 0 {
				return malformed("deltaCRLIndicator")
			}
			if base.Cmp(l.number) >= 0 {
				return fmt.Errorf("%w: a delta to a later list", ErrList)
			}
			l.base = base
		case e.Id.Equal(oidDistributionPoint):
			if err := checkScope(e.Value); err != nil {
				return err
			}
			l.scope = e.Value
		case e.Critical:
			return fmt.Errorf("%w: critical extension %s", ErrList, e.Id)
		}
	}
	return nil
}

// checkScope reads an issuingDistributionPoint (RFC 5280, section 5.2.5). Only "user certificates" is a scope that certainly holds
// every card.
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
		return malformed("issuingDistributionPoint")
	case scope.Indirect:
		return fmt.Errorf("%w: indirect", ErrList)
	case len(scope.Point.FullBytes) > 0, scope.OnlyAuthorities, scope.OnlyAttribute, scope.SomeReasons.BitLength > 0:
		return fmt.Errorf("%w: covers only a part of the certificates", ErrList)
	}
	return nil
}

// readEntry reads a revoked serial number and the reason; 0 if none is given. Whatever the reason, also what is on hold must not
// sign in. The number shares memory with the entry.
func readEntry(entry cryptobyte.String) (number []byte, reason int, err error) {
	if !entry.ReadASN1Integer(&number) || !entry.SkipASN1(der.UTCTime) && !entry.SkipASN1(der.GeneralizedTime) {
		return nil, 0, malformed("entry")
	}
	if len(number) > maxSerial {
		return nil, 0, fmt.Errorf("%w: serial number out of range", ErrList)
	}
	if entry.Empty() {
		return number, 0, nil
	}
	var extensions cryptobyte.String
	if !entry.ReadASN1(&extensions, der.SEQUENCE) || !entry.Empty() {
		return nil, 0, malformed("entry")
	}
	for !extensions.Empty() {
		if reason, err = readEntryExtension(&extensions, reason); err != nil {
			return nil, 0, err
		}
	}
	return number, reason, nil
}

// readEntryExtension reads the next extension of an entry; it returns the reason if it is one, else what is known of it.
func readEntryExtension(in *cryptobyte.String, reason int) (int, error) {
	var extension, oid, value cryptobyte.String
	var critical bool
	if !in.ReadASN1(&extension, der.SEQUENCE) || !extension.ReadASN1(&oid, der.OBJECT_IDENTIFIER) ||
		(extension.PeekASN1Tag(der.BOOLEAN) && !extension.ReadASN1Boolean(&critical)) ||
		!extension.ReadASN1(&value, der.OCTET_STRING) || !extension.Empty() {
		return 0, malformed("entry")
	}
	switch {
	case string(oid) == reasonCode:
		var code cryptobyte.String
		if !value.ReadASN1(&code, der.ENUM) || !value.Empty() || len(code) != 1 || code[0] > 10 {
			return 0, malformed("reason")
		}
		reason = int(code[0])
	case string(oid) == certificateIssuer, critical && string(oid) != invalidityDate:
		return 0, fmt.Errorf("%w: entry with extension %x", ErrList, []byte(oid))
	}
	return reason, nil
}
