package fido_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
)

// The library judges certificates by the real clock, so they hold for long.
var (
	certsFrom  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	certsUntil = time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC)
)

// holder is a key with its certificate.
type holder struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certify makes a certificate; signed by itself without an issuer.
func certify(t testing.TB, issuer *holder, change func(*x509.Certificate)) *holder {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	number, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: number, NotBefore: certsFrom, NotAfter: certsUntil, BasicConstraintsValid: true,
		Subject: pkix.Name{CommonName: "Test authority", Organization: []string{"Maker"}, Country: []string{"GB"}},
	}
	change(template)
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &holder{cert, key}
}

func authority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
}

// attestationOf makes a certificate as section 8.2.1 of WebAuthn wants it.
func attestationOf(model fido.AAGUID) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		c.Subject.OrganizationalUnit = []string{"Authenticator Attestation"}
		c.Subject.CommonName = "Maker's key"
		value, err := asn1.Marshal(model[:])
		if err != nil {
			panic(err)
		}
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: value}}
	}
}

// maker makes keys that can prove their model.
type maker struct {
	t    testing.TB
	root *holder
}

func newMaker(t testing.TB) *maker {
	return &maker{t, certify(t, nil, authority)}
}

// key makes a key of a model, whose certificate may be changed.
func (m *maker) key(seed byte, model fido.AAGUID, changes ...func(*x509.Certificate)) *softkey.Key {
	m.t.Helper()
	leaf := certify(m.t, m.root, func(c *x509.Certificate) {
		attestationOf(model)(c)
		for _, change := range changes {
			change(c)
		}
	})
	k := softKey(m.t, seed)
	k.AAGUID, k.Attest = model, softkey.Packed(leaf.key, leaf.cert.Raw)
	return k
}

// status is one status report of a model.
type status struct {
	Status        string `json:"status"`
	EffectiveDate string `json:"effectiveDate,omitempty"`
	SunsetDate    string `json:"sunsetDate,omitempty"`
	Certificate   string `json:"certificate,omitempty"`
}

// model is an entry of the metadata.
type model struct {
	id      fido.AAGUID
	name    string
	roots   []*x509.Certificate
	reports []status
}

// publisher signs metadata.
type publisher struct {
	t      testing.TB
	root   *holder
	leaf   *holder
	number int64
	next   string // nextUpdate
}

const publisherHost = "mds.example"

func newPublisher(t testing.TB) *publisher {
	root := certify(t, nil, authority)
	leaf := certify(t, root, func(c *x509.Certificate) { c.DNSNames = []string{publisherHost} })
	return &publisher{t: t, root: root, leaf: leaf, number: 7, next: "2026-11-01"}
}

func (p *publisher) signer() fido.Signer {
	return fido.Signer{Roots: []*x509.Certificate{p.root.cert}, Host: publisherHost}
}

// payload is the JSON of a BLOB.
func (p *publisher) payload(models ...model) []byte {
	entries := []any{}
	for _, m := range models {
		var roots []string
		for _, c := range m.roots {
			roots = append(roots, base64.StdEncoding.EncodeToString(c.Raw))
		}
		entries = append(entries, map[string]any{
			"aaguid": m.id.String(), "statusReports": m.reports, "timeOfLastStatusChange": "2026-01-01",
			"metadataStatement": map[string]any{"description": m.name, "attestationRootCertificates": roots, "schema": 3},
		})
	}
	b, err := json.Marshal(map[string]any{"legalHeader": "none", "no": p.number, "nextUpdate": p.next, "entries": entries})
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

// header of a BLOB.
func (p *publisher) header() map[string]any {
	return map[string]any{"alg": "ES256", "typ": "JWT", "x5c": []string{base64.StdEncoding.EncodeToString(p.leaf.cert.Raw)}}
}

// sign makes a BLOB of any header and payload.
func (p *publisher) sign(header map[string]any, payload []byte) []byte {
	p.t.Helper()
	h, err := json.Marshal(header)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.signRaw(h, payload)
}

func (p *publisher) signRaw(header, payload []byte) []byte {
	text := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(payload)
	digest := sha256.Sum256([]byte(text))
	der, err := p.leaf.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		p.t.Fatal(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		p.t.Fatal(err)
	}
	signature := append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
	return []byte(text + "." + base64.RawURLEncoding.EncodeToString(signature))
}

// blob signs metadata.
func (p *publisher) blob(models ...model) []byte { return p.sign(p.header(), p.payload(models...)) }

// library is a metadata file that a hub follows.
type library struct {
	t         testing.TB
	publisher *publisher
	options   fido.FileOptions
	file      *fido.MetadataFile
	written   time.Time
	now       time.Time
}

func newLibrary(t testing.TB, models ...model) *library {
	t.Helper()
	l := &library{t: t, publisher: newPublisher(t), written: start, now: start}
	dir := t.TempDir()
	l.options = fido.FileOptions{
		Path: filepath.Join(dir, "blob.jwt"), Signer: l.publisher.signer(), Dir: dir, Clock: func() time.Time { return l.now },
	}
	l.write(l.publisher.blob(models...))
	if err := l.open(); err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *library) open() (err error) {
	l.file, err = fido.OpenMetadata(l.options)
	return err
}

// write puts another file there, with another time.
func (l *library) write(blob []byte) {
	l.t.Helper()
	if err := os.WriteFile(l.options.Path, blob, 0o600); err != nil {
		l.t.Fatal(err)
	}
	l.written = l.written.Add(time.Second)
	if err := os.Chtimes(l.options.Path, l.written, l.written); err != nil {
		l.t.Fatal(err)
	}
}

// publish writes the next number, and lets the hub see it.
func (l *library) publish(models ...model) {
	l.t.Helper()
	l.publisher.number++
	l.write(l.publisher.blob(models...))
	if err := l.file.Follow(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

// emptyLibrary is metadata that is configured, and not there.
func emptyLibrary(t testing.TB) *fido.MetadataFile {
	t.Helper()
	l := &library{t: t, publisher: newPublisher(t), now: start}
	dir := t.TempDir()
	l.options = fido.FileOptions{Path: filepath.Join(dir, "blob.jwt"), Signer: l.publisher.signer(), Dir: dir, Clock: func() time.Time { return l.now }}
	if err := l.open(); err == nil {
		t.Fatal("a missing file is no error")
	}
	return l.file
}
