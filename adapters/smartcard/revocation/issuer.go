package revocation

import (
	"crypto/sha1" //nolint:gosec // an identifier of a public key, RFC 5280, section 4.2.1.2, method 1
	"crypto/x509"
)

// IssuerKeyID identifies the key of an issuer, as the cards it issues name it: its subjectKeyIdentifier (RFC
// 5280, section 4.2.1.2), or SHA-1 over its public key (method 1 there) where it has none. It is read from the
// issuer that was verified, never from the card.
func IssuerKeyID(issuer *x509.Certificate) []byte {
	if len(issuer.SubjectKeyId) > 0 {
		return issuer.SubjectKeyId
	}
	key, err := publicKey(issuer)
	if err != nil {
		return nil // not reachable: the certificate was parsed
	}
	sum := sha1.Sum(key) //nolint:gosec // as above
	return sum[:]
}
