package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"sync"
	"testing"
)

// made are keys of every kind, made once.
type made struct {
	rsa, other, large *rsa.PrivateKey
	ec                map[elliptic.Curve]*ecdsa.PrivateKey
}

var keys = sync.OnceValue(func() made {
	m := made{ec: map[elliptic.Curve]*ecdsa.PrivateKey{}}
	var err error
	for at, bits := range map[**rsa.PrivateKey]int{&m.rsa: 2048, &m.other: 2048, &m.large: 3072} {
		if *at, err = rsa.GenerateKey(rand.Reader, bits); err != nil {
			panic(err)
		}
	}
	for _, c := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		if m.ec[c], err = ecdsa.GenerateKey(c, rand.Reader); err != nil {
			panic(err)
		}
	}
	return m
})

func key(state State, signer crypto.Signer) Key {
	return Key{State: state, Signer: signer, Certificate: &x509.Certificate{}}
}

func decrypting(state State, signer crypto.Signer) Key {
	k := key(state, signer)
	k.Use = Encryption
	return k
}

func ring(t *testing.T, keys ...Key) Ring {
	t.Helper()
	r, err := New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryAlgorithm(t *testing.T) {
	k := keys()
	r := ring(t, decrypting(Active, k.other), key(Active, k.rsa), key(Active, k.ec[elliptic.P256()]), key(Active, k.ec[elliptic.P384()]), key(Active, k.ec[elliptic.P521()]))
	want := map[Algorithm]crypto.Signer{
		RS256: k.rsa, RS384: k.rsa, RS512: k.rsa, PS256: k.rsa, PS384: k.rsa, PS512: k.rsa,
		ES256: k.ec[elliptic.P256()], ES384: k.ec[elliptic.P384()], ES512: k.ec[elliptic.P521()],
	}
	if len(Algorithms()) != len(want) {
		t.Errorf("%d algorithms", len(Algorithms()))
	}
	for _, alg := range Algorithms() {
		got, err := r.Signing(alg)
		if err != nil || got.Signer != want[alg] || !got.Can(alg) || !slices.Contains(got.Algorithms(), alg) {
			t.Errorf("%s: %v %v", alg, got.ID, err)
		}
	}
	for _, alg := range []Algorithm{"", "none", "HS256", "RS1", "EdDSA", "ES256K"} {
		if _, err := r.Signing(alg); !errors.Is(err, ErrNoKey) {
			t.Errorf("%q: %v", alg, err)
		}
	}
}

// TestStates: what signs, what is published and what decrypts, and in which order.
func TestStates(t *testing.T) {
	k := keys()
	p256, p384 := k.ec[elliptic.P256()], k.ec[elliptic.P384()]
	all := []Key{key(Retired, p256), key(Next, k.other), key(Active, k.rsa), key(Active, k.large), key(Next, p384)}
	r := ring(t, all...)
	order := func(keys []Key) (out []crypto.Signer) {
		for _, k := range keys {
			out = append(out, k.Signer)
		}
		return out
	}
	if got := order(r.Published()); !slices.Equal(got, []crypto.Signer{k.rsa, k.large, k.other, p384, p256}) {
		t.Errorf("published %v", got)
	}
	if got := order(r.Upcoming()); !slices.Equal(got, []crypto.Signer{k.other, p384}) {
		t.Errorf("upcoming %v", got)
	}
	if got, err := r.Signing(PS512); err != nil || got.Signer != k.rsa {
		t.Errorf("the first active key does not sign: %v", err)
	}
	for _, alg := range []Algorithm{ES256, ES384} { // retired, next
		if _, err := r.Signing(alg); !errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %v", alg, err)
		}
	}
	large := func(k Key) bool { return k.Bits() >= 3000 }
	if got, err := r.SigningIf(RS256, large); err != nil || got.Signer != k.large {
		t.Errorf("fitting: %v", err)
	}
	for signer, want := range map[crypto.Signer]bool{k.rsa: true, k.other: true, p384: true, p256: false} {
		if got, ok := r.Named(Thumbprint(signer.Public())); ok != want || ok && got.Signer != signer {
			t.Errorf("named: %v", ok)
		}
	}
	if _, ok := r.Named(""); ok {
		t.Error("found a key without a name")
	}
	all[2].State = Retired
	if got, err := r.Signing(RS256); err != nil || got.Signer != k.rsa {
		t.Error("the ring changed with the slice that it was made of")
	}

	r = ring(t, key(Active, p256), decrypting(Retired, k.large), decrypting(Next, k.other), decrypting(Active, k.rsa))
	if got := order(r.Receiving()); !slices.Equal(got, []crypto.Signer{k.rsa}) {
		t.Errorf("receiving %v", got)
	}
	if got := order(r.Decrypting()); !slices.Equal(got, []crypto.Signer{k.rsa, k.other, k.large}) {
		t.Errorf("decrypting %v", got)
	}
	if got := order(r.Published()); !slices.Equal(got, []crypto.Signer{p256}) {
		t.Errorf("an encryption key is published for signatures: %v", got)
	}
	if _, ok := r.Named(Thumbprint(k.rsa.Public())); ok {
		t.Error("an encryption key may sign")
	}
	if _, err := r.Signing(RS256); !errors.Is(err, ErrNoKey) {
		t.Error("an encryption key signs")
	}
}

// TestForSAML: keys for OIDC only are not there for SAML, whatever is asked; all others are, in their order.
func TestForSAML(t *testing.T) {
	k := keys()
	only := func(state State, signer crypto.Signer) Key {
		x := key(state, signer)
		x.OIDCOnly = true
		return x
	}
	p256, p384 := k.ec[elliptic.P256()], k.ec[elliptic.P384()]
	r := ring(t, only(Active, p256), key(Active, k.rsa), only(Next, k.other), key(Next, p384), decrypting(Active, k.large))
	saml := r.ForSAML()
	if len(r.Published()) != 4 || len(saml.Published()) != 2 || saml.Published()[0].Signer != k.rsa || saml.Published()[1].Signer != p384 || len(saml.Receiving()) != 1 {
		t.Errorf("published %v, for SAML %v", r.Published(), saml.Published())
	}
	if _, err := r.Signing(ES256); err != nil {
		t.Error(err)
	}
	if _, err := saml.Signing(ES256); !errors.Is(err, ErrNoKey) {
		t.Errorf("signs for SAML: %v", err)
	}
	if _, ok := saml.Named(Thumbprint(k.other.Public())); ok || len(saml.Upcoming()) != 1 {
		t.Error("a key for OIDC only can be named for SAML")
	}
	if !saml.ForSAML().Same(saml) {
		t.Error("not the same again")
	}
	if plain := ring(t, key(Active, k.rsa)); !plain.ForSAML().Same(plain) {
		t.Error("another ring where no key is for OIDC only")
	}
}

func TestNewRefuses(t *testing.T) {
	k := keys()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	bare := key(Active, k.rsa)
	bare.Certificate = nil
	for name, c := range map[string][]Key{
		"RSA 1024":            {key(Active, small)},
		"RSA 1024 decrypting": {decrypting(Active, small)},
		"P-224":               {key(Active, k.ec[elliptic.P224()])},
		"Ed25519":             {key(Active, ed)},
		"EC decrypting":       {decrypting(Active, k.ec[elliptic.P256()])},
		"only signs":          {decrypting(Active, struct{ crypto.Signer }{k.rsa})},
		"no certificate":      {bare},
		"twice":               {key(Active, k.rsa), key(Next, k.rsa)},
		"two uses":            {key(Active, k.rsa), decrypting(Active, k.rsa)},
	} {
		if _, err := New(c...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSame(t *testing.T) {
	a, b := Ring{keys: []Key{{ID: "a"}}}, Ring{keys: []Key{{ID: "a"}}}
	copied := a
	if !a.Same(copied) || a.Same(b) || a.Same(Ring{}) || !(Ring{}).Same(Ring{}) {
		t.Error("a ring is told from another by what is in it")
	}
}
