package smartcard

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
)

// FuzzIdentifier: whatever stands in a certificate, what is read is a number, and one that stands there.
func FuzzIdentifier(f *testing.F) {
	uid := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	subject, err := asn1.Marshal(pkix.RDNSequence{{{Type: uid, Value: "555000000001"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(subject)
	for _, name := range [][]byte{upn("555000000001@rx1.example"), otherName(uid, "555000000001"), uri("urn:staff:555000000001")} {
		f.Add(append([]byte{0x30, byte(len(name))}, name...))
	}
	places := []Identifier{
		{Source: SubjectOID, OID: uid}, {Source: OtherName, OID: uid}, {Source: PrincipalName, Suffix: "@rx1.example"}, {Source: URIName, Prefix: "urn:staff:"},
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &x509.Certificate{RawSubject: data, Extensions: []pkix.Extension{{Id: oidAltName, Value: data}}}
		for _, place := range places {
			number, err := place.read(c)
			if err != nil {
				continue
			}
			if !digits.MatchString(number) || strings.Count(string(data), place.Prefix+number+place.Suffix) == 0 {
				t.Errorf("%s: read %q", place.Source, number)
			}
		}
	})
}
