package fido

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// certifiesCredential: Android and Apple certify the very key of the credential (sections 8.4 and 8.8).
func certifiesCredential(x statement) error {
	if len(x.path) == 0 {
		return fmt.Errorf("%w: no certificate, or too many", errStatement)
	}
	key, err := publicKey(x.key)
	if err != nil {
		return err
	}
	if same, ok := key.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(x.path[0].PublicKey) {
		return fmt.Errorf("%w: the certificate is of another key", errStatement)
	}
	return nil
}

// publicKey reads a COSE key of one of the algorithms that are offered.
func publicKey(cose []byte) (crypto.PublicKey, error) {
	parsed, err := webauthncose.ParsePublicKey(cose)
	if err != nil {
		return nil, fmt.Errorf("%w: credential key: %w", errStatement, err)
	}
	switch key := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		return key.ToECDSA() //nolint:wrapcheck // nothing to add
	case webauthncose.RSAPublicKeyData:
		if soundRSA(key.Modulus, key.Exponent) {
			return &rsa.PublicKey{N: new(big.Int).SetBytes(key.Modulus), E: int(new(big.Int).SetBytes(key.Exponent).Int64())}, nil
		}
	}
	return nil, fmt.Errorf("%w: a credential key of another kind", errStatement)
}

// signedByCredential: Android's statement is signed by the credential's key, which its certificate has (section 8.4).
func signedByCredential(x statement) error {
	algorithm, ok := x.fields["alg"].(int64)
	signature, also := x.fields["sig"].([]byte)
	if !ok || !also {
		return fmt.Errorf("%w: no algorithm or no signature", errStatement)
	}
	var how x509.SignatureAlgorithm
	switch webauthncose.COSEAlgorithmIdentifier(algorithm) {
	case webauthncose.AlgES256:
		how = x509.ECDSAWithSHA256
	case webauthncose.AlgRS256:
		how = x509.SHA256WithRSA
	default:
		return fmt.Errorf("%w: algorithm %d", errStatement, algorithm)
	}
	if err := x.path[0].CheckSignature(how, x.signedPart(), signature); err != nil {
		return fmt.Errorf("%w: %w", errStatement, err)
	}
	return nil
}

// appleNonce is the extension in which Apple puts what it vouches for (section 8.8).
func appleNonce() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
}

// holdsNonce: Apple's certificate names the registration that it was made for.
func holdsNonce(x statement) error {
	value, err := extension(x.path[0], appleNonce())
	if err != nil {
		return err
	}
	var said struct {
		Nonce []byte `asn1:"tag:1,explicit"`
	}
	if rest, err := asn1.Unmarshal(value, &said); err != nil || len(rest) > 0 {
		return fmt.Errorf("%w: the nonce cannot be read", errStatement)
	}
	if want := sha256.Sum256(x.signedPart()); !bytes.Equal(said.Nonce, want[:]) {
		return fmt.Errorf("%w: the certificate was made for another registration", errStatement)
	}
	return nil
}
