package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"slices"
)

// Algorithm is the JOSE name of a way to sign (RFC 7518, section 3.1); SAML maps it to its URI.
type Algorithm string

// The algorithms a ring can know. Nothing with SHA-1 and nothing symmetric is among them.
const (
	RS256 Algorithm = "RS256"
	RS384 Algorithm = "RS384"
	RS512 Algorithm = "RS512"
	PS256 Algorithm = "PS256"
	PS384 Algorithm = "PS384"
	PS512 Algorithm = "PS512"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	ES512 Algorithm = "ES512"
)

// Algorithms lists all of them, the most widely understood first.
func Algorithms() []Algorithm {
	return []Algorithm{RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512}
}

// minRSABits is the least length of an RSA key.
const minRSABits = 2048

// algorithmsOf says what a key can sign with: an RSA key with all six of its kind, an EC key with the one of its curve.
func algorithmsOf(pub crypto.PublicKey) ([]Algorithm, error) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < minRSABits {
			return nil, fmt.Errorf("keyring: RSA key is shorter than %d bits", minRSABits)
		}
		return []Algorithm{RS256, RS384, RS512, PS256, PS384, PS512}, nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return []Algorithm{ES256}, nil
		case elliptic.P384():
			return []Algorithm{ES384}, nil
		case elliptic.P521():
			return []Algorithm{ES512}, nil
		}
	}
	return nil, fmt.Errorf("keyring: cannot sign with a key of type %T", pub)
}

// Can reports whether the key can sign with alg, whatever its state.
func (k Key) Can(alg Algorithm) bool { return slices.Contains(k.algorithms, alg) }

// Algorithms lists what the key can sign with; nothing for an encryption key.
func (k Key) Algorithms() []Algorithm { return slices.Clone(k.algorithms) }

// Bits is the size of the key: of the modulus for RSA, of the field for EC.
func (k Key) Bits() int {
	switch pub := k.Signer.Public().(type) {
	case *rsa.PublicKey:
		return pub.N.BitLen()
	case *ecdsa.PublicKey:
		return pub.Curve.Params().BitSize
	}
	return 0
}
