package demo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
)

// material is the keys and certificates of everybody in the demo.
type material struct {
	authority  *authority
	cardHost   issued
	signing    []byte // of the hub, PEM
	encryption []byte // of the hub, PEM
	pasKey     *rsa.PrivateKey
	pasCert    *x509.Certificate
}

// generate makes them, the slow ones side by side.
func (d *Demo) generate() error {
	var g errgroup.Group
	now := d.options.Clock()
	g.Go(func() (err error) {
		d.keys.signing, err = keystore.Generate(rand.Reader, NotForTrust, now)
		return err
	})
	g.Go(func() (err error) {
		d.keys.encryption, err = keystore.GenerateEncryption(rand.Reader, NotForTrust, now)
		return err
	})
	g.Go(func() (err error) {
		d.keys.pasKey, d.keys.pasCert, err = partnerKey(now)
		return err
	})
	g.Go(func() error { return d.issueCards(now) })
	return g.Wait()
}

// partnerKey is RSA, because assertions are encrypted to it.
func partnerKey(now time.Time) (*rsa.PrivateKey, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, fmt.Errorf("demo: generate key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.Unix()), Subject: pkix.Name{CommonName: NotForTrust, OrganizationalUnit: []string{"Sample PAS"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(validity), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, fmt.Errorf("demo: sign certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("demo: read own certificate: %w", err)
	}
	return key, cert, nil
}

func (d *Demo) issueCards(now time.Time) (err error) {
	if d.keys.authority, err = newAuthority(now); err != nil {
		return err
	}
	for i := range d.people {
		p := &d.people[i]
		from, to := p.cardDates(now)
		if p.card, err = d.keys.authority.card(p.Person.Name, from, to); err != nil {
			return err
		}
	}
	d.keys.cardHost, err = d.keys.authority.server(cardHosts)
	return err
}

// write puts what the hub and scripts need into the directory.
func (d *Demo) write() error {
	var revoked []*x509.Certificate
	files := map[string][]byte{"hub/signing.pem": d.keys.signing, "hub/encryption.pem": d.keys.encryption, "ca.crt": certPEM(d.keys.authority.cert), rbacFile: rbacDocument}
	put := func(name string, i issued) error {
		key, err := i.keyPEM()
		files[name+".crt"], files[name+".key"] = certPEM(i.cert), key
		return err
	}
	for _, p := range d.people {
		if p.state == cardRevoked {
			revoked = append(revoked, p.card.cert)
		}
		if err := put("cards/"+p.Person.UID, p.card); err != nil {
			return err
		}
	}
	if err := put("hub/card", d.keys.cardHost); err != nil {
		return err
	}
	list, err := d.keys.authority.list(revoked...)
	if err != nil {
		return err
	}
	files["cards.crl"] = list
	for _, folder := range []string{"hub", "cards"} {
		if err := os.MkdirAll(filepath.Join(d.dir, folder), 0o700); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	for name, data := range files {
		if err := d.save(name, data); err != nil {
			return err
		}
	}
	return nil
}

// save writes one file into the demo's directory.
func (d *Demo) save(name string, data []byte) error {
	if err := os.WriteFile(filepath.Join(d.dir, name), data, 0o600); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}
