package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// validity of what the demo issues.
const validity = 90 * 24 * time.Hour

// authority issues the software cards and the certificate of the card hosts.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	now  time.Time
	last int64 // serial number issued last
}

// issued is a certificate and its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("demo: generate key: %w", err)
	}
	a := &authority{key: key, now: now, last: now.Unix()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.last), Subject: pkix.Name{CommonName: NotForTrust, OrganizationalUnit: []string{"Card authority"}},
		NotBefore: now.Add(-10 * 365 * 24 * time.Hour), NotAfter: now.Add(validity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	a.cert, err = sign(template, template, key, key)
	return a, err
}

// card issues a software card.
func (a *authority) card(name string, from, to time.Time) (issued, error) {
	return a.issue(&x509.Certificate{
		Subject:   pkix.Name{CommonName: name, Organization: []string{NotForTrust}},
		NotBefore: from, NotAfter: to, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// server issues a certificate for the card hosts.
func (a *authority) server(pattern string) (issued, error) {
	return a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: NotForTrust}, DNSNames: []string{pattern},
		NotBefore: a.now.Add(-time.Hour), NotAfter: a.now.Add(validity), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

func (a *authority) issue(template *x509.Certificate) (issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return issued{}, fmt.Errorf("demo: generate key: %w", err)
	}
	a.last++
	template.SerialNumber, template.KeyUsage, template.BasicConstraintsValid = big.NewInt(a.last), x509.KeyUsageDigitalSignature, true
	cert, err := sign(template, a.cert, key, a.key)
	return issued{cert, key}, err
}

func sign(template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		return nil, fmt.Errorf("demo: sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("demo: read own certificate: %w", err)
	}
	return cert, nil
}

// list is the revocation list, in PEM.
func (a *authority) list(revoked ...*x509.Certificate) ([]byte, error) {
	template := &x509.RevocationList{Number: big.NewInt(a.last), ThisUpdate: a.now.Add(-time.Minute), NextUpdate: a.now.Add(validity)}
	for _, c := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: c.SerialNumber, RevocationTime: a.now.Add(-24 * time.Hour), ReasonCode: 1, // key compromise
		})
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, a.cert, a.key)
	if err != nil {
		return nil, fmt.Errorf("demo: sign revocation list: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}), nil
}

// handle is how the hub registers a card.
func (a *authority) handle(c *x509.Certificate) string {
	return people.CardHandle(smartcard.IssuerKeyID(a.cert), c.SerialNumber)
}

func certPEM(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func (i issued) keyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return nil, fmt.Errorf("demo: encode key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
