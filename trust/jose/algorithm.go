package jose

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"strings"

	_ "crypto/sha256" // crypto.Hash needs them linked
	_ "crypto/sha512"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// EdDSA is what clients may sign with besides what the hub's own ring knows: Ed25519 (RFC 8037).
const EdDSA keyring.Algorithm = "EdDSA"

// kind is a family of keys.
type kind int

const (
	kindRSA kind = iota + 1
	kindP256
	kindP384
	kindP521
	kindEd25519
)

// method is how an algorithm signs: the table of RFC 7518, section 3.1, without what is symmetric.
type method struct {
	name keyring.Algorithm
	kind kind
	hash crypto.Hash // 0: the message itself is signed
	pss  bool
}

var methods = [...]method{
	{keyring.RS256, kindRSA, crypto.SHA256, false},
	{keyring.RS384, kindRSA, crypto.SHA384, false},
	{keyring.RS512, kindRSA, crypto.SHA512, false},
	{keyring.PS256, kindRSA, crypto.SHA256, true},
	{keyring.PS384, kindRSA, crypto.SHA384, true},
	{keyring.PS512, kindRSA, crypto.SHA512, true},
	{keyring.ES256, kindP256, crypto.SHA256, false},
	{keyring.ES384, kindP384, crypto.SHA384, false},
	{keyring.ES512, kindP521, crypto.SHA512, false},
	{EdDSA, kindEd25519, 0, false},
}

func methodOf(alg keyring.Algorithm) (method, bool) {
	for _, m := range methods {
		if m.name == alg {
			return m, true
		}
	}
	return method{}, false
}

// Algorithms lists all that can be verified.
func Algorithms() []keyring.Algorithm {
	out := make([]keyring.Algorithm, len(methods))
	for i, m := range methods {
		out[i] = m.name
	}
	return out
}

// Names lists algorithms for a message: "ES256, RS256 or PS256".
func Names(algs []keyring.Algorithm) string {
	var b strings.Builder
	for i, a := range algs {
		switch {
		case i == 0:
		case i == len(algs)-1:
			b.WriteString(" or ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(a))
	}
	return b.String()
}

// verify reports whether a signature over input is that of a key of the method's kind.
func (m method) verify(key crypto.PublicKey, input, signature []byte) bool {
	if m.kind == kindEd25519 {
		pub, ok := key.(ed25519.PublicKey)
		return ok && ed25519.Verify(pub, input, signature)
	}
	digest := m.digest(input)
	switch pub := key.(type) {
	case *rsa.PublicKey:
		if m.pss {
			return rsa.VerifyPSS(pub, m.hash, digest, signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil
		}
		return m.kind == kindRSA && rsa.VerifyPKCS1v15(pub, m.hash, digest, signature) == nil
	case *ecdsa.PublicKey:
		return m.kind == kindOfCurve(pub.Curve) && verifyECDSA(pub, digest, signature)
	}
	return false
}

func (m method) digest(input []byte) []byte {
	h := m.hash.New()
	h.Write(input)
	return h.Sum(nil)
}

// verifyECDSA takes r and s side by side (RFC 7518, section 3.4), each in the full width of the order. That both lie between 1 and
// the order is for ecdsa to see.
func verifyECDSA(pub *ecdsa.PublicKey, digest, signature []byte) bool {
	width := (pub.Params().N.BitLen() + 7) / 8
	if len(signature) != 2*width {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:width]), new(big.Int).SetBytes(signature[width:])
	return ecdsa.Verify(pub, digest, r, s)
}

func kindOfCurve(c elliptic.Curve) kind {
	switch c {
	case elliptic.P256():
		return kindP256
	case elliptic.P384():
		return kindP384
	case elliptic.P521():
		return kindP521
	}
	return 0
}

func kindOf(pub crypto.PublicKey) kind {
	switch key := pub.(type) {
	case *rsa.PublicKey:
		return kindRSA
	case *ecdsa.PublicKey:
		return kindOfCurve(key.Curve)
	case ed25519.PublicKey:
		return kindEd25519
	}
	return 0
}
