package components

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"path/filepath"
	"testing"
	"time"
)

// Leaf is an end-entity certificate with its key.
type Leaf struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	CertFile    string // PEM: the certificate, then the intermediates, without the root
	KeyFile     string // PEM, PKCS #8
	chain       []*x509.Certificate
	dir         string
}

// Profile is what a certificate is to contain. The zero value of a field means
// what its comment says.
type Profile struct {
	Subject     pkix.Name
	Hosts       []string // DNS names, "*.card.localhost" included
	Emails      []string
	UPN         string                  // otherName 1.3.6.1.4.1.311.20.2.3 (Microsoft UPN)
	ExtKeyUsage []x509.ExtKeyUsage      // none at all when empty
	OtherUsages []asn1.ObjectIdentifier // further extended key usages, by number
	KeyUsage    x509.KeyUsage           // digitalSignature
	NotBefore   time.Time               // an hour ago
	NotAfter    time.Time               // a day after NotBefore
	CRLURLs     []string
	Policies    []x509.OID
	Key         crypto.Signer // a new P-256 key
	Extra       []pkix.Extension
}

// Issue signs a certificate of any shape, good or bad.
func (ca *CA) Issue(tb testing.TB, p Profile) *Leaf {
	tb.Helper()
	if p.NotBefore.IsZero() {
		p.NotBefore = time.Now().Add(-time.Hour)
	}
	if p.NotAfter.IsZero() {
		p.NotAfter = p.NotBefore.Add(25 * time.Hour)
	}
	if p.KeyUsage == 0 {
		p.KeyUsage = x509.KeyUsageDigitalSignature
	}
	if p.Key == nil {
		p.Key = ECKey(tb)
	}
	template := &x509.Certificate{
		SerialNumber:          serial(tb),
		Subject:               p.Subject,
		DNSNames:              p.Hosts,
		EmailAddresses:        p.Emails,
		ExtKeyUsage:           p.ExtKeyUsage,
		UnknownExtKeyUsage:    p.OtherUsages,
		KeyUsage:              p.KeyUsage,
		NotBefore:             p.NotBefore,
		NotAfter:              p.NotAfter,
		CRLDistributionPoints: p.CRLURLs,
		Policies:              p.Policies,
		ExtraExtensions:       p.Extra,
		BasicConstraintsValid: true,
	}
	if p.UPN != "" {
		template.ExtraExtensions = append(template.ExtraExtensions, upnExtension(tb, p.UPN))
	}
	cert := create(tb, template, ca.Certificate, p.Key.Public(), ca.Key)
	return ca.leaf(tb, cert, p.Key)
}

// Server issues a TLS server certificate for the host names; wildcards are
// allowed.
func (ca *CA) Server(tb testing.TB, hosts ...string) *Leaf {
	tb.Helper()
	return ca.Issue(tb, Profile{
		Subject:     pkix.Name{CommonName: hosts[0]},
		Hosts:       hosts,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	})
}

// Card issues what a clinician's Smartcard holds: clientAuth, an RSA-2048 key,
// the uid as common name.
func (ca *CA) Card(tb testing.TB, uid string) *Leaf {
	tb.Helper()
	return ca.Issue(tb, Profile{
		Subject:     pkix.Name{CommonName: uid},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		Key:         RSAKey(tb),
	})
}

func (ca *CA) leaf(tb testing.TB, cert *x509.Certificate, key crypto.Signer) *Leaf {
	tb.Helper()
	dir := directory(tb, "leaf")
	chain := append([]*x509.Certificate{cert}, ca.Chain[:len(ca.Chain)-1]...)
	return &Leaf{
		Certificate: cert,
		Key:         key,
		CertFile:    write(tb, dir, "cert.pem", certPEM(chain...)),
		KeyFile:     write(tb, dir, "key.pem", keyPEM(tb, key)),
		chain:       chain,
		dir:         dir,
	}
}

// SelfSigned makes a certificate signed by its own key, as SAML parties put
// into their metadata.
func SelfSigned(tb testing.TB, commonName string, key crypto.Signer) *Leaf {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: serial(tb),
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(0, 0, 10),
	}
	cert := create(tb, template, template, key.Public(), key)
	dir := directory(tb, "self")
	return &Leaf{
		Certificate: cert,
		Key:         key,
		CertFile:    write(tb, dir, "cert.pem", certPEM(cert)),
		KeyFile:     write(tb, dir, "key.pem", keyPEM(tb, key)),
		chain:       []*x509.Certificate{cert},
		dir:         dir,
	}
}

// TLS returns the certificate, its intermediates and key for crypto/tls.
func (l *Leaf) TLS() tls.Certificate {
	c := tls.Certificate{PrivateKey: l.Key, Leaf: l.Certificate}
	for _, cert := range l.chain {
		c.Certificate = append(c.Certificate, cert.Raw)
	}
	return c
}

// PKCS12 exports certificate, intermediates and key with openssl and returns
// the file.
func (l *Leaf) PKCS12(tb testing.TB, password string) string {
	tb.Helper()
	file := filepath.Join(l.dir, "card.p12")
	must(tb, Command{Path: "openssl", Args: []string{
		"pkcs12", "-export", "-in", l.CertFile, "-inkey", l.KeyFile,
		"-name", l.Certificate.Subject.CommonName, "-passout", "pass:" + password, "-out", file,
	}})
	return file
}

// upnExtension builds a subjectAltName with one otherName of type UPN
// (RFC 5280 4.2.1.6).
func upnExtension(tb testing.TB, upn string) pkix.Extension {
	tb.Helper()
	type otherName struct {
		Type  asn1.ObjectIdentifier
		Value string `asn1:"utf8,explicit,tag:0"`
	}
	name, err := asn1.MarshalWithParams(otherName{
		Type:  asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3},
		Value: upn,
	}, "tag:0")
	if err != nil {
		tb.Fatal(err)
	}
	value, err := asn1.Marshal([]asn1.RawValue{{FullBytes: name}})
	if err != nil {
		tb.Fatal(err)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: value}
}
