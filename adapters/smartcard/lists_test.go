package smartcard

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// library is a set of lists on disk with a clock that the test moves.
type library struct {
	t    testing.TB
	path string
	now  time.Time
	log  bytes.Buffer
	step int
	*Lists
}

func (l *library) write(data []byte) {
	l.t.Helper()
	if err := os.WriteFile(l.path, data, 0o600); err != nil {
		l.t.Fatal(err)
	}
	l.step++ // a file system may not tell two writes apart
	stamp := start.Add(time.Duration(l.step) * time.Second)
	if err := os.Chtimes(l.path, stamp, stamp); err != nil {
		l.t.Fatal(err)
	}
}

func newLibrary(t testing.TB, first []byte, issuers ...*authority) (*library, error) {
	t.Helper()
	l := &library{t: t, path: filepath.Join(t.TempDir(), "cards.crl"), now: start}
	l.write(first)
	var certs []*x509.Certificate
	for _, i := range issuers {
		certs = append(certs, i.cert)
	}
	var err error
	l.Lists, err = NewLists(ListOptions{
		Files: []string{l.path}, Issuers: certs, MaxAge: 12 * time.Hour, Clock: func() time.Time { return l.now },
		Log: slog.New(slog.NewTextHandler(&l.log, nil)),
	})
	return l, err
}

func (l *library) status(issuer *authority, n int64) (Status, error) {
	return l.Status(issuer.cert, big.NewInt(n), l.now)
}

func testLists(t *testing.T) {
	root := newAuthority(t, nil, "Root", nil)
	issuer := newAuthority(t, root, "Level 1D", nil)
	twin := newAuthority(t, root, "Level 1D", nil)
	mute := newAuthority(t, root, "Mute", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	speaking := *mute.cert
	speaking.KeyUsage |= x509.KeyUsageCRLSign
	changed := func(change func(*x509.RevocationList)) []byte {
		l := listTemplate(5, 77)
		change(l)
		return makeList(t, issuer, l)
	}
	scope := func(tag int) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			value := []byte{0x30, 3, byte(0x80 | tag), 1, 0xff}
			l.ExtraExtensions = []pkix.Extension{{Id: oidDistributionPoint, Critical: true, Value: value}}
		}
	}
	good := makeList(t, issuer, listTemplate(5, 77))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, data := range map[string][]byte{
		"other key, same name": makeList(t, twin, listTemplate(5, 77)),
		"other issuer":         makeList(t, root, listTemplate(5, 77)),
		"may not sign lists":   makeList(t, &authority{&speaking, mute.key}, listTemplate(5)),
		"signature damaged":    flipped,
		"from the future":      changed(func(l *x509.RevocationList) { l.ThisUpdate = start.Add(6 * time.Minute) }),
		"delta": changed(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{extension(t, oidDeltaIndicator, true, 4)}
		}),
		"indirect":         changed(scope(4)),
		"authorities only": changed(scope(2)),
		"attributes only":  changed(scope(5)),
		"partition": changed(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oidDistributionPoint, Critical: true, Value: []byte{0x30, 5, 0xa0, 3, 0xa1, 1, 0}}}
		}),
		"critical extension": changed(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
		"entry of others": changed(func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: oidCertificateIssuer, Critical: true, Value: []byte{0x30, 0}}}
		}),
		"serial too long": changed(func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].SerialNumber = new(big.Int).Lsh(big.NewInt(1), 161)
		}),
		"trailing bytes": append(bytes.Clone(good), 0),
		"truncated":      good[:len(good)-5],
		"empty":          nil,
		"text":           []byte("hello"),
		"a certificate":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.cert.Raw}),
		"too large":      append(bytes.Clone(good), make([]byte, maxList)...),
	} {
		l, err := newLibrary(t, data, issuer, mute)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if _, err := l.status(issuer, 78); !errors.Is(err, ErrNoList) {
			t.Errorf("%s: status %v", name, err)
		}
	}
	// What the library that makes lists would not make.
	for name, change := range map[string]func(*x509.RevocationList){
		"missing number":     func(l *x509.RevocationList) { l.Number = nil },
		"missing nextUpdate": func(l *x509.RevocationList) { l.NextUpdate = time.Time{} },
		"SHA-1":              func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 },
	} {
		p, err := parse(good)
		if err != nil {
			t.Fatal(err)
		}
		change(p.header)
		if _, err := p.accept(issuer.cert); !errors.Is(err, ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if strongSignature(x509.SHA1WithRSA) || strongSignature(x509.ECDSAWithSHA1) {
		t.Error("SHA-1 counts as strong")
	}
	t.Run("user certificates only", func(t *testing.T) {
		l, err := newLibrary(t, changed(scope(1)), issuer)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := l.status(issuer, 77); err != nil || !s.Revoked {
			t.Errorf("%+v %v", s, err)
		}
	})
	t.Run("rollback", func(t *testing.T) { testRollback(t, issuer) })
	t.Run("stale", func(t *testing.T) { testStale(t, issuer) })
}

func testRollback(t *testing.T, issuer *authority) {
	l, err := newLibrary(t, makeList(t, issuer, listTemplate(5, 77)), issuer)
	if err != nil {
		t.Fatal(err)
	}
	l.write(makeList(t, issuer, listTemplate(4)))
	if err := l.Reload(); !errors.Is(err, ErrList) {
		t.Errorf("older number: %v", err)
	}
	older := listTemplate(5)
	older.ThisUpdate = older.ThisUpdate.Add(-time.Second)
	l.write(makeList(t, issuer, older))
	if err := l.Reload(); !errors.Is(err, ErrList) {
		t.Errorf("same number, older: %v", err)
	}
	if s, err := l.status(issuer, 77); err != nil || !s.Revoked || s.Number != "5" {
		t.Errorf("the list before is in force: %+v %v", s, err)
	}
	l.write(makeList(t, issuer, listTemplate(300, 78)))
	if err := l.Reload(); err != nil {
		t.Fatal(err)
	}
	if s, err := l.status(issuer, 77); err != nil || s.Revoked || s.Number != "300" {
		t.Errorf("newer list: %+v %v", s, err)
	}
}

func testStale(t *testing.T, issuer *authority) {
	short := listTemplate(5, 77)
	short.NextUpdate = start.Add(time.Hour)
	for name, c := range map[string]struct {
		list  *x509.RevocationList
		after time.Duration
	}{
		"nextUpdate has passed": {short, time.Hour + time.Second}, "older than the hub allows": {listTemplate(5, 77), 11*time.Hour + time.Second},
	} {
		l, err := newLibrary(t, makeList(t, issuer, c.list), issuer)
		if err != nil {
			t.Fatal(err)
		}
		l.now = start.Add(c.after - time.Second)
		if s, err := l.status(issuer, 78); err != nil || s.Revoked {
			t.Errorf("%s: a second before: %+v %v", name, s, err)
		}
		l.now = start.Add(c.after)
		if _, err := l.status(issuer, 78); !errors.Is(err, ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
		if s, err := l.status(issuer, 77); err != nil || !s.Revoked {
			t.Errorf("%s: revoked is revoked: %+v %v", name, s, err)
		}
	}
}

func TestListsFollowTheirFile(t *testing.T) {
	root := newAuthority(t, nil, "Root", nil)
	issuer := newAuthority(t, root, "Level 1D", nil)
	both := append(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: makeList(t, issuer, listTemplate(1))}),
		pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: makeList(t, root, listTemplate(9, 1000))})...)
	l, err := newLibrary(t, both, root, issuer)
	if err != nil {
		t.Fatal(err)
	}
	if s, err := l.status(root, 1000); err != nil || !s.Revoked || s.Number != "9" {
		t.Errorf("second list of the file: %+v %v", s, err)
	}
	l.write(makeList(t, issuer, listTemplate(2, 77)))
	l.now = l.now.Add(29 * time.Second)
	if s, err := l.status(issuer, 77); err != nil || s.Revoked {
		t.Errorf("looked too soon: %+v %v", s, err)
	}
	l.now = l.now.Add(time.Second)
	if s, err := l.status(issuer, 77); err != nil || !s.Revoked || s.Number != "2" {
		t.Errorf("not looked: %+v %v", s, err)
	}
	l.write([]byte("damaged"))
	l.now = l.now.Add(lookEvery)
	if s, err := l.status(issuer, 77); err != nil || !s.Revoked {
		t.Errorf("a damaged file must change nothing: %+v %v", s, err)
	}
	if !strings.Contains(l.log.String(), "revocation list not usable") {
		t.Errorf("log: %s", l.log.String())
	}
	if err := os.Remove(l.path); err != nil {
		t.Fatal(err)
	}
	if err := l.Reload(); err == nil {
		t.Error("absent file was not reported")
	}
	states := l.States()
	if len(states) != 2 || states[0].Number != "9" || states[1].Number != "2" || states[1].Entries != 1 {
		t.Errorf("%+v", states)
	}
}

func TestManyEntries(t *testing.T) {
	issuer := newAuthority(t, nil, "Root", nil)
	var serials []int64
	for n := int64(5000); n > 0; n-- {
		serials = append(serials, n*n*7, n*n*7) // unsorted, doubled
	}
	l, err := newLibrary(t, makeList(t, issuer, listTemplate(1, serials...)), issuer)
	if err != nil {
		t.Fatal(err)
	}
	if n := l.States()[0].Entries; n != 5000 {
		t.Errorf("%d entries", n)
	}
	for n := int64(1); n <= 5000; n += 101 {
		if s, err := l.status(issuer, n*n*7); err != nil || !s.Revoked {
			t.Fatalf("%d: %+v %v", n, s, err)
		}
		if s, err := l.status(issuer, n*n*7+1); err != nil || s.Revoked {
			t.Fatalf("%d: %+v %v", n, s, err)
		}
	}
	if _, err := l.Status(issuer.cert, big.NewInt(-1), start); err == nil {
		t.Error("negative serial number has a status")
	}
}

func FuzzParseList(f *testing.F) {
	issuer := newAuthority(f, nil, "Root", nil)
	f.Add(makeList(f, issuer, listTemplate(1, 2, 3)))
	f.Add(makeList(f, issuer, listTemplate(1)))
	f.Add([]byte{0x30, 0x80})
	f.Add([]byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		raws, err := split(data)
		if err != nil {
			return
		}
		for _, raw := range raws {
			p, err := parse(raw)
			if err != nil {
				continue
			}
			serials, err := entries(p.revoked)
			std, stdErr := x509.ParseRevocationList(raw)
			if err == nil && stdErr == nil && len(serials) > len(std.RevokedCertificateEntries) {
				t.Errorf("%d entries, the standard library sees %d", len(serials), len(std.RevokedCertificateEntries))
			}
			if stdErr == nil && err == nil {
				for _, e := range std.RevokedCertificateEntries {
					if s, ok := serialOf(e.SerialNumber); ok && !(&list{serials: serials}).has(s) {
						t.Errorf("serial %s is missing", e.SerialNumber)
					}
				}
			}
			if _, err := p.accept(issuer.cert); err == nil && !bytes.Equal(std.RawTBSRevocationList, p.tbs) {
				t.Error("accepted other bytes than the standard library reads")
			}
		}
	})
}
