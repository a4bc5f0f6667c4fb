package xmlsec

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"math/big"
)

// The RSA sizes that we accept, in bits. Larger keys are a way to make us work.
const (
	minRSABits = 2048
	maxRSABits = 8192
	minRSAExp  = 65537
)

// CheckKey reports whether a public key is one we accept from a partner: RSA with 2048 to 8192 bits, odd modulus and
// an odd exponent of at least 65537; ECDSA on P-256, P-384 or P-521. Errors match [ErrKey].
func CheckKey(key crypto.PublicKey) error {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if k == nil || k.N == nil {
			return fail(CodeKey, "no RSA key")
		}
		switch bits := k.N.BitLen(); {
		case bits < minRSABits || bits > maxRSABits:
			return fail(CodeKey, "RSA key size")
		case k.N.Bit(0) == 0:
			return fail(CodeKey, "RSA modulus is even")
		case k.E < minRSAExp || k.E&1 == 0:
			return fail(CodeKey, "RSA exponent")
		}
		return nil
	case *ecdsa.PublicKey:
		if k == nil || k.Curve == nil {
			return fail(CodeKey, "no ECDSA key")
		}
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			if _, err := k.ECDH(); err != nil {
				return failWith(CodeKey, "ECDSA point", err)
			}
			return nil
		}
		return fail(CodeKey, "curve")
	}
	return fail(CodeKey, "kind of key")
}

// checkKeyOf is CheckKey without the point multiplication that a verification makes anyway.
func checkKeyOf(kind signatureKind, key crypto.PublicKey) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return kind != kindECDSA && CheckKey(k) == nil
	case *ecdsa.PublicKey:
		return kind == kindECDSA && k != nil && k.Curve != nil
	}
	return false
}

// verifyValue reports whether sig is the signature of key over digest. ECDSA values are r||s (XML Signature 1.1, 6.4.3).
func verifyValue(m signatureMethod, key crypto.PublicKey, digest, sig []byte) bool {
	if !checkKeyOf(m.kind, key) {
		return false
	}
	switch k := key.(type) {
	case *rsa.PublicKey:
		if m.kind == kindPSS {
			options := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
			return rsa.VerifyPSS(k, m.hash, digest, sig, options) == nil
		}
		return rsa.VerifyPKCS1v15(k, m.hash, digest, sig) == nil
	case *ecdsa.PublicKey:
		der, ok := asn1Signature(k, sig)
		return ok && ecdsa.VerifyASN1(k, digest, der)
	}
	return false
}

type ecdsaValue struct{ R, S *big.Int }

// asn1Signature turns r||s into the DER that Go's verifiers read.
func asn1Signature(key *ecdsa.PublicKey, sig []byte) ([]byte, bool) {
	n := (key.Curve.Params().BitSize + 7) / 8
	if len(sig) != 2*n {
		return nil, false
	}
	der, err := asn1.Marshal(ecdsaValue{new(big.Int).SetBytes(sig[:n]), new(big.Int).SetBytes(sig[n:])})
	return der, err == nil
}

// rawSignature turns DER into r||s.
func rawSignature(key *ecdsa.PublicKey, der []byte) ([]byte, error) {
	var v ecdsaValue
	if rest, err := asn1.Unmarshal(der, &v); err != nil || len(rest) > 0 {
		return nil, failWith(CodeKey, "signer returned no ECDSA value", err)
	}
	n := (key.Curve.Params().BitSize + 7) / 8
	if v.R.Sign() < 0 || v.S.Sign() < 0 || v.R.BitLen() > 8*n || v.S.BitLen() > 8*n {
		return nil, fail(CodeKey, "signer returned an ECDSA value out of range")
	}
	raw := make([]byte, 2*n)
	v.R.FillBytes(raw[:n])
	v.S.FillBytes(raw[n:])
	return raw, nil
}

// sum digests data with one of the hashes of the allow-list.
func sum(h crypto.Hash, data []byte) []byte {
	switch h {
	case crypto.SHA384:
		d := sha512.Sum384(data)
		return d[:]
	case crypto.SHA512:
		d := sha512.Sum512(data)
		return d[:]
	}
	d := sha256.Sum256(data)
	return d[:]
}

// sumOf is sum of what is in a string. By SHA-256, which almost all use, it takes a piece at a time, on the stack: a copy of it all
// would be garbage at once.
func sumOf(h crypto.Hash, s string) []byte {
	if h != crypto.SHA256 {
		return sum(h, []byte(s))
	}
	state := sha256.New()
	var piece [1024]byte
	for len(s) > 0 {
		n := copy(piece[:], s)
		state.Write(piece[:n])
		s = s[n:]
	}
	return state.Sum(make([]byte, 0, sha256.Size))
}
