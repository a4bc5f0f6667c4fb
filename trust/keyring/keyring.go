package keyring

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// ErrNoKey is returned when no active key fits what was asked for.
var ErrNoKey = errors.New("keyring: no active key for this algorithm")

// State of a key in its life.
type State string

// The states. Of signing keys: Next are published before use, Active sign, Retired are published until the last thing they
// signed is dead. Of encryption keys: Active are published, and all three decrypt.
const (
	Next    State = "next"
	Active  State = "active"
	Retired State = "retired"
)

// Use of a key. A key has one: what decrypts must never sign what others choose.
type Use int

// The uses.
const (
	Signing Use = iota
	Encryption
)

// Key is one of the hub's keys.
type Key struct {
	ID          string // RFC 7638 thumbprint-like, stable for one public key
	Use         Use
	State       State
	Signer      crypto.Signer     // of an encryption key: a crypto.Decrypter as well
	Certificate *x509.Certificate // carries the key in SAML; never nil
	OIDCOnly    bool              // of a signing key: it stands in no SAML metadata, and signs nothing that is known by certificates
	algorithms  []Algorithm
}

// Ring is the set of keys. It is a value: a change makes a new Ring.
type Ring struct {
	keys []Key
	saml []Key // without those for OIDC only
}

// New builds a ring. Of several active keys that can sign with an algorithm, the first signs.
func New(keys ...Key) (Ring, error) {
	seen := map[string]bool{}
	out := make([]Key, 0, len(keys))
	for _, k := range keys {
		if k.ID == "" {
			k.ID = Thumbprint(k.Signer.Public())
		}
		if k.Certificate == nil {
			return Ring{}, fmt.Errorf("keyring: key %s has no certificate", k.ID)
		}
		if seen[k.ID] {
			return Ring{}, fmt.Errorf("keyring: key %s is there twice", k.ID)
		}
		seen[k.ID] = true
		var err error
		if k.Use == Encryption {
			err = checkEncryption(k)
		} else {
			k.algorithms, err = algorithmsOf(k.Signer.Public())
		}
		if err != nil {
			return Ring{}, err
		}
		out = append(out, k)
	}
	r := Ring{keys: out, saml: out}
	if slices.ContainsFunc(out, forOIDC) {
		r.saml = slices.DeleteFunc(slices.Clone(out), forOIDC)
	}
	return r, nil
}

func forOIDC(k Key) bool { return k.OIDCOnly }

// ForSAML is the ring without the keys for OIDC only: what may sign for partners that know the hub's keys by certificates, which is those
// of SAML and of legacy tickets, and what they are told.
func (r Ring) ForSAML() Ring { return Ring{keys: r.saml, saml: r.saml} }

// checkEncryption: RSA only, since RSA-OAEP is the one key transport of XML Encryption that is spoken here.
func checkEncryption(k Key) error {
	pub, ok := k.Signer.Public().(*rsa.PublicKey)
	if _, decrypts := k.Signer.(crypto.Decrypter); !ok || !decrypts {
		return fmt.Errorf("keyring: cannot decrypt with a key of type %T", k.Signer.Public())
	}
	if pub.N.BitLen() < minRSABits {
		return fmt.Errorf("keyring: RSA key is shorter than %d bits", minRSABits)
	}
	return nil
}

// Same reports whether two rings are one and the same: made by one call of New.
func (r Ring) Same(other Ring) bool {
	return len(r.keys) == len(other.keys) && (len(r.keys) == 0 || &r.keys[0] == &other.keys[0])
}

// Signing returns the key that signs with alg now, or ErrNoKey.
func (r Ring) Signing(alg Algorithm) (Key, error) { return r.SigningIf(alg, nil) }

// SigningIf returns the first active key that can sign with alg and for which fits is true, or ErrNoKey; nil takes any.
func (r Ring) SigningIf(alg Algorithm, fits func(Key) bool) (Key, error) {
	for _, k := range r.keys {
		if k.State == Active && k.Can(alg) && (fits == nil || fits(k)) {
			return k, nil
		}
	}
	return Key{}, fmt.Errorf("%w: %s", ErrNoKey, alg)
}

// Named returns the signing key with this id if it may sign for somebody, being active or next.
func (r Ring) Named(id string) (Key, bool) {
	for _, k := range r.keys {
		if k.ID == id && k.Use == Signing && k.State != Retired {
			return k, true
		}
	}
	return Key{}, false
}

// Upcoming lists the signing keys that are published and do not sign yet.
func (r Ring) Upcoming() []Key { return r.inState(Signing, Next) }

// Published lists every signing key that partners should know: active first, then next, then retired.
func (r Ring) Published() []Key { return r.inState(Signing, Active, Next, Retired) }

// Receiving lists the encryption keys that partners should encrypt to.
func (r Ring) Receiving() []Key { return r.inState(Encryption, Active) }

// Decrypting lists every encryption key that something may still be, or already be, encrypted to.
func (r Ring) Decrypting() []Key { return r.inState(Encryption, Active, Next, Retired) }

func (r Ring) inState(use Use, states ...State) []Key {
	var out []Key
	for _, s := range states {
		for _, k := range r.keys {
			if k.Use == use && k.State == s {
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
