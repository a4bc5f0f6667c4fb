package smartcard

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// IdentifierSource is the one place in a certificate where its authority writes the number under which the holder is registered.
type IdentifierSource string

// The places. Which one an authority uses is configured, never guessed.
const (
	NoIdentifier  IdentifierSource = ""        // the certificate names nobody: the usual case
	SubjectOID    IdentifierSource = "subject" // an attribute of the subject
	OtherName     IdentifierSource = "san_other"
	PrincipalName IdentifierSource = "san_upn" // the user principal name: otherName 1.3.6.1.4.1.311.20.2.3
	URIName       IdentifierSource = "san_uri"
)

// Identifier says how an authority names holders.
type Identifier struct {
	Source IdentifierSource
	OID    asn1.ObjectIdentifier // of the subject's attribute, or of the otherName
	Prefix string                // what stands in front of the number, exactly
	Suffix string                // and behind it, such as the realm of a principal name
}

var (
	oidPrincipalName = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}
	oidAltName       = asn1.ObjectIdentifier{2, 5, 29, 17}
)

// Tags of GeneralName (RFC 5280, section 4.2.1.6).
var (
	tagOtherName = der.Tag(0).ContextSpecific().Constructed()
	tagURI       = der.Tag(6).ContextSpecific()
)

var (
	errNoIdentifier = errors.New("smartcard: the certificate has no identifier where its authority writes it")
	errAmbiguous    = errors.New("smartcard: the certificate has more than one identifier")
	errIdentifier   = errors.New("smartcard: the identifier is not a number as people are registered by")
)

// digits is what an identifier must be: a national identifier of staff. ASCII alone, and no NUL can hide in it.
var digits = regexp.MustCompile(`^[0-9]{6,20}$`)

func (i Identifier) check() error {
	switch i.Source {
	case NoIdentifier, PrincipalName, URIName:
		if i.OID != nil {
			return fmt.Errorf("smartcard: an identifier from %q has no OID", i.Source)
		}
	case SubjectOID, OtherName:
		if len(i.OID) < 3 {
			return fmt.Errorf("smartcard: an identifier from %q needs its OID", i.Source)
		}
	default:
		return fmt.Errorf("smartcard: unknown place of an identifier %q", i.Source)
	}
	return nil
}

// read finds the holder's number. Exactly one value may be at the place, whatever it is: a certificate with two of them is refused
// rather than one of them picked.
func (i Identifier) read(leaf *x509.Certificate) (string, error) {
	var values []string
	var err error
	if i.Source == SubjectOID {
		values, err = i.inSubject(leaf)
	} else {
		values, err = i.inNames(leaf)
	}
	switch {
	case err != nil:
		return "", err
	case len(values) == 0:
		return "", errNoIdentifier
	case len(values) > 1:
		return "", errAmbiguous
	}
	number, front := strings.CutPrefix(values[0], i.Prefix)
	number, back := strings.CutSuffix(number, i.Suffix)
	if !front || !back || !digits.MatchString(number) {
		return "", errIdentifier
	}
	return number, nil
}

// inSubject reads the subject's own bytes: a parser that turns names into text may join or drop values.
func (i Identifier) inSubject(leaf *x509.Certificate) ([]string, error) {
	in := cryptobyte.String(leaf.RawSubject)
	var names cryptobyte.String
	if !in.ReadASN1(&names, der.SEQUENCE) || !in.Empty() {
		return nil, errIdentifier
	}
	var out []string
	for !names.Empty() {
		var set cryptobyte.String
		if !names.ReadASN1(&set, der.SET) {
			return nil, errIdentifier
		}
		for !set.Empty() {
			var pair, value cryptobyte.String
			var oid asn1.ObjectIdentifier
			var tag der.Tag
			if !set.ReadASN1(&pair, der.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&oid) || !pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
				return nil, errIdentifier
			}
			if oid.Equal(i.OID) {
				out = append(out, textOf(value, tag))
			}
		}
	}
	return out, nil
}

// inNames reads the subject alternative names of the one kind.
func (i Identifier) inNames(leaf *x509.Certificate) ([]string, error) {
	var out []string
	for _, e := range leaf.Extensions {
		if !e.Id.Equal(oidAltName) {
			continue
		}
		in := cryptobyte.String(e.Value)
		var names cryptobyte.String
		if !in.ReadASN1(&names, der.SEQUENCE) || !in.Empty() {
			return nil, errIdentifier
		}
		for !names.Empty() {
			var name cryptobyte.String
			var tag der.Tag
			if !names.ReadAnyASN1(&name, &tag) {
				return nil, errIdentifier
			}
			value, ours, err := i.nameOf(name, tag)
			if err != nil {
				return nil, err
			}
			if ours {
				out = append(out, value)
			}
		}
	}
	return out, nil
}

// nameOf reads one name, and says whether it is of the kind in question.
func (i Identifier) nameOf(name cryptobyte.String, tag der.Tag) (value string, ours bool, err error) {
	if i.Source == URIName {
		return string(name), tag == tagURI, nil
	}
	if tag != tagOtherName {
		return "", false, nil
	}
	want := i.OID
	if i.Source == PrincipalName {
		want = oidPrincipalName
	}
	var oid asn1.ObjectIdentifier
	var wrapped, text cryptobyte.String
	var kind der.Tag
	if !name.ReadASN1ObjectIdentifier(&oid) || !name.ReadASN1(&wrapped, der.Tag(0).ContextSpecific().Constructed()) || !name.Empty() {
		return "", false, errIdentifier
	}
	if !oid.Equal(want) {
		return "", false, nil
	}
	if !wrapped.ReadAnyASN1(&text, &kind) || !wrapped.Empty() {
		return "", false, errIdentifier
	}
	return textOf(text, kind), true, nil
}

// textOf is a text of one octet a character; of any other kind of string it is what no identifier is.
func textOf(value cryptobyte.String, tag der.Tag) string {
	switch tag {
	case der.PrintableString, der.UTF8String, der.IA5String:
		return string(value)
	}
	return ""
}
