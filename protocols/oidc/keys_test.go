package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"slices"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// everyKey is the world's ring with keys that sign with all that a ring can, and one for encryption.
func (w *world) everyKey() keyring.Ring {
	w.t.Helper()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(w.t, err)
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	must(w.t, err)
	_, decrypts := keys()
	ring, err := keyring.New(append(w.ring.Published(),
		keyring.Key{State: keyring.Active, Signer: p384, Certificate: &x509.Certificate{}},
		keyring.Key{State: keyring.Active, Signer: p521, Certificate: &x509.Certificate{}},
		keyring.Key{Use: keyring.Encryption, State: keyring.Active, Signer: decrypts, Certificate: &x509.Certificate{}},
	)...)
	must(w.t, err)
	return ring
}

// TestKeysFollowTheRing: what the ring can sign with is advertised and published, at once; keys for encryption are not.
func TestKeysFollowTheRing(t *testing.T) {
	w := newWorld(t)
	before := list(w.published(), "id_token_signing_alg_values_supported")
	w.ring = w.everyKey()
	var want []string
	for _, alg := range keyring.Algorithms() {
		want = append(want, string(alg))
	}
	if got := list(w.published(), "id_token_signing_alg_values_supported"); !slices.Equal(got, want) || slices.Equal(before, want) {
		t.Errorf("algorithms %v, before %v", got, before)
	}
}

// TestIDTokensOfEveryAlgorithm: a client is served with each, the hash of its access token is of the same strength, and the token
// is known again when it comes back as a hint.
func TestIDTokensOfEveryAlgorithm(t *testing.T) {
	w := newWorld(t)
	w.ring = w.everyKey()
	b := w.browser()
	for _, alg := range keyring.Algorithms() {
		w.change("basic", func(p *trust.Partner) { p.OIDC.Algorithm = string(alg) })
		set := w.tokens(w.redeem("basic", b.code("basic")))
		claims, header := w.verified(set.ID)
		size := map[byte]int{'2': 22, '3': 32, '5': 43}[alg[2]] // characters of half a hash of 256, 384 or 512 bits
		if hash, _ := claims["at_hash"].(string); header.Algorithm != string(alg) || len(hash) != size {
			t.Errorf("%s: header %s, at_hash %v", alg, header.Algorithm, claims["at_hash"])
		}
		if got := b.authorize("basic", "id_token_hint", set.ID); got.query("code") == "" {
			t.Errorf("%s: the hint is not known: %v", alg, got.to)
		}
	}
}
