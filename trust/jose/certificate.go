package jose

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
)

// Certifies reports whether a certificate stands for a key of the set: it is the first of the key's x5c (RFC 8705, section 2.2.2), or
// certifies a key that has none. Who signed the certificate does not matter.
func (s KeySet) Certifies(c *x509.Certificate) bool {
	for _, k := range s.keys {
		own, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
		if ok && own.Equal(c.PublicKey) && (k.certificate == nil || bytes.Equal(k.certificate, c.Raw)) {
			return true
		}
	}
	return false
}

// readCertificate reads the first certificate of a key's x5c (RFC 7517, section 4.7), in DER; nil if it has none. What cannot be read
// is no certificate, and nobody's.
func readCertificate(c Claims) []byte {
	if !c.Has("x5c") {
		return nil
	}
	nobodys := []byte{}
	chain, err := c.Texts("x5c")
	if err != nil || len(chain) == 0 {
		return nobodys
	}
	der, err := base64.StdEncoding.Strict().DecodeString(chain[0])
	if err != nil {
		return nobodys
	}
	return der
}
