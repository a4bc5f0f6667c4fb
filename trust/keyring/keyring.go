package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
)

// ErrNoKey is returned when no active key fits what was asked for.
var ErrNoKey = errors.New("keyring: no active key for this algorithm")

// State of a key in its life.
type State string

// Next keys are published before use, Active keys sign, Retired keys are published until the last thing they signed is dead.
const (
	Next    State = "next"
	Active  State = "active"
	Retired State = "retired"
)

// Algorithm is the JOSE name of what a key signs with; SAML maps it to its URI.
type Algorithm string

// Algorithms this version signs with.
const (
	RS256 Algorithm = "RS256"
	ES256 Algorithm = "ES256"
)

// Key is one of the hub's signing keys.
type Key struct {
	ID          string // RFC 7638 thumbprint-like, stable for one public key
	State       State
	Algorithm   Algorithm
	Signer      crypto.Signer
	Certificate *x509.Certificate // carries the key in SAML; never nil
}

// Ring is the set of keys. It is a value: a change makes a new Ring.
type Ring struct {
	keys []Key
}

// New builds a ring. The first active key of an algorithm signs.
func New(keys ...Key) (Ring, error) {
	for i := range keys {
		alg, err := algorithmOf(keys[i].Signer.Public())
		if err != nil {
			return Ring{}, err
		}
		keys[i].Algorithm = alg
		if keys[i].ID == "" {
			keys[i].ID = Thumbprint(keys[i].Signer.Public())
		}
		if keys[i].Certificate == nil {
			return Ring{}, fmt.Errorf("keyring: key %s has no certificate", keys[i].ID)
		}
	}
	return Ring{keys: keys}, nil
}

// Signing returns the key that signs with alg now, or ErrNoKey.
func (r Ring) Signing(alg Algorithm) (Key, error) {
	for _, k := range r.keys {
		if k.State == Active && k.Algorithm == alg {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("%w: %s", ErrNoKey, alg)
}

// Published lists every key that partners should know: active first, then next, then retired.
func (r Ring) Published() []Key {
	var out []Key
	for _, s := range []State{Active, Next, Retired} {
		for _, k := range r.keys {
			if k.State == s {
				out = append(out, k)
			}
		}
	}
	return out
}

// Thumbprint is a stable key id: base64url of SHA-256 over the public key's PKIX form.
func Thumbprint(pub crypto.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(der)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func algorithmOf(pub crypto.PublicKey) (Algorithm, error) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return "", errors.New("keyring: RSA key is shorter than 2048 bits")
		}
		return RS256, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return ES256, nil
		}
	}
	return "", fmt.Errorf("keyring: cannot sign with a key of type %T", pub)
}
