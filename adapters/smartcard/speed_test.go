package smartcard

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
)

// busyOffice has an authority with a hundred thousand revoked cards.
func busyOffice(t testing.TB) *office {
	t.Helper()
	return newOffice(t, func(o *office) {
		list := &x509.RevocationList{Number: big.NewInt(5), ThisUpdate: start.Add(-time.Hour), NextUpdate: start.Add(24 * time.Hour)}
		for range 100_000 {
			number := make([]byte, 16)
			_, _ = rand.Read(number)
			list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{SerialNumber: new(big.Int).SetBytes(number), RevocationTime: start})
		}
		der, err := x509.CreateRevocationList(rand.Reader, list, o.issuer.cert, o.issuer.key)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "cards.crl")
		if err := os.WriteFile(path, der, 0o600); err != nil {
			t.Fatal(err)
		}
		o.authority.Revocation, err = revocation.New(revocation.Options{
			Name: "national", Issuers: []*x509.Certificate{o.issuer.cert, o.root.cert}, Files: []string{path}, Clock: func() time.Time { return start },
			Policy: revocation.Policy{Mode: revocation.ModeLists, Fresh: 24 * time.Hour},
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkAccept is path building and the decision about revocation. p99-ns is of single calls.
func BenchmarkAccept(b *testing.B) {
	o := busyOffice(b)
	for name, card := range map[string]*authority{"P-256": newCard(b, o.issuer, nil), "RSA-2048": newCardKey(b, o.issuer, rsa2048(b), nil)} {
		b.Run(name, func(b *testing.B) {
			o.register(o.issuer, card, "555000000001")
			var took []time.Duration
			for b.Loop() {
				begun := time.Now()
				if _, err := o.accept(b, card); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100]), "p99-ns")
		})
	}
}
