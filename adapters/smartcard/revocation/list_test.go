package revocation

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

func TestSecurity(t *testing.T) {
	t.Run("228", testResponders)
	t.Run("229", testLists)
	t.Run("229: rollback across a restart", testRollbackAcrossRestart)
	t.Run("229: delta", testDeltas)
}

func testLists(t *testing.T) {
	root := newCA(t, nil, "Root", nil)
	issuer := newCA(t, root, "Level 1D", nil)
	twin := newCA(t, root, "Level 1D", nil)
	mute := newCA(t, root, "Mute", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	speaking := *mute.cert
	speaking.KeyUsage |= x509.KeyUsageCRLSign
	changed := func(change func(*x509.RevocationList)) []byte {
		l := listTemplate(5, 77)
		change(l)
		return issuer.list(t, l)
	}
	scope := func(tag int) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oidDistributionPoint, Critical: true, Value: []byte{0x30, 3, byte(0x80 | tag), 1, 0xff}}}
		}
	}
	good := issuer.list(t, listTemplate(5, 77))
	flipped := bytes.Clone(good)
	flipped[len(flipped)-1] ^= 1
	for name, data := range map[string][]byte{
		"other key, same name": twin.list(t, listTemplate(5, 77)),
		"other issuer":         root.list(t, listTemplate(5, 77)),
		"may not sign lists":   (&ca{&speaking, mute.key}).list(t, listTemplate(5)),
		"signature damaged":    flipped,
		"from the future":      changed(func(l *x509.RevocationList) { l.ThisUpdate = start.Add(6 * time.Minute) }),
		"delta to itself":      changed(func(l *x509.RevocationList) { delta(l, 5) }),
		"indirect":             changed(scope(4)),
		"authorities only":     changed(scope(2)),
		"attributes only":      changed(scope(5)),
		"partition": changed(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oidDistributionPoint, Critical: true, Value: []byte{0x30, 5, 0xa0, 3, 0xa1, 1, 0}}}
		}),
		"critical extension": changed(func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
		"entry of others": changed(func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}}
		}),
		"serial too long": changed(func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].SerialNumber = new(big.Int).Lsh(big.NewInt(1), 161)
		}),
		"taken back, and complete": changed(func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].ReasonCode = removeFromCRL }),
		"trailing bytes":           append(bytes.Clone(good), 0),
		"truncated":                good[:len(good)-5],
		"empty":                    {},
		"text":                     []byte("hello"),
		"a certificate":            pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: issuer.cert.Raw}),
		"too large":                append([]byte("x"), make([]byte, maxPEM)...),
	} {
		d := newDesk(t, data, ladder, nil, issuer, mute)
		if got := d.decide(issuer, 78); got.Standing != bridge.StandingUnknown || got.Evidence.Revoked {
			t.Errorf("%s: %+v", name, got)
		}
		if !strings.Contains(d.log.String(), "revocation source not usable") {
			t.Errorf("%s: nobody was told", name)
		}
	}
	t.Run("what no library makes", func(t *testing.T) { testUnmade(t, issuer, good) })
	t.Run("user certificates only", func(t *testing.T) {
		d := newDesk(t, changed(scope(1)), ladder, nil, issuer)
		if got := d.decide(issuer, 77); !got.Evidence.Revoked {
			t.Errorf("%+v", got)
		}
	})
	t.Run("rollback", func(t *testing.T) { testRollback(t, issuer) })
	t.Run("200 MB", func(t *testing.T) { testHuge(t, issuer) })
}

// testUnmade changes what the library that makes lists would not make.
func testUnmade(t *testing.T, issuer *ca, good []byte) {
	for name, change := range map[string]func(*x509.RevocationList){
		"missing number":     func(l *x509.RevocationList) { l.Number = nil },
		"number too long":    func(l *x509.RevocationList) { l.Number = new(big.Int).Lsh(big.NewInt(1), 161) },
		"missing nextUpdate": func(l *x509.RevocationList) { l.NextUpdate = time.Time{} },
		"backwards":          func(l *x509.RevocationList) { l.NextUpdate = l.ThisUpdate },
		"SHA-1":              func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 },
	} {
		o, err := scan(bytes.NewReader(good), func([]byte, int) {})
		if err != nil {
			t.Fatal(err)
		}
		change(o.header)
		if _, err := o.accept(issuer.cert); !errors.Is(err, ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, a := range []x509.SignatureAlgorithm{x509.SHA1WithRSA, x509.ECDSAWithSHA1, x509.PureEd25519} {
		if _, err := signingOf(a); err == nil {
			t.Errorf("%s counts as strong", a)
		}
	}
}

func testRollback(t *testing.T, issuer *ca) {
	d := newDesk(t, issuer.list(t, listTemplate(5, 77)), ladder, nil, issuer)
	older := listTemplate(5)
	older.ThisUpdate = older.ThisUpdate.Add(-time.Second)
	for name, back := range map[string]*x509.RevocationList{"older number": listTemplate(4), "same number, older": older} {
		d.write(issuer.list(t, back))
		d.Refresh(t.Context())
		if got := d.decide(issuer, 77); !got.Evidence.Revoked || got.Evidence.Number != "5" {
			t.Errorf("%s: the list before is not in force: %+v", name, got)
		}
	}
	d.write(issuer.list(t, listTemplate(300, 78)))
	d.Refresh(t.Context())
	if got := d.decide(issuer, 77); got.Evidence.Revoked || got.Evidence.Number != "300" {
		t.Errorf("newer list: %+v", got)
	}
}

// testRollbackAcrossRestart: the highest number is written down before the list counts.
func testRollbackAcrossRestart(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	folder := t.TempDir()
	d := newDesk(t, issuer.list(t, listTemplate(7, 77)), ladder, func(d *desk) { d.o.Folder = folder }, issuer)
	d.write(issuer.list(t, listTemplate(6)))
	d.restart()
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingUnknown {
		t.Errorf("a list from before came back with the restart: %+v", got)
	}
	d.write(issuer.list(t, listTemplate(7, 77)))
	d.restart()
	if got := d.decide(issuer, 77); !got.Evidence.Revoked {
		t.Errorf("the same list again: %+v", got)
	}
	if err := os.WriteFile(filepath.Join(folder, numbersFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(d.o); err == nil {
		t.Error("a damaged record of the numbers goes unnoticed")
	}
}

// TestNoRoomForNumbers: while the highest number cannot be written down, a newer list counts all the same and the fault is told; as
// soon as it can it is, though no newer list came.
func TestNoRoomForNumbers(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	folder := t.TempDir()
	d := newDesk(t, issuer.list(t, listTemplate(7, 77)), ladder, func(d *desk) { d.o.Folder = folder }, issuer)
	full := filepath.Join(folder, numbersFile)
	if err := errors.Join(os.Remove(full), os.MkdirAll(filepath.Join(full, "in the way"), 0o700)); err != nil {
		t.Fatal(err)
	}
	d.write(issuer.list(t, listTemplate(8, 77, 78)))
	for range 2 {
		d.Refresh(t.Context())
		if got := d.decide(issuer, 78); !got.Evidence.Revoked || !strings.Contains(d.log.String(), numbersFile) {
			t.Errorf("%+v, told %q", got, d.log.String())
		}
	}
	if err := os.RemoveAll(full); err != nil {
		t.Fatal(err)
	}
	d.Refresh(t.Context())
	d.write(issuer.list(t, listTemplate(7)))
	d.restart()
	if got := d.decide(issuer, 78); got.Standing != bridge.StandingUnknown {
		t.Errorf("a list from before came back with the restart: %+v", got)
	}
}

// hugeList says at its beginning that it is of some length, and goes on with zeros.
type hugeList struct{ left, read int64 }

func (h *hugeList) Read(p []byte) (int, error) {
	clear(p)
	if h.read == 0 {
		copy(p, []byte{0x30, 0x84, byte(h.left >> 24), byte(h.left >> 16), byte(h.left >> 8), byte(h.left)})
	}
	h.read += int64(len(p))
	return len(p), nil
}

func testHuge(t *testing.T, issuer *ca) {
	h := &hugeList{left: MaxList + 1}
	if _, err := scan(h, func([]byte, int) {}); !errors.Is(err, ErrList) || h.read > 1<<20 {
		t.Errorf("%v after %d bytes", err, h.read)
	}
	// An entry, and what comes before and after them, have bounds of their own.
	l := listTemplate(5, 77)
	l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, maxPart)}}
	if _, _, err := readList(bytesOf(issuer.list(t, l)), []*x509.Certificate{issuer.cert}); !errors.Is(err, ErrList) {
		t.Errorf("large extension: %v", err)
	}
	l = listTemplate(5, 77)
	l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Value: make([]byte, maxEntry)}}
	if _, _, err := readList(bytesOf(issuer.list(t, l)), []*x509.Certificate{issuer.cert}); !errors.Is(err, ErrList) {
		t.Errorf("large entry: %v", err)
	}
}

// TestSignatures reads lists of every accepted kind of signature, as other software makes them.
func TestSignatures(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	of := func(a x509.SignatureAlgorithm) (*ca, []byte) {
		issuer := newCA(t, nil, "EC", nil)
		if a != x509.ECDSAWithSHA256 && a != x509.ECDSAWithSHA384 && a != x509.ECDSAWithSHA512 {
			issuer = certify(t, nil, key, &x509.Certificate{
				Subject: pkix.Name{CommonName: "RSA"}, SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCRLSign,
			}, nil)
		}
		l := listTemplate(5, 77)
		l.SignatureAlgorithm = a
		return issuer, issuer.list(t, l)
	}
	for _, a := range []x509.SignatureAlgorithm{
		x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
	} {
		issuer, raw := of(a)
		l, _, err := readList(bytesOf(raw), []*x509.Certificate{issuer.cert})
		if err != nil || !l.revoked.has([]byte{77}) {
			t.Errorf("%s: %v", a, err)
		}
		for _, at := range []int{len(raw) - 1, len(raw) / 2, 40} {
			bad := bytes.Clone(raw)
			bad[at] ^= 1
			if _, _, err := readList(bytesOf(bad), []*x509.Certificate{issuer.cert}); err == nil {
				t.Errorf("%s: accepted with byte %d changed", a, at)
			}
		}
	}
}

// TestChangedWhileRead: what is counted, verified and kept is the same bytes.
func TestChangedWhileRead(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	versions := [][]byte{issuer.list(t, listTemplate(5, 77)), issuer.list(t, listTemplate(6))}
	n := 0
	open := func() (io.ReadCloser, error) { n++; return bytesOf(versions[n-1])() }
	if _, _, err := readList(open, []*x509.Certificate{issuer.cert}); !errors.Is(err, ErrList) {
		t.Errorf("%v", err)
	}
}

func TestFilesAreFollowed(t *testing.T) {
	root := newCA(t, nil, "Root", nil)
	issuer := newCA(t, root, "Level 1D", nil)
	both := append(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: issuer.list(t, listTemplate(1))}),
		pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: root.list(t, listTemplate(9, 1000))})...)
	d := newDesk(t, both, ladder, nil, root, issuer)
	if got := d.decide(root, 1000); !got.Evidence.Revoked || got.Evidence.Number != "9" {
		t.Errorf("second list of the file: %+v", got)
	}
	d.write(issuer.list(t, listTemplate(2, 77)))
	if got := d.decide(issuer, 77); got.Evidence.Revoked {
		t.Errorf("a sign-in read a file: %+v", got)
	}
	d.Refresh(t.Context())
	if got := d.decide(issuer, 77); !got.Evidence.Revoked || got.Evidence.Number != "2" {
		t.Errorf("not looked: %+v", got)
	}
	d.write([]byte("damaged"))
	d.Refresh(t.Context())
	d.Refresh(t.Context())
	if got := d.decide(issuer, 77); !got.Evidence.Revoked {
		t.Errorf("a damaged file must change nothing: %+v", got)
	}
	if n := strings.Count(d.log.String(), "revocation source not usable"); n != 1 {
		t.Errorf("told %d times: %s", n, d.log.String())
	}
	if err := os.Remove(d.path); err != nil {
		t.Fatal(err)
	}
	d.Refresh(t.Context())
	if got := d.decide(issuer, 77); !got.Evidence.Revoked || strings.Count(d.log.String(), "not usable") != 2 {
		t.Errorf("%+v %s", got, d.log.String())
	}
	states := d.States()
	if len(states) != 2 || states[0].Number != "9" || states[1].Number != "2" || states[1].Entries != 1 || states[1].Standing != bridge.StandingFresh {
		t.Errorf("%+v", states)
	}
}
