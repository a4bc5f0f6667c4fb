package saml2

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// Compare BenchmarkIssue/* with BenchmarkIssue/bare of the same run.
func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	p := samplePartner()
	st := state{ID: "_" + w.hub.NewID(), Reply: reply{spACS, byPOST}}
	iss := bridge.Issuance{
		Subject: patel, SubjectKind: trust.SubjectUID, Method: bridge.MethodSmartcard, Assurance: 3, AuthnAt: w.now, SessionEnds: w.now.Add(time.Hour), Index: w.hub.NewID(),
	}
	for _, name := range []string{"displayName", "givenName", "sn", "uid", "role", "org", "activities", "workgroups"} {
		iss.Attributes = append(iss.Attributes, bridge.Attribute{Name: "urn:oid:2.5.4." + name, Friendly: name, Values: []any{"one value", "another value of this"}})
	}
	b.Run("bare", func(b *testing.B) {
		digest := sha256.Sum256([]byte("x"))
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(rand.Reader, keys().hub, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	run := func(name string, p trust.Partner) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.p.encode(p, st, iss); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("signed", p)
	encrypted, ec := p, *p.SAML
	sp := *ec.Entity.SP
	sp.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
	ec.Entity.SP = &sp
	encrypted.SAML = &ec
	run("signed and encrypted", encrypted)
	es := samplePartner()
	es.SAML.Algorithm = "ES256"
	run("signed by ES256", es)
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
