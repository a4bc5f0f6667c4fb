package xmlsec

import "crypto"

// Verified is a document that passed the gate and whose origin was decided by this package. Only this package makes one.
type Verified struct {
	root *Element
	by   crypto.PublicKey
}

// Root is the root element, read from exactly the bytes that the signature covered; nil in the zero value.
func (v Verified) Root() *Element { return v.root }

// By is the key that verified the document; nil after [AcceptUnsigned].
func (v Verified) By() crypto.PublicKey { return v.by }

// AcceptUnsigned lets a document through the gate without a signature. A document that carries a ds:Signature anywhere is
// refused (code "sig_profile"): a signature is verified or it is fatal, never ignored.
func AcceptUnsigned(doc []byte, l Limits) (Verified, error) {
	return Verified{}, fail(CodeSyntax, "not built")
}

// VerifyEnveloped verifies the enveloped signature on the root of doc with any one of keys.
func VerifyEnveloped(doc []byte, l Limits, keys []crypto.PublicKey) (Verified, error) {
	return Verified{}, fail(CodeSyntax, "not built")
}

// VerifyDetached verifies sig, made with the algorithm URI alg over octets, with any one of keys and lets doc through the gate
// (SAML Bindings 3.4.4.1). The caller proves that octets carry doc. A ds:Signature inside doc is refused.
func VerifyDetached(doc []byte, l Limits, octets []byte, alg string, sig []byte, keys []crypto.PublicKey) (Verified, error) {
	return Verified{}, fail(CodeSyntax, "not built")
}

// HasSignature reports whether the root element has a ds:Signature child, after the gate.
func HasSignature(doc []byte, l Limits) (bool, error) { return false, fail(CodeSyntax, "not built") }

// Canonicalize returns doc in exclusive canonical form without comments.
func Canonicalize(doc []byte, l Limits) ([]byte, error) { return nil, fail(CodeSyntax, "not built") }

// CheckKey reports whether a public key is one we accept from a partner: RSA with 2048 to 8192 bits, odd modulus and
// an exponent of at least 65537; ECDSA on P-256, P-384 or P-521.
func CheckKey(key crypto.PublicKey) error { return nil }
