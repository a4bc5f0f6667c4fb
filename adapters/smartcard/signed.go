package smartcard

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// AcceptSigned implements bridge.Cards. RSA cards sign with PKCS #1 v1.5, EC cards with ECDSA, both with SHA-256. An ECDSA value may
// be DER or, as cards give it, r and s side by side.
func (c *Cards) AcceptSigned(ctx context.Context, certificate *x509.Certificate, message, signature []byte, now time.Time) (bridge.Proof, error) {
	if certificate == nil || !signedBy(certificate, message, signature) {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "The challenge was not signed by this card.").WithCode("card_signature")
	}
	return c.Accept(ctx, []*x509.Certificate{certificate}, now)
}

// maxRSABits bounds the keys that are reckoned with before anything is known of their certificate: one that fills it takes seconds.
// crypto/tls has the same bound.
const maxRSABits = 8192

func signedBy(certificate *x509.Certificate, message, signature []byte) bool {
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() <= maxRSABits && certificate.CheckSignature(x509.SHA256WithRSA, message, signature) == nil
	case *ecdsa.PublicKey:
		return certificate.CheckSignature(x509.ECDSAWithSHA256, message, signature) == nil ||
			certificate.CheckSignature(x509.ECDSAWithSHA256, message, fromRaw(key, signature)) == nil
	}
	return false
}

// fromRaw turns r||s into DER; nil if it has another length.
func fromRaw(key *ecdsa.PublicKey, raw []byte) []byte {
	n := (key.Curve.Params().BitSize + 7) / 8
	if len(raw) != 2*n {
		return nil
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:n]), new(big.Int).SetBytes(raw[n:])})
	if err != nil {
		return nil
	}
	return der
}
