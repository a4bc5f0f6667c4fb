package revocation

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

// start is now: the library that makes answers writes down when it made them.
var start = time.Now().UTC().Truncate(time.Minute)

// ca is an issuer with its key, or any other certificate.
type ca struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newCA(t testing.TB, parent *ca, name string, change func(*x509.Certificate)) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certify(t, parent, key, &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(int64(len(name)) + 1000), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, change)
}

func certify(t testing.TB, parent *ca, key crypto.Signer, template *x509.Certificate, change func(*x509.Certificate)) *ca {
	t.Helper()
	template.NotBefore, template.NotAfter = start.AddDate(-1, 0, 0), start.AddDate(5, 0, 0)
	if change != nil {
		change(template)
	}
	issuer, signer := template, key
	if parent != nil {
		issuer, signer = parent.cert, parent.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &ca{cert, key}
}

// listTemplate is a revocation list as its issuer would make it.
func listTemplate(number int64, serials ...int64) *x509.RevocationList {
	l := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(24 * time.Hour)}
	for _, s := range serials {
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: big.NewInt(s), RevocationTime: start.Add(-2 * time.Hour), ReasonCode: 1})
	}
	return l
}

// delta makes a list a delta to an earlier one.
func delta(l *x509.RevocationList, base int64) *x509.RevocationList {
	l.ExtraExtensions = append(l.ExtraExtensions, pkix.Extension{Id: oidDeltaIndicator, Critical: true, Value: []byte{2, 1, byte(base)}})
	return l
}

func (c *ca) list(t testing.TB, template *x509.RevocationList) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, template, c.cert, c.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// answerTemplate is an OCSP answer as a responder would make it.
func answerTemplate(serial int64, status int) ocsp.Response {
	return ocsp.Response{
		Status: status, SerialNumber: big.NewInt(serial), ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(12 * time.Hour),
		RevokedAt: start.Add(-2 * time.Hour),
	}
}

// answer is signed by the issuer, or by whom it delegated to.
func (c *ca) answer(t testing.TB, by *ca, template ocsp.Response) []byte {
	t.Helper()
	if by != c {
		template.Certificate = by.cert
	}
	raw, err := ocsp.CreateResponse(c.cert, by.cert, template, by.key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// delegate is a responder that the issuer certified.
func (c *ca) delegate(t testing.TB, change func(*x509.Certificate)) *ca {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return certify(t, c, key, &x509.Certificate{
		Subject: pkix.Name{CommonName: "Responder"}, SerialNumber: big.NewInt(500), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: oidNoCheck, Value: []byte{5, 0}}},
	}, change)
}

// web is a Fetcher whose answers the test writes. It fails for everything else, and notes what it was asked.
type web struct {
	lists map[string][]byte
	ask   func(request []byte) ([]byte, error)
	slow  chan struct{} // closed when a list is asked for, which then hangs until its context ends
	mu    sync.Mutex
	asked []string
}

func (w *web) note(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, address)
}

var errDead = errors.New("connection refused")

func (w *web) Download(ctx context.Context, address, validator string, to io.Writer) (string, bool, error) {
	w.note(address)
	if w.slow != nil {
		close(w.slow)
		<-ctx.Done()
		return "", false, ctx.Err()
	}
	data, ok := w.lists[address]
	if !ok {
		return "", false, errDead
	}
	next := string(data[max(len(data)-8, 0):])
	if next == validator {
		return next, false, nil
	}
	_, err := to.Write(data)
	return next, true, err
}

func (w *web) Ask(_ context.Context, address string, request []byte) ([]byte, error) {
	w.note(address)
	if w.ask == nil {
		return nil, errDead
	}
	return w.ask(request)
}

// desk is a Cache with a clock that the test moves.
type desk struct {
	*Cache
	t    testing.TB
	now  time.Time
	path string // of a file with lists
	step int
	log  bytes.Buffer
	web  web
	o    Options
}

var ladder = Policy{Mode: ModeLists, Fresh: 12 * time.Hour, Stale: 48 * time.Hour}

// newDesk opens a Cache with one file of lists; nil: the file is not there.
func newDesk(t testing.TB, first []byte, p Policy, change func(*desk), issuers ...*ca) *desk {
	t.Helper()
	d := &desk{t: t, now: start, path: filepath.Join(t.TempDir(), "cards.crl")}
	d.o = Options{Name: "national", Policy: p, Clock: func() time.Time { return d.now }, Log: slog.New(slog.NewTextHandler(&d.log, nil)), Fetch: &d.web}
	if first != nil {
		d.o.Files = []string{d.path}
		d.write(first)
	}
	for _, i := range issuers {
		d.o.Issuers = append(d.o.Issuers, i.cert)
	}
	if change != nil {
		change(d)
	}
	d.restart()
	return d
}

// restart opens the Cache anew: what is left is what was kept.
func (d *desk) restart() {
	d.t.Helper()
	cache, err := New(d.o)
	if err != nil {
		d.t.Fatal(err)
	}
	d.Cache = cache
}

func (d *desk) write(data []byte) {
	d.t.Helper()
	if err := os.WriteFile(d.path, data, 0o600); err != nil {
		d.t.Fatal(err)
	}
	d.step++ // a file system may not tell two writes apart
	stamp := start.Add(time.Duration(d.step) * time.Second)
	if err := os.Chtimes(d.path, stamp, stamp); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) decide(issuer *ca, n int64) Decision {
	return d.Decide(issuer.cert, big.NewInt(n), d.now)
}

// bytesOf is an opener of bytes.
func bytesOf(data []byte) opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}

// Refresh does once what both loops do all the time.
func (d *desk) Refresh(ctx context.Context) {
	d.refreshLists(ctx)
	if d.options.Responder != "" {
		d.prefetch(ctx)
	}
}
