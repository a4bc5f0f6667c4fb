package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// validity of generated certificates. They only carry keys in SAML metadata, where the key is what is trusted.
const validity = 10 * 365 * 24 * time.Hour

// Generate makes one RSA-2048 and one P-256 key that sign, each with a self-signed certificate valid for ten years
// from now, as a PEM file for Load.
func Generate(random io.Reader, commonName string, now time.Time) ([]byte, error) {
	rsaKey, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return nil, fmt.Errorf("keystore: generate RSA key: %w", err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("keystore: generate P-256 key: %w", err)
	}
	return encode(random, commonName, now, keyring.Signing, rsaKey, ecKey)
}

// GenerateEncryption makes one RSA-2048 key that partners encrypt to, in the same way, for LoadEncryption.
func GenerateEncryption(random io.Reader, commonName string, now time.Time) ([]byte, error) {
	key, err := rsa.GenerateKey(random, 2048)
	if err != nil {
		return nil, fmt.Errorf("keystore: generate RSA key: %w", err)
	}
	return encode(random, commonName, now, keyring.Encryption, key)
}

// encode writes keys and certificates for them as PEM.
func encode(random io.Reader, commonName string, now time.Time, use keyring.Use, keys ...crypto.Signer) ([]byte, error) {
	var out []byte
	for _, key := range keys {
		// An hour back, so that a partner whose clock is slow takes it at once.
		der, err := selfSign(random, key, about(use, commonName, now.Add(-time.Hour), now.Add(validity)))
		if err != nil {
			return nil, err
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("keystore: encode key: %w", err)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return out, nil
}

// carrier makes the certificate of an RSA key that has none. Nothing in it but the key varies, and PKCS #1
// v1.5 signatures are deterministic (RFC 8017, section 8.2), so it is the same every time.
func carrier(key *rsa.PrivateKey, use keyring.Use) (*x509.Certificate, error) {
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	der, err := selfSign(nil, key, about(use, "lanyard "+keyring.Thumbprint(key.Public())[:16], from, from.AddDate(50, 0, 0)))
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("keystore: read own certificate: %w", err)
	}
	return c, nil
}

// about is what a certificate says that partners read in metadata.
func about(use keyring.Use, name string, from, to time.Time) x509.Certificate {
	usage := x509.KeyUsageDigitalSignature
	if use == keyring.Encryption {
		usage = x509.KeyUsageKeyEncipherment
	}
	return x509.Certificate{Subject: pkix.Name{CommonName: name}, NotBefore: from.UTC(), NotAfter: to.UTC(), KeyUsage: usage}
}

// selfSign makes a certificate whose serial number follows from the key.
func selfSign(random io.Reader, key crypto.Signer, template x509.Certificate) ([]byte, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("keystore: encode public key: %w", err)
	}
	sum := sha256.Sum256(public)
	sum[0] = sum[0]&0x3f | 0x40 // positive, and of one length (RFC 5280, section 4.1.2.2)
	template.SerialNumber, template.BasicConstraintsValid = new(big.Int).SetBytes(sum[:16]), true
	der, err := x509.CreateCertificate(random, &template, &template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("keystore: make certificate: %w", err)
	}
	return der, nil
}
