package xmlsec

import (
	"crypto"
	"crypto/rsa"
	"io"
)

// EncryptionKey is whom to encrypt to.
type EncryptionKey struct {
	Public      *rsa.PublicKey
	Certificate []byte   // DER, a hint for the recipient; may be empty
	Methods     []string // EncryptionMethod URIs of the recipient's metadata in its order; may be empty
	AllowCBC    bool     // an administrator accepted unauthenticated AES-CBC for this recipient
}

// Encrypt returns an xenc:EncryptedData of type Element, in exclusive canonical form, with its EncryptedKey inside ds:KeyInfo.
func Encrypt(plaintext []byte, to EncryptionKey, rand io.Reader) ([]byte, error) {
	return nil, fail(CodeAlgorithm, "not built")
}

// Decrypt returns the plaintext of an xenc:EncryptedData, or of an element such as EncryptedAssertion that holds one.
func Decrypt(e *Element, key crypto.Decrypter) ([]byte, error) {
	return nil, fail(CodeDecrypt, "not built")
}
