package trust

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// certificate is a self-signed one that holds what is given.
func certificate(t interface{ Fatal(...any) }, c x509.Certificate) *x509.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotAfter = big.NewInt(1), time.Now().Add(time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &c, &c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	out, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestTLSSubject lists names and whether a certificate holds them (RFC 8705, section 2.1.2).
func TestTLSSubject(t *testing.T) {
	spiffe, err := url.Parse("spiffe://rx1.example/epr")
	if err != nil {
		t.Fatal(err)
	}
	cert := certificate(t, x509.Certificate{
		Subject: pkix.Name{
			Country: []string{"GB"}, Organization: []string{"Example  Trust, \"North\""}, OrganizationalUnit: []string{"IT", "Labs"}, CommonName: "Épr+1",
			ExtraNames: []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, Value: "#7"}, {Type: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: "five"}},
		},
		DNSNames: []string{"epr.example", "*.wild.example"}, URIs: []*url.URL{spiffe}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 7), net.ParseIP("2001:db8::7")},
		EmailAddresses: []string{"Epr@RX1.example"},
	})
	dn := `1.2.3.4=#0c0466697665,UID=\#7,CN=Épr\+1,OU=IT+OU=Labs,O=Example  Trust\, \"North\",C=GB`
	if cert.Subject.String() == "" {
		t.Fatal("no subject")
	}
	for name, want := range map[string]bool{
		"dn:" + dn: true,
		"dn:" + strings.ReplaceAll(dn, "É", `\C3\89`):                     true,
		"dn:" + strings.ReplaceAll(dn, ",", " , "):                        false, // a space before an escaped comma is another value
		"dn:" + strings.ReplaceAll(dn, "CN=", "cn = "):                    true,
		"dn:" + strings.ReplaceAll(dn, "OU=IT+OU=Labs", "OU=Labs+OU=IT"):  true,
		"dn:" + strings.ReplaceAll(dn, "Example  Trust", "EXAMPLE trust"): true,
		"dn:" + strings.ReplaceAll(dn, "CN=", "2.5.4.3="):                 true,
		"dn:" + strings.ReplaceAll(dn, "#0c0466697665", "#0c0466697666"):  false,
		"dn:" + strings.ReplaceAll(dn, ",C=GB", ""):                       false,
		"dn:" + strings.ReplaceAll(dn, "C=GB", "ST=GB"):                   false,
		"dn:C=GB," + strings.ReplaceAll(dn, ",C=GB", ""):                  false,
		"dn:" + strings.ReplaceAll(dn, "OU=IT+OU=Labs", "OU=IT"):          false,
		"dn:" + strings.ReplaceAll(dn, "OU=IT+OU=Labs", "OU=IT,OU=Labs"):  false,
		"dn:CN=Épr\\+1":                 false,
		"dns:epr.example":               true,
		"dns:EPR.example":               true,
		"dns:other.example":             false,
		"dns:a.wild.example":            false,
		"uri:spiffe://rx1.example/epr":  true,
		"uri:spiffe://rx1.example/EPR":  false,
		"uri:spiffe://rx1.example/epr/": false,
		"ip:192.0.2.7":                  true,
		"ip:::ffff:192.0.2.7":           true,
		"ip:2001:db8:0:0::7":            true,
		"ip:192.0.2.8":                  false,
		"email:Epr@rx1.EXAMPLE":         true,
		"email:epr@rx1.example":         false,
		"cn:Épr+1":                      false,
		"dns:":                          false,
		"email:":                        false,
	} {
		kind, value, _ := strings.Cut(name, ":")
		if got := (TLSSubject{kind, value}).Names(cert); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if (TLSSubject{"dn", "CN=a"}).Names(certificate(t, x509.Certificate{})) {
		t.Error("a certificate without a subject has a name")
	}
}

// TestTLSSubjectChecked lists names that no document may hold.
func TestTLSSubjectChecked(t *testing.T) {
	for name, good := range map[string]bool{
		"dn:CN=api,O=Example": true, "dn:": false, "dn:api": false, "dn:CN=a,": false, "dn:CN=a,,O=b": false, "dn:=a": false, "dn:NOPE=a": false, "dn:1.2.3.4=#04024869": false, "dn:1.2.3.4=#0c024869": true,
		"dn:1.2.3.4=#zz": false, "dn:1.2.3.4=#": false, "dn:1.2.3.4=#0402486900": false, `dn:CN=a\`: false, `dn:CN=a\zz`: false, `dn:CN="a"`: false, "dn:CN=a;O=b": false, `dn:CN=\ff`: false,
		"dn:CN=a+O=b": true, "dn:CN=a+": false, "dns:api.example": true, "dns:*.example": false, "dns:https://api.example": false,
		"uri:urn:a:b": true, "uri:/a": false, "ip:192.0.2.1": true, "ip:192.0.2": false, "email:a@b.example": true, "email:a": false, "email:A <a@b.example>": false,
	} {
		kind, value, _ := strings.Cut(name, ":")
		if err := (TLSSubject{kind, value}).check(); (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDNsOfCertificates: what another implementation prints of any subject names its certificate, and no certificate of another.
func TestDNsOfCertificates(t *testing.T) {
	text := rapid.StringMatching(`[a-zA-Z0-9 ,+"\\<>;=#éß漢.-]{1,12}`)
	subject := rapid.Custom(func(t *rapid.T) pkix.Name {
		return pkix.Name{
			Country: rapid.SliceOfN(text, 0, 1).Draw(t, "C"), Organization: rapid.SliceOfN(text, 0, 2).Draw(t, "O"), OrganizationalUnit: rapid.SliceOfN(text, 0, 2).Draw(t, "OU"), CommonName: text.Draw(t, "CN"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := subject.Draw(t, "one"), subject.Draw(t, "other")
		cert := certificate(t, x509.Certificate{Subject: a})
		if s := (TLSSubject{"dn", cert.Subject.String()}); !s.Names(cert) || s.check() != nil {
			t.Fatalf("%q does not name its certificate: %v", s.Value, s.check())
		}
		other := certificate(t, x509.Certificate{Subject: b})
		if (TLSSubject{"dn", other.Subject.String()}).Names(cert) && prepared(a.String()) != prepared(b.String()) && !strings.Contains(a.String()+b.String(), "+") {
			t.Fatalf("%q names %q", b.String(), a.String())
		}
	})
}

// FuzzDN: nothing makes the reader stumble, and what it reads is the same as itself.
func FuzzDN(f *testing.F) {
	f.Add(`CN=api,O=Example Trust,C=GB`)
	f.Add(`1.2.3=#0c0161+CN=\,\C3\89\ , UID=x`)
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := readDN(s); err == nil && (len(d) == 0 || !d.same(d)) {
			t.Fatalf("%q reads as %v", s, d)
		}
	})
}
