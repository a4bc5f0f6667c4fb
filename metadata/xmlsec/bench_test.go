package xmlsec

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

// Compare BenchmarkVerify/* with BenchmarkVerify/bare, and BenchmarkSign/* with BenchmarkSign/bare, of the same run.

func BenchmarkVerify(b *testing.B) {
	doc, keys := largeRequest(b), partnerKeys()
	b.Run("bare", func(b *testing.B) {
		digest := sha256.Sum256(doc)
		sig, err := rsa.SignPKCS1v15(rand.Reader, partnerKey(), crypto.SHA256, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if rsa.VerifyPKCS1v15(&partnerKey().PublicKey, crypto.SHA256, digest[:], sig) != nil {
				b.Fatal("bare")
			}
		}
	})
	alone := MessageLimits()
	alone.secondOpinion = false
	for name, l := range map[string]Limits{"own": alone, "with second opinion": MessageLimits()} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := VerifyEnveloped(doc, l, keys); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScan(b *testing.B) {
	doc := largeRequest(b)
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parse(doc, MessageLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonicalize(b *testing.B) {
	doc := largeRequest(b)
	root, err := parse(doc, MessageLimits())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := canonicalForm(root, nil, nil, MessageLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	doc := strings.Replace(authnRequest, "</samlp:AuthnRequest>", "", 1)
	for i := 0; len(doc) < 5000; i++ {
		doc += fmt.Sprintf(`<samlp:Value>attribute value number %d</samlp:Value>`, i)
	}
	canonical := []byte(doc + "</samlp:AuthnRequest>")
	b.Run("bare", func(b *testing.B) {
		digest := sha256.Sum256(canonical)
		for b.Loop() {
			if _, err := rsa.SignPKCS1v15(rand.Reader, partnerKey(), crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	key := SigningKey{Signer: partnerKey(), Algorithm: RSASHA256, Certificate: certificate(b, partnerKey())}
	at := afterIssuer(doc)
	b.Run("enveloped", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := SignEnveloped(canonical, "_request", at, key, rand.Reader); err != nil {
				b.Fatal(err)
			}
		}
	})
}
