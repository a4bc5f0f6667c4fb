package revocation

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// largeList writes a list of n certificates with 128-bit numbers, as national authorities have them.
func largeList(t testing.TB, issuer *ca, n int) (path string, sample []*big.Int) {
	t.Helper()
	l := listTemplate(5)
	for i := range n {
		number := make([]byte, 16)
		if _, err := rand.Read(number); err != nil {
			t.Fatal(err)
		}
		number[0] = number[0]&0x7f | 0x40
		serial := new(big.Int).SetBytes(number)
		l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: serial, RevocationTime: start, ReasonCode: 1})
		if i%1000 == 0 {
			sample = append(sample, serial)
		}
	}
	path = filepath.Join(t.TempDir(), "large.crl")
	if err := os.WriteFile(path, issuer.list(t, l), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, sample
}

// held is how many bytes are in use after everything that can be dropped was.
func held() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLargeListIsSmall: 300,000 entries stay under 8 MB, and no more than that and a buffer is allocated on the way.
func TestLargeListIsSmall(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	path, sample := largeList(t, issuer, 300_000)
	issuers := []*x509.Certificate{issuer.cert}
	before := held()
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	l, _, err := readList(opened(path), issuers)
	runtime.ReadMemStats(&b)
	if err != nil || l.entries != 300_000 {
		t.Fatal(l, err)
	}
	kept, allocated := held()-before, b.TotalAlloc-a.TotalAlloc
	t.Logf("%d entries keep %.1f MB; %.1f MB were allocated to read them", l.entries, float64(kept)/1e6, float64(allocated)/1e6)
	if kept > 8_000_000 || allocated > 8_000_000 {
		t.Errorf("too much")
	}
	for _, serial := range sample {
		number, _ := octets(serial)
		if !l.revoked.has(number) {
			t.Fatalf("%s is missing", serial)
		}
	}
	runtime.KeepAlive(l)
}

func BenchmarkReadList(b *testing.B) {
	issuer := newCA(b, nil, "Root", nil)
	path, _ := largeList(b, issuer, 300_000)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := readList(opened(path), []*x509.Certificate{issuer.cert}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	issuer := newCA(b, nil, "Root", nil)
	path, sample := largeList(b, issuer, 300_000)
	c, err := New(Options{Name: "a", Issuers: []*x509.Certificate{issuer.cert}, Files: []string{path}, Policy: ladder, Clock: func() time.Time { return start }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i++; !c.Decide(issuer.cert, sample[i%len(sample)], start).Evidence.Revoked {
			b.Fatal("not found")
		}
	}
}

func FuzzList(f *testing.F) {
	issuer := newCA(f, nil, "Root", nil)
	f.Add(issuer.list(f, listTemplate(1, 2, 3)))
	f.Add(issuer.list(f, listTemplate(1)))
	f.Add(issuer.list(f, delta(listTemplate(7, 300, 70000), 4)))
	f.Add([]byte("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		lists, err := split(data)
		if err != nil {
			lists = []opener{bytesOf(data)}
		}
		for _, open := range lists {
			compareWithLibrary(t, open)
		}
	})
}

// compareWithLibrary: what is read is what the standard library reads, entry by entry, or nothing.
func compareWithLibrary(t *testing.T, open opener) {
	var numbers [][]byte
	o, err := scanOnce(open, func(number []byte, _ int) { numbers = append(numbers, bytes.Clone(number)) })
	if err != nil {
		return
	}
	r, _ := open()
	var raw bytes.Buffer
	if _, err := raw.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	std, err := x509.ParseRevocationList(raw.Bytes())
	if err != nil {
		t.Skip() // it minds more than is of use here
	}
	if len(numbers) != len(std.RevokedCertificateEntries) {
		t.Fatalf("%d entries, the standard library sees %d", len(numbers), len(std.RevokedCertificateEntries))
	}
	for i, e := range std.RevokedCertificateEntries {
		if want, ok := octets(e.SerialNumber); !ok || !bytes.Equal(want, numbers[i]) {
			t.Errorf("%x, the standard library sees %s", numbers[i], e.SerialNumber)
		}
	}
	h := o.signing.hash.New()
	h.Write(std.RawTBSRevocationList)
	if !bytes.Equal(h.Sum(nil), o.digest) || !bytes.Equal(o.signature, std.Signature) {
		t.Error("the signature is taken over other bytes than the standard library takes it over")
	}
}

func FuzzAnswer(f *testing.F) {
	issuer := newCA(f, nil, "Root", nil)
	f.Add(issuer.answer(f, issuer, answerTemplate(77, 0)))
	f.Add(issuer.answer(f, issuer.delegate(f, nil), answerTemplate(77, 1)))
	f.Add([]byte{0x30, 3, 10, 1, 3})
	c, err := New(Options{Name: "a", Issuers: []*x509.Certificate{issuer.cert}, Policy: answering, Clock: func() time.Time { return start }})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c.takeAnswer(issuer.cert, big.NewInt(77), raw, start) == nil {
			r, err := parseAnswer(raw)
			if err != nil || r.SerialNumber.Int64() != 77 || !r.about(issuer.cert) {
				t.Errorf("%+v %v", r, err)
			}
		}
	})
}
