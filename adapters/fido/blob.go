package fido

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// Limits of a BLOB.
const (
	maxBlob  = 32 << 20 // bytes
	maxChain = 6        // certificates
)

// ErrMetadata is metadata that is not what it should be, or not signed by who should.
var ErrMetadata = errors.New("fido: metadata is not acceptable")

// Signer says who may sign metadata.
type Signer struct {
	Roots []*x509.Certificate
	// Host must be a name of the certificate that signs: the root certifies strangers as well.
	Host string
}

// ReadMetadata reads a BLOB of the FIDO Metadata Service, a JWS in compact form (FIDO Metadata Service 3.1, section 3.1.7), that was signed by a
// certificate in the protected header, valid now. Nothing is fetched: neither certificates nor revocation, at whatever address
// they are said to be. Every error is ErrMetadata.
func (s Signer) ReadMetadata(blob []byte, now time.Time) (*Metadata, error) {
	blob = bytes.TrimSpace(blob)
	if len(blob) > maxBlob {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrMetadata, maxBlob)
	}
	parts := bytes.Split(blob, []byte("."))
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: it is no signed token", ErrMetadata)
	}
	header, err := segment(parts[0])
	if err != nil {
		return nil, err
	}
	leaf, algorithm, err := s.signer(header, now)
	if err != nil {
		return nil, err
	}
	signature, err := segment(parts[2])
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(blob[:len(parts[0])+1+len(parts[1])])
	if !signed(leaf.PublicKey, algorithm, digest[:], signature) {
		return nil, fmt.Errorf("%w: the signature is wrong", ErrMetadata)
	}
	payload, err := segment(parts[1])
	if err != nil {
		return nil, err
	}
	return readPayload(payload)
}

func segment(b []byte) ([]byte, error) {
	out := make([]byte, base64.RawURLEncoding.DecodedLen(len(b)))
	n, err := base64.RawURLEncoding.Strict().Decode(out, b)
	if err != nil {
		return nil, fmt.Errorf("%w: base64url: %w", ErrMetadata, err)
	}
	return out[:n], nil
}

// signer finds the certificate that signed, and verifies it.
func (s Signer) signer(header []byte, now time.Time) (leaf *x509.Certificate, algorithm string, err error) {
	if err := checkJSON(header); err != nil {
		return nil, "", fmt.Errorf("%w: header: %w", ErrMetadata, err)
	}
	var h struct {
		Algorithm string   `json:"alg"`
		Chain     [][]byte `json:"x5c"` // base64, as encoding/json reads bytes
		Critical  []string `json:"crit"`
	}
	if err := json.Unmarshal(header, &h); err != nil {
		return nil, "", fmt.Errorf("%w: header: %w", ErrMetadata, err)
	}
	if len(h.Chain) == 0 || len(h.Chain) > maxChain || h.Critical != nil {
		return nil, "", fmt.Errorf("%w: its header names no signer, too many, or what must be understood", ErrMetadata)
	}
	chain, err := certificates(h.Chain)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrMetadata, err)
	}
	if _, err := verifyPath(chain, s.Roots, now); err != nil {
		return nil, "", fmt.Errorf("%w: signer: %w", ErrMetadata, err)
	}
	if err := chain[0].VerifyHostname(s.Host); err != nil {
		return nil, "", fmt.Errorf("%w: signer: %w", ErrMetadata, err)
	}
	return chain[0], h.Algorithm, nil
}

func certificates(raw [][]byte) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for _, b := range raw {
		c, err := x509.ParseCertificate(b)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		out = append(out, c)
	}
	return out, nil
}

// verifyPath verifies a path, leaf first, up to one of the roots, and returns the chains that hold.
func verifyPath(path, roots []*x509.Certificate, now time.Time) ([][]*x509.Certificate, error) {
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	for _, c := range roots {
		anchors.AddCert(c)
	}
	for _, c := range path[1:] {
		between.AddCert(c)
	}
	return path[0].Verify(x509.VerifyOptions{Roots: anchors, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
}

// signed verifies RS256 and ES256 (RFC 7518, sections 3.3 and 3.4), each with a key of its own kind alone.
func signed(public any, algorithm string, digest, signature []byte) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return algorithm == "RS256" && key.Size()*8 >= minModulus && rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, signature) == nil
	case *ecdsa.PublicKey:
		const half = 32
		if algorithm != "ES256" || key.Curve.Params().BitSize != half*8 || len(signature) != 2*half {
			return false
		}
		return ecdsa.Verify(key, digest, new(big.Int).SetBytes(signature[:half]), new(big.Int).SetBytes(signature[half:]))
	}
	return false
}
