package channel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
)

// ErrKey: the file of the key is missing, open to others, or no P-256 key.
var ErrKey = errors.New("channel: the agent's key cannot be used")

// keyFile lies in the state directory, and is for the user alone.
const keyFile = "agent.key"

// NewKey makes a P-256 key.
func NewKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// loadKey reads the key; a file that others can read is refused.
func loadKey(dir string) (*ecdsa.PrivateKey, error) {
	path := filepath.Join(dir, keyFile)
	secret, remedy, err := access.Secret(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	if !secret {
		return nil, fmt.Errorf("%w: %s is open to others; %s", ErrKey, path, remedy)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("%w: %s is not PEM", ErrKey, path)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("%w: %s holds no P-256 key", ErrKey, path)
	}
	return key, nil
}

func saveKey(dir string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// publicKey is a JWK (RFC 7517) of a P-256 key.
type publicKey struct {
	Type  string `json:"kty"`
	Curve string `json:"crv"`
	X     string `json:"x"`
	Y     string `json:"y"`
}

func jwk(key *ecdsa.PublicKey) (publicKey, error) {
	point, err := key.Bytes() // 4, x, y
	if err != nil {
		return publicKey{}, err
	}
	encode := base64.RawURLEncoding.EncodeToString
	return publicKey{"EC", "P-256", encode(point[1:33]), encode(point[33:])}, nil
}
