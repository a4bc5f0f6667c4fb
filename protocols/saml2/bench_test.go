package saml2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
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

// BenchmarkRedirect is the whole way of a second app in a live session: URL in, page out, with the store in memory. Its ratio is to
// the bare signature, made in turns with it.
func BenchmarkRedirect(b *testing.B) {
	for _, algorithm := range []keyring.Algorithm{keyring.RS256, keyring.ES256} {
		b.Run(string(algorithm), func(b *testing.B) {
			w := newWorld(b)
			w.change(func(p *trust.Partner) {
				p.Stage, p.SAML.Algorithm, p.SAML.Contexts = trust.Live, string(algorithm), trust.DefaultContexts() // as compiled terms have
			})
			key, err := w.p.Keys().Signing(algorithm)
			if err != nil {
				b.Fatal(err)
			}
			who := w.browser()
			w.signOn(who, w.authn())
			queries, digest := make([]string, 64), sha256.Sum256([]byte("x"))
			var bare, whole time.Duration
			b.ReportAllocs()
			start := processorTime(b)
			for n := 0; b.Loop(); n++ {
				if n%len(queries) == 0 {
					b.StopTimer()
					whole += processorTime(b) - start
					bare += w.prepare(b, queries, func() {
						if _, err := key.Signer.Sign(rand.Reader, digest[:], crypto.SHA256); err != nil {
							b.Fatal(err)
						}
					})
					start = processorTime(b)
					b.StartTimer()
				}
				if rec := who.get(queries[n%len(queries)]); rec.Code != 200 {
					b.Fatal(rec.Code, w.lastReason())
				}
			}
			whole += processorTime(b) - start
			turns := (b.N + len(queries) - 1) / len(queries) * len(queries)
			b.ReportMetric(float64(whole)/float64(b.N)/float64(bare)*float64(turns), "x/bare")
		})
	}
}

// prepare makes new requests, calls sign as often, and returns the processor time of the latter.
func (w *world) prepare(b *testing.B, queries []string, sign func()) time.Duration {
	for i := range queries {
		packed, err := w.p.deflate([]byte(w.authn().xml()))
		if err != nil {
			b.Fatal(err)
		}
		queries[i] = SSOPath + "?SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed)) + "&RelayState=state"
	}
	start := processorTime(b)
	for range queries {
		sign()
	}
	return processorTime(b) - start
}
