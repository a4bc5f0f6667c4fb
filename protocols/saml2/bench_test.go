package saml2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// BenchmarkIssue: compare with the bare signatures of the same run; ratio compares the two in turns. The answer has one signature, on
// the response.
func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	st := state{ID: "_" + w.hub.NewID(), Reply: reply{spACS, byPOST}}
	iss := bridge.Issuance{
		Subject: patel, SubjectKind: trust.SubjectUID, Method: bridge.MethodSmartcard, Assurance: 3, AuthnAt: w.now, SessionEnds: w.now.Add(time.Hour), Index: w.hub.NewID(),
	}
	for _, name := range []string{"displayName", "givenName", "sn", "uid", "role", "org", "activities", "workgroups"} {
		iss.Attributes = append(iss.Attributes, bridge.Attribute{Name: "urn:oid:2.5.4." + name, Friendly: name, Values: []any{"one value", "another value of this"}})
	}
	digest := sha256.Sum256([]byte("x"))
	bareRSA := func() error {
		_, err := rsa.SignPKCS1v15(rand.Reader, keys().hub, crypto.SHA256, digest[:])
		return err
	}
	es, err := w.p.Keys().Signing(keyring.ES256)
	if err != nil {
		b.Fatal(err)
	}
	bareEC := func() error {
		_, err := ecdsa.SignASN1(rand.Reader, es.Signer.(*ecdsa.PrivateKey), digest[:])
		return err
	}
	b.Run("bare RSA-2048", func(b *testing.B) { each(b, bareRSA) })
	b.Run("bare P-256", func(b *testing.B) { each(b, bareEC) })
	encode := func(algorithm string, encrypted bool) func() error {
		p := samplePartner()
		p.SAML.Algorithm = algorithm
		if encrypted {
			sp := *p.SAML.Entity.SP
			sp.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
			p.SAML.Entity.SP = &sp
		}
		return func() error {
			_, err := w.p.encode(p, st, iss)
			return err
		}
	}
	b.Run("signed", func(b *testing.B) { each(b, encode("RS256", false)) })
	b.Run("signed and encrypted", func(b *testing.B) { each(b, encode("RS256", true)) })
	b.Run("signed by ES256", func(b *testing.B) { each(b, encode("ES256", false)) })
	b.Run("signed ratio", func(b *testing.B) { against(b, bareRSA, encode("RS256", false)) })
	b.Run("signed by ES256 ratio", func(b *testing.B) { against(b, bareEC, encode("ES256", false)) })
}

func each(b *testing.B, f func() error) {
	b.ReportAllocs()
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
}

// against says how many times the processor time of the bare operation that it cannot do without ours takes ("x/bare"), collecting
// its garbage included. The two take turns of a few calls, so that what else the machine does falls on both.
func against(b *testing.B, bare, ours func() error) {
	b.Helper()
	turn := func(f func() error) time.Duration {
		start := processorTime(b)
		for range 8 {
			if err := f(); err != nil {
				b.Fatal(err)
			}
		}
		return processorTime(b) - start
	}
	var least, whole time.Duration
	for b.Loop() {
		least += turn(bare)
		whole += turn(ours)
	}
	b.ReportMetric(0, "ns/op") // of a pair of turns, which means nothing
	b.ReportMetric(float64(whole)/float64(least), "x/bare")
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRedirect is the whole way of a second app in a live session: URL in, page out. Compare with BenchmarkIssue.
func BenchmarkRedirect(b *testing.B) {
	for _, algorithm := range []string{"RS256", "ES256"} {
		b.Run(algorithm, func(b *testing.B) {
			w := newWorld(b)
			w.change(func(p *trust.Partner) { p.Stage, p.SAML.Algorithm = trust.Live, algorithm })
			who := w.browser()
			w.signOn(who, w.authn())
			queries := make([]string, 64)
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if n%len(queries) == 0 {
					b.StopTimer()
					for i := range queries {
						queries[i] = SSOPath + "?" + redirectQuery(b, "SAMLRequest", w.authn().xml(), "state")
					}
					b.StartTimer()
				}
				if rec := who.get(queries[n%len(queries)]); rec.Code != 200 {
					b.Fatal(rec.Code, w.lastReason())
				}
			}
		})
	}
}
