package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// signers are one private key of each kind. But for RSA they are always the same, so that the processes of a fuzz run agree.
var signers = sync.OnceValue(func() map[kind]crypto.Signer {
	out := map[kind]crypto.Signer{}
	for k, c := range map[kind]elliptic.Curve{kindP256: elliptic.P256(), kindP384: elliptic.P384(), kindP521: elliptic.P521()} {
		key, err := ecdsa.ParseRawPrivateKey(c, append(make([]byte, (c.Params().BitSize+7)/8-1), 7))
		if err != nil {
			panic(err)
		}
		out[k] = key
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	out[kindRSA], out[kindEd25519] = key, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	return out
})

// signerOf is the key that signs with an algorithm.
func signerOf(alg keyring.Algorithm) crypto.Signer {
	m, ok := methodOf(alg)
	if !ok {
		return signers()[kindP256]
	}
	return signers()[m.kind]
}

// ring is the hub's keys of a test, one of each kind that a ring takes.
func ring(t testing.TB) keyring.Ring {
	t.Helper()
	var keys []keyring.Key
	for _, k := range []kind{kindRSA, kindP256, kindP384, kindP521} {
		keys = append(keys, keyring.Key{State: keyring.Active, Signer: signers()[k], Certificate: &x509.Certificate{}})
	}
	out, err := keyring.New(keys...)
	must(t, err)
	return out
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// jwk is the public JWK of a signer, with more members in front.
func jwk(key crypto.Signer, more string) string {
	body, _ := required(key.Public())
	return "{" + more + body + "}"
}

func setOf(t testing.TB, keys ...string) KeySet {
	t.Helper()
	s, err := ReadKeySet([]byte(`{"keys":[` + strings.Join(keys, ",") + `]}`))
	must(t, err)
	return s
}

// forge signs any header and payload, as alg says; what alg is not known is signed as ES256.
func forge(t testing.TB, alg keyring.Algorithm, header, payload string) string {
	t.Helper()
	return seal(t, alg, signerOf(alg), b64.EncodeToString([]byte(header))+"."+b64.EncodeToString([]byte(payload)))
}

func seal(t testing.TB, alg keyring.Algorithm, key crypto.Signer, input string) string {
	t.Helper()
	m, ok := methodOf(alg)
	if !ok {
		m, _ = methodOf(keyring.ES256)
	}
	if m.hash == 0 {
		signature, err := key.Sign(rand.Reader, []byte(input), crypto.Hash(0))
		must(t, err)
		return input + "." + b64.EncodeToString(signature)
	}
	var opts crypto.SignerOpts = m.hash
	if m.pss {
		opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
	}
	signature, err := key.Sign(rand.Reader, m.digest([]byte(input)), opts)
	must(t, err)
	if pub, elliptic := key.Public().(*ecdsa.PublicKey); elliptic {
		fixed := make([]byte, 2*((pub.Params().BitSize+7)/8))
		must(t, fixedWidth(fixed, signature))
		signature = fixed
	}
	return input + "." + b64.EncodeToString(signature)
}

// written is a value as JSON.
func written(t testing.TB, v any) string {
	t.Helper()
	out, err := json.Marshal(v)
	must(t, err)
	return string(out)
}

func headerOf(alg keyring.Algorithm, more string) string {
	return fmt.Sprintf(`{"alg":"%s"%s}`, alg, more)
}

// mustKey is a key on P-256 that nobody knows.
func mustKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return key
}
