package smartcard

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"strconv"
	"strings"
)

// Extended key usages (RFC 5280, section 4.2.1.12; Microsoft's smartcard logon).
var (
	oidExtKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidAny            = asn1.ObjectIdentifier{2, 5, 29, 37, 0}
	oidClientAuth     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
	oidSmartcardLogon = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}
	oidCardAuth       = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 6, 8}
	oidAnyPolicy      = asn1.ObjectIdentifier{2, 5, 29, 32, 0}
)

// ParseEKU reads a usage as the configuration names it: client_auth, smartcard_logon or a dotted OID.
func ParseEKU(s string) (asn1.ObjectIdentifier, error) {
	switch s {
	case "client_auth":
		return oidClientAuth, nil
	case "smartcard_logon":
		return oidSmartcardLogon, nil
	}
	oid, err := ParseOID(s)
	if err != nil || oid.Equal(oidAny) {
		return nil, fmt.Errorf("smartcard: %q is not an extended key usage", s)
	}
	return oid, nil
}

// ParseOID reads a dotted OID of at least three numbers.
func ParseOID(s string) (asn1.ObjectIdentifier, error) {
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("smartcard: %q is not an OID", s)
		}
		oid = append(oid, int(n))
	}
	if len(oid) < 3 {
		return nil, fmt.Errorf("smartcard: %q is not an OID", s)
	}
	return oid, nil
}

// extendedUsages are the usages a certificate names, none if it has no such extension.
func extendedUsages(cert *x509.Certificate) ([]asn1.ObjectIdentifier, error) {
	for _, e := range cert.Extensions {
		if !e.Id.Equal(oidExtKeyUsage) {
			continue
		}
		var oids []asn1.ObjectIdentifier
		rest, err := asn1.Unmarshal(e.Value, &oids)
		if err != nil || len(rest) != 0 {
			return nil, fmt.Errorf("smartcard: extended key usage is malformed")
		}
		return oids, nil
	}
	return nil, nil
}

// satisfies reports whether the usages are those a card must have.
func (a *knownAuthority) satisfies(have []asn1.ObjectIdentifier) bool {
	if len(a.EKU) == 0 {
		return contains(have, oidClientAuth) || contains(have, oidSmartcardLogon)
	}
	for _, want := range a.EKU {
		if !contains(have, want) {
			return false
		}
	}
	return true
}
