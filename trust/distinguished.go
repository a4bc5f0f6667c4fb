package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// attribute is one type and value of a distinguished name.
type attribute struct {
	kind string // dotted OID
	text string
}

// distinguished is a distinguished name: relative names, each of one attribute or more, the most significant first.
type distinguished [][]attribute

// shortNames are those that RFC 4514, section 3, requires, and others that tools print.
var shortNames = map[string]string{
	"CN": "2.5.4.3", "L": "2.5.4.7", "ST": "2.5.4.8", "S": "2.5.4.8", "O": "2.5.4.10", "OU": "2.5.4.11", "C": "2.5.4.6", "STREET": "2.5.4.9",
	"DC": "0.9.2342.19200300.100.1.25", "UID": "0.9.2342.19200300.100.1.1", "SN": "2.5.4.4", "GIVENNAME": "2.5.4.42", "SERIALNUMBER": "2.5.4.5",
	"TITLE": "2.5.4.12", "POSTALCODE": "2.5.4.17", "ORGANIZATIONIDENTIFIER": "2.5.4.97", "EMAILADDRESS": "1.2.840.113549.1.9.1", "E": "1.2.840.113549.1.9.1",
	"JURISDICTIONCOUNTRYNAME": "1.3.6.1.4.1.311.60.2.1.3", "BUSINESSCATEGORY": "2.5.4.15",
}

var errDN = errors.New("is not a distinguished name such as CN=api,O=Example,C=GB (RFC 4514)")

// readDN reads the string of RFC 4514, section 3, which has the most significant part last.
func readDN(s string) (distinguished, error) {
	var out distinguished
	rest := s
	for more := rest != ""; more; {
		var relative []attribute
		for plus := true; plus; {
			var a attribute
			var end byte
			var err error
			if a, rest, end, err = readAttribute(rest); err != nil {
				return nil, err
			}
			relative = append(relative, a)
			plus, more = end == '+', end == ',' || end == '+'
		}
		out = append(out, relative)
	}
	if len(out) == 0 {
		return nil, errDN
	}
	slices.Reverse(out)
	return out, nil
}

// readAttribute reads one attribute and what ends it: a comma, a plus, or nothing (0).
func readAttribute(s string) (a attribute, rest string, end byte, err error) {
	kind, value, ok := strings.Cut(s, "=")
	kind = strings.Trim(kind, " ")
	if !ok || kind == "" {
		return a, "", 0, errDN
	}
	if oid, known := shortNames[strings.ToUpper(kind)]; known {
		kind = oid
	} else if !dotted(kind) {
		return a, "", 0, fmt.Errorf("%w: the attribute %q is not known; write its OID", errDN, kind)
	}
	text, rest, end, err := readValue(value)
	if err != nil {
		return a, "", 0, err
	}
	a = attribute{kind, text}
	if strings.HasPrefix(strings.TrimLeft(value, " "), "#") { // the value in DER, in hex
		der, err := hex.DecodeString(text[1:])
		if err == nil {
			a.text, ok = textOf(der)
		}
		if err != nil || !ok {
			return a, "", 0, errDN
		}
	}
	return a, rest, end, nil
}

func dotted(s string) bool {
	return strings.Contains(s, ".") && !strings.ContainsFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
}

// readValue unescapes a value up to the comma or plus that ends it.
func readValue(s string) (text, rest string, end byte, err error) {
	var out []byte
	solid := 0 // up to where spaces are meant
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ',', '+':
			return string(out[:max(solid, len(bytes.TrimRight(out, " ")))]), s[i+1:], c, utf8Or(out)
		case '\\':
			n, err := unescape(&out, s[i+1:])
			if err != nil {
				return "", "", 0, err
			}
			i += n
			solid = len(out)
		case '"', ';', '<', '>', 0:
			return "", "", 0, errDN
		case ' ':
			if len(out) > 0 {
				out = append(out, c)
			}
		default:
			out = append(out, c)
		}
	}
	return string(out[:max(solid, len(bytes.TrimRight(out, " ")))]), "", 0, utf8Or(out)
}

func utf8Or(text []byte) error {
	if !utf8.Valid(text) {
		return errDN
	}
	return nil
}

// unescape takes what follows a backslash: a special character, or two hex digits. It returns how many bytes that were.
func unescape(out *[]byte, s string) (int, error) {
	if s == "" {
		return 0, errDN
	}
	if strings.IndexByte(` "#+,;<=>\`, s[0]) >= 0 {
		*out = append(*out, s[0])
		return 1, nil
	}
	if len(s) < 2 {
		return 0, errDN
	}
	b, err := hex.DecodeString(s[:2])
	if err != nil {
		return 0, errDN
	}
	*out = append(*out, b...)
	return 2, nil
}

// subjectOf takes the subject of a certificate apart.
func subjectOf(c *x509.Certificate) (distinguished, bool) {
	var raw []asn1.RawValue
	if rest, err := asn1.Unmarshal(c.RawSubject, &raw); err != nil || len(rest) > 0 {
		return nil, false
	}
	var out distinguished
	for _, set := range raw {
		var relative []attribute
		for rest := set.Bytes; len(rest) > 0; {
			var pair struct {
				Type  asn1.ObjectIdentifier
				Value asn1.RawValue
			}
			var err error
			if rest, err = asn1.Unmarshal(rest, &pair); err != nil {
				return nil, false
			}
			text, ok := textOf(pair.Value.FullBytes)
			if !ok {
				return nil, false
			}
			relative = append(relative, attribute{pair.Type.String(), text})
		}
		out = append(out, relative)
	}
	return out, true
}

// textOf reads a value in DER, which must be of a string type: Go takes no certificate with another.
func textOf(der []byte) (text string, ok bool) {
	var v asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 || v.Class != asn1.ClassUniversal {
		return "", false
	}
	switch v.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, asn1.TagNumericString, asn1.TagT61String, asn1.TagBMPString:
		_, err := asn1.Unmarshal(der, &text)
		return text, err == nil
	}
	return "", false
}

// same compares two names part by part (RFC 5280, section 7.1), without regard to the case of ASCII letters and to how many spaces
// there are.
func (d distinguished) same(other distinguished) bool {
	return slices.EqualFunc(d, other, func(a, b []attribute) bool {
		return len(a) == len(b) && !slices.ContainsFunc(a, func(x attribute) bool { return !slices.ContainsFunc(b, x.same) })
	})
}

func (a attribute) same(b attribute) bool {
	return a.kind == b.kind && prepared(a.text) == prepared(b.text)
}

func prepared(s string) string {
	folded := []byte(strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' }), " "))
	for i, c := range folded {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return string(folded)
}
