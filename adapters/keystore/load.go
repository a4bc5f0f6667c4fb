package keystore

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Errors about what a key file holds.
var (
	ErrFormat        = errors.New("keystore: not a key file")
	ErrNoKeys        = errors.New("keystore: no private key in the file")
	ErrNoCertificate = errors.New("keystore: key has no certificate")
)

// errDamaged: pem.Decode skips what it cannot read, and a key must not vanish silently.
var errDamaged = fmt.Errorf("%w: damaged PEM block", ErrFormat)

// maxBlocks bounds the PEM blocks of one file.
const maxBlocks = 64

// StateHeader is the PEM header of a private key block that names its keyring.State; without it a key is active.
const StateHeader = "Lanyard-State"

// ForHeader is the PEM header of a private key block that names the one protocol whose partners it signs for: ForOIDC. Without it a key
// signs for all of them.
const (
	ForHeader = "Lanyard-For"
	ForOIDC   = "oidc"
)

// Load reads one PEM file holding private keys that sign (PKCS#8, PKCS#1 or SEC 1) and certificates, which belong to
// the key with the same public key. Keys keep the order of the file. When the only fault is that others may
// read the file, the keys are returned together with a *ModeError; any other error comes without keys.
func Load(path string) ([]keyring.Key, error) { return load(path, keyring.Signing) }

// LoadEncryption is Load for the keys that partners encrypt to; they must be RSA.
func LoadEncryption(path string) ([]keyring.Key, error) { return load(path, keyring.Encryption) }

func load(path string, use keyring.Use) ([]keyring.Key, error) {
	data, modeErr := read(path)
	if data == nil {
		return nil, modeErr
	}
	keys, err := parse(data, use)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, modeErr
}

// Parse is Load for bytes. An RSA key without certificate gets one that depends on the key alone, so that
// every node and every start publishes the same; any other key without certificate is ErrNoCertificate.
func Parse(data []byte) ([]keyring.Key, error) { return parse(data, keyring.Signing) }

func parse(data []byte, use keyring.Use) ([]keyring.Key, error) {
	if len(data) > maxFile {
		return nil, ErrTooLarge
	}
	var keys []keyring.Key
	var certs []*x509.Certificate
	for n := 0; ; n++ {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if n == maxBlocks {
			return nil, fmt.Errorf("%w: more than %d blocks", ErrFormat, maxBlocks)
		}
		if bytes.Count(data[:len(data)-len(rest)], []byte("-----BEGIN")) != 1 {
			return nil, errDamaged
		}
		if err := take(block, &keys, &certs); err != nil {
			return nil, err
		}
		data = rest
	}
	if strings.Contains(string(data), "-----BEGIN") {
		return nil, errDamaged
	}
	for i := range keys {
		if use == keyring.Encryption && keys[i].OIDCOnly {
			return nil, fmt.Errorf("%w: %s is for signing keys: nothing is encrypted to the hub in OpenID Connect", ErrFormat, ForHeader)
		}
		keys[i].Use = use
	}
	return match(keys, certs)
}

func take(block *pem.Block, keys *[]keyring.Key, certs *[]*x509.Certificate) error {
	if block.Type == "CERTIFICATE" {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("%w: certificate: %w", ErrFormat, err)
		}
		*certs = append(*certs, c)
		return nil
	}
	if block.Type == "EC PARAMETERS" { // written by common tools before an EC key, says nothing new
		return nil
	}
	key, err := parseKey(block)
	if err != nil {
		return err
	}
	for _, k := range *keys {
		if k.ID == key.ID {
			return fmt.Errorf("%w: key %s is there twice", ErrFormat, k.ID)
		}
	}
	*keys = append(*keys, key)
	return nil
}

func parseKey(block *pem.Block) (keyring.Key, error) {
	if block.Headers["Proc-Type"] != "" || block.Type == "ENCRYPTED PRIVATE KEY" {
		return keyring.Key{}, fmt.Errorf("%w: the private key is encrypted, which is not supported", ErrFormat)
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return keyring.Key{}, fmt.Errorf("%w: unexpected PEM block %q", ErrFormat, block.Type)
	}
	if err != nil {
		return keyring.Key{}, fmt.Errorf("%w: private key: %w", ErrFormat, err)
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return keyring.Key{}, fmt.Errorf("%w: a %T cannot sign", ErrFormat, parsed)
	}
	state, err := stateOf(block)
	if err != nil {
		return keyring.Key{}, err
	}
	only, said := block.Headers[ForHeader]
	if said && only != ForOIDC {
		return keyring.Key{}, fmt.Errorf("%w: %s is %q, not %s", ErrFormat, ForHeader, only, ForOIDC)
	}
	return keyring.Key{ID: keyring.Thumbprint(signer.Public()), State: state, Signer: signer, OIDCOnly: said}, nil
}

func stateOf(block *pem.Block) (keyring.State, error) {
	switch s := keyring.State(block.Headers[StateHeader]); s {
	case "":
		return keyring.Active, nil
	case keyring.Active, keyring.Next, keyring.Retired:
		return s, nil
	default:
		return "", fmt.Errorf("%w: %s is %q, not next, active or retired", ErrFormat, StateHeader, s)
	}
}

// match gives every key its certificate. The first certificate of a key counts, as it is the one written beside it.
func match(keys []keyring.Key, certs []*x509.Certificate) ([]keyring.Key, error) {
	if len(keys) == 0 {
		return nil, ErrNoKeys
	}
	for _, c := range certs {
		owner := -1
		for i, k := range keys {
			if k.ID == keyring.Thumbprint(c.PublicKey) {
				owner = i
			}
		}
		switch {
		case owner >= 0 && keys[owner].Certificate == nil:
			keys[owner].Certificate = c
		case owner < 0 && !c.IsCA: // authorities of the chain may be there, they are not needed
			return nil, fmt.Errorf("%w: certificate of %q belongs to no key of the file", ErrFormat, c.Subject)
		}
	}
	for i, k := range keys {
		if k.Certificate != nil {
			continue
		}
		private, ok := k.Signer.(*rsa.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrNoCertificate, k.ID)
		}
		c, err := carrier(private, keys[i].Use)
		if err != nil {
			return nil, err
		}
		keys[i].Certificate = c
	}
	// The ring knows which kinds and sizes of key may sign or decrypt; asking it here names the file in the error.
	if _, err := keyring.New(keys...); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return keys, nil
}
