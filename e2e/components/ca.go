package components

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"testing"
	"time"
)

// CA is a certification authority that lives as long as the test.
type CA struct {
	Certificate *x509.Certificate
	Key         crypto.Signer
	File        string              // PEM, this certificate alone
	Chain       []*x509.Certificate // this one and those above it, the root last
	dir         string
}

// NewCA makes a root with an ECDSA P-256 key, valid from an hour ago for ten
// days.
func NewCA(tb testing.TB, commonName string) *CA {
	tb.Helper()
	return newCA(tb, commonName, nil)
}

// Intermediate makes a subordinate CA.
func (ca *CA) Intermediate(tb testing.TB, commonName string) *CA {
	tb.Helper()
	return newCA(tb, commonName, ca)
}

func newCA(tb testing.TB, commonName string, parent *CA) *CA {
	tb.Helper()
	key := ECKey(tb)
	template := &x509.Certificate{
		SerialNumber:          serial(tb),
		Subject:               pkix.Name{CommonName: commonName, Organization: []string{"Lanyard test"}},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(0, 0, 10),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	signer, signerKey := template, crypto.Signer(key)
	var above []*x509.Certificate
	if parent != nil {
		signer, signerKey, above = parent.Certificate, parent.Key, parent.Chain
	}
	cert := create(tb, template, signer, key.Public(), signerKey)
	dir := directory(tb, "ca")
	return &CA{
		Certificate: cert,
		Key:         key,
		File:        write(tb, dir, "ca.pem", certPEM(cert)),
		Chain:       append([]*x509.Certificate{cert}, above...),
		dir:         dir,
	}
}

// Pool returns a pool with this CA alone.
func (ca *CA) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(ca.Certificate)
	return pool
}

// CRL is what a revocation list is to say. The zero value is a fresh, empty
// list: issued a minute ago, next update in a day.
type CRL struct {
	Number     int64
	ThisUpdate time.Time
	NextUpdate time.Time
	Revoked    []*Leaf
}

// WriteCRL writes the list in DER to a file of the test and returns its path;
// the same name is written anew by each call.
func (ca *CA) WriteCRL(tb testing.TB, list CRL) string {
	tb.Helper()
	return write(tb, ca.dir, "ca.crl", string(ca.SignCRL(tb, list)))
}

// SignCRL returns the list in DER (RFC 5280 5.1).
func (ca *CA) SignCRL(tb testing.TB, list CRL) []byte {
	tb.Helper()
	if list.ThisUpdate.IsZero() {
		list.ThisUpdate = time.Now().Add(-time.Minute)
	}
	if list.NextUpdate.IsZero() {
		list.NextUpdate = list.ThisUpdate.Add(24 * time.Hour)
	}
	template := &x509.RevocationList{
		Number:     big.NewInt(max(list.Number, 1)),
		ThisUpdate: list.ThisUpdate,
		NextUpdate: list.NextUpdate,
	}
	for _, leaf := range list.Revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber:   leaf.Certificate.SerialNumber,
			RevocationTime: list.ThisUpdate,
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, ca.Certificate, ca.Key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// ECKey makes an ECDSA P-256 key.
func ECKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// RSAKey makes an RSA key of 2048 bits, what Smartcards and SAML parties use.
func RSAKey(tb testing.TB) crypto.Signer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func serial(tb testing.TB) *big.Int {
	tb.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

func create(tb testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

func certPEM(certs ...*x509.Certificate) string {
	var text []byte
	for _, c := range certs {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return string(text)
}

func keyPEM(tb testing.TB, key crypto.Signer) string {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// BundleFile writes the certificates of several CAs to one PEM file.
func BundleFile(tb testing.TB, cas ...*CA) string {
	tb.Helper()
	var text string
	for _, ca := range cas {
		text += certPEM(ca.Certificate)
	}
	return write(tb, filepath.Dir(cas[0].File), "bundle.pem", text)
}
