package xmlsec

import (
	"crypto"
	"io"
)

// SigningKey is a private key and how it signs.
type SigningKey struct {
	Signer      crypto.Signer
	Algorithm   string // signature algorithm URI
	Certificate []byte // DER, goes in KeyInfo; may be empty
}

// SignEnveloped signs an element that is already in exclusive canonical form and returns it with a ds:Signature inserted at
// byte offset at. The attribute ID of the element must be id; the result is again in canonical form.
func SignEnveloped(canonical []byte, id string, at int, key SigningKey, rand io.Reader) ([]byte, error) {
	return nil, fail(CodeKey, "not built")
}

// SignDetached signs octets. ECDSA values are r||s (XML Signature 1.1, 6.4.3).
func SignDetached(octets []byte, key SigningKey, rand io.Reader) ([]byte, error) {
	return nil, fail(CodeKey, "not built")
}
