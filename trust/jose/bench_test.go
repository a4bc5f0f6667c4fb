package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// The benchmarks run what they measure and the bare signature by turns, and report the least time of each: ns/op, and x_bare, the
// ratio of the two. The least is what other work on the machine disturbs least. Allocations are those of both.

// payload is about as long as an ID token's claims.
var payload = []byte(`{"iss":"https://sso.rx1.example","sub":"` + strings.Repeat("s", 40) + `","aud":"app","exp":1800000000,"iat":1800000000,"x":"` + strings.Repeat("x", 400) + `"}`)

func measure(b *testing.B, op, bare func()) {
	b.Helper()
	b.ReportAllocs()
	least, leastBare := time.Hour, time.Hour
	for b.Loop() {
		start := time.Now()
		op()
		between := time.Now()
		bare()
		least, leastBare = min(least, between.Sub(start)), min(leastBare, time.Since(between))
	}
	b.ReportMetric(float64(least), "ns/op")
	b.ReportMetric(float64(least)/float64(leastBare), "x_bare")
}

func BenchmarkSign(b *testing.B) {
	r := ring(b)
	for _, alg := range keyring.Algorithms() {
		key, err := r.Signing(alg)
		must(b, err)
		m, _ := methodOf(alg)
		var opts crypto.SignerOpts = m.hash
		if m.pss {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
		}
		digest := m.digest(payload)
		b.Run(string(alg), func(b *testing.B) {
			measure(b, func() {
				_, err := Sign(key, alg, "JWT", payload)
				must(b, err)
			}, func() { _, _ = key.Signer.Sign(rand.Reader, digest, opts) })
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	keys := everyKey(b)
	for _, alg := range []keyring.Algorithm{keyring.RS256, keyring.PS256, keyring.ES256, EdDSA} {
		token := forge(b, alg, headerOf(alg, `,"typ":"JWT"`), string(payload))
		b.Run(string(alg), func(b *testing.B) {
			measure(b, func() {
				_, err := Verify(token, keys, anyJWT())
				must(b, err)
			}, bareVerify(b, alg, token))
		})
	}
}

// bareVerify is the verification of a token's signature and nothing else.
func bareVerify(b *testing.B, alg keyring.Algorithm, token string) func() {
	b.Helper()
	m, _ := methodOf(alg)
	at := strings.LastIndexByte(token, '.')
	signature, err := decode(token[at+1:])
	must(b, err)
	input := []byte(token[:at])
	switch pub := signerOf(alg).Public().(type) {
	case ed25519.PublicKey:
		return func() { ed25519.Verify(pub, input, signature) }
	case *ecdsa.PublicKey:
		der, err := signerOf(alg).Sign(rand.Reader, m.digest(input), m.hash)
		must(b, err)
		digest := m.digest(input)
		return func() { ecdsa.VerifyASN1(pub, digest, der) }
	case *rsa.PublicKey:
		digest := m.digest(input)
		if m.pss {
			return func() { _ = rsa.VerifyPSS(pub, m.hash, digest, signature, nil) }
		}
		return func() { _ = rsa.VerifyPKCS1v15(pub, m.hash, digest, signature) }
	}
	b.Fatal(alg)
	return nil
}

func BenchmarkProof(b *testing.B) {
	for _, alg := range []keyring.Algorithm{keyring.ES256, keyring.RS256, EdDSA} {
		token := proofWith(b, alg, nil)
		b.Run(string(alg), func(b *testing.B) {
			measure(b, func() {
				_, err := VerifyProof(token, asked())
				must(b, err)
			}, bareVerify(b, alg, token))
		})
	}
}
