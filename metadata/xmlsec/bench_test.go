package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

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

func bareVerify(b *testing.B, doc []byte) func() error {
	key, digest := partnerKey(), sha256.Sum256(doc)
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	return func() error { return rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, digest[:], sig) }
}

// BenchmarkVerify: compare own, and with second opinion, with bare; ratio compares own with it.
func BenchmarkVerify(b *testing.B) {
	doc, keys := string(largeRequest(b)), partnerKeys() // as messages come
	alone := MessageLimits()
	alone.secondOpinion = false
	bare := bareVerify(b, []byte(doc))
	verify := func(l Limits) func() error {
		return func() error {
			_, err := VerifyEnveloped(doc, l, keys)
			return err
		}
	}
	b.Run("bare", func(b *testing.B) { each(b, bare) })
	b.Run("own", func(b *testing.B) { each(b, verify(alone)) })
	b.Run("with second opinion", func(b *testing.B) { each(b, verify(MessageLimits())) })
	b.Run("own ratio", func(b *testing.B) { against(b, bare, verify(alone)) })
	b.Run("with second opinion ratio", func(b *testing.B) { against(b, bare, verify(MessageLimits())) })
}

func each(b *testing.B, f func() error) {
	b.ReportAllocs()
	start := processorTime(b)
	for b.Loop() {
		if err := f(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(processorTime(b)-start)/float64(b.N), "cpu-ns/op")
}

func BenchmarkScan(b *testing.B) {
	doc := largeRequest(b)
	b.SetBytes(int64(len(doc)))
	each(b, func() error {
		_, err := parse(doc, MessageLimits())
		return err
	})
}

func BenchmarkReadSigned(b *testing.B) {
	doc := largeRequest(b)
	b.SetBytes(int64(len(doc)))
	each(b, func() error {
		_, err := readSigned(doc, MessageLimits())
		return err
	})
}

func BenchmarkCanonicalize(b *testing.B) {
	doc := largeRequest(b)
	root, err := parse(doc, MessageLimits())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(doc)))
	each(b, func() error {
		_, err := canonicalForm(root, nil, MessageLimits())
		return err
	})
}

// BenchmarkSign signs 5 KB that are in canonical form.
func BenchmarkSign(b *testing.B) {
	doc := strings.Replace(authnRequest, "</samlp:AuthnRequest>", "", 1)
	for i := 0; len(doc) < 5000; i++ {
		doc += fmt.Sprintf(`<samlp:Value>attribute value number %d</samlp:Value>`, i)
	}
	canonical := []byte(doc + "</samlp:AuthnRequest>")
	digest, at := sha256.Sum256(canonical), afterIssuer(doc)
	ec := newEC(b, elliptic.P256())
	run := func(name string, key SigningKey, bare func() error) {
		enveloped := func() error {
			_, err := SignEnveloped(canonical, "_request", at, key, rand.Reader)
			return err
		}
		b.Run(name+" bare", func(b *testing.B) { each(b, bare) })
		b.Run(name+" enveloped", func(b *testing.B) { each(b, enveloped) })
		b.Run(name+" ratio", func(b *testing.B) { against(b, bare, enveloped) })
	}
	run("RSA-2048", SigningKey{Signer: partnerKey(), Algorithm: RSASHA256, Certificate: certificate(b, partnerKey())}, func() error {
		_, err := rsa.SignPKCS1v15(rand.Reader, partnerKey(), crypto.SHA256, digest[:])
		return err
	})
	run("P-256", SigningKey{Signer: ec, Algorithm: ECDSASHA256, Certificate: certificate(b, ec)}, func() error {
		_, err := ecdsa.SignASN1(rand.Reader, ec, digest[:])
		return err
	})
}

// BenchmarkEncrypt encrypts 5 KB to RSA-2048; the bare operation wraps a key by OAEP.
func BenchmarkEncrypt(b *testing.B) {
	text := []byte(strings.Repeat("<a>some text</a>", 5000/16))
	public, key := &partnerKey().PublicKey, make([]byte, 16)
	bare := func() error {
		_, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, public, key, nil)
		return err
	}
	to := EncryptionKey{Public: public, Certificate: certificate(b, partnerKey())}
	ours := func() error {
		_, err := Encrypt(text, to, rand.Reader)
		return err
	}
	b.Run("bare OAEP", func(b *testing.B) { each(b, bare) })
	b.Run("AES-128-GCM", func(b *testing.B) { each(b, ours) })
	b.Run("AES-128-GCM ratio", func(b *testing.B) { against(b, bare, ours) })
}

// BenchmarkParts times what a verification consists of.
func BenchmarkParts(b *testing.B) {
	doc := largeRequest(b)
	l := MessageLimits()
	d, err := readSigned(doc, l)
	if err != nil {
		b.Fatal(err)
	}
	canonical := d.canon.form()
	b.Run("gate", func(b *testing.B) {
		each(b, func() error {
			_, err := gate(doc, l)
			return err
		})
	})
	b.Run("read", func(b *testing.B) {
		each(b, func() error {
			_, err := readSigned(doc, l)
			return err
		})
	})
	b.Run("signature", func(b *testing.B) {
		each(b, func() error {
			_, err := signatureOf(d, l)
			return err
		})
	})
	b.Run("digest", func(b *testing.B) {
		each(b, func() error {
			sumOf(crypto.SHA256, canonical)
			return nil
		})
	})
	b.Run("read back", func(b *testing.B) {
		each(b, func() error {
			_, err := readBack(canonical, d.canon.size)
			return err
		})
	})
}

func BenchmarkCheckCharacters(b *testing.B) {
	doc := largeRequest(b)
	b.SetBytes(int64(len(doc)))
	each(b, func() error { return CheckCharacters(doc) })
}
