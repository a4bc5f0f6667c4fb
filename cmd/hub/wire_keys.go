package hub

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/adapters/keystore/openssl"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (h *Hub) wireKeys(context.Context) error {
	h.keyFiles = h.lookAtKeys()
	return h.takeKeys()
}

// takeKeys reads the key files and, if nothing is wrong with them, puts their keys in the place of those of now.
func (h *Hub) takeKeys() error {
	keys, err := loadKeys(h.options.Config.Keys)
	if err != nil {
		return err
	}
	if err := h.fenceKeys(keys); err != nil {
		return err
	}
	if err := h.accelerate(keys); err != nil {
		return err
	}
	ring, err := keyring.New(keys...)
	if err == nil {
		h.ring.Store(&ring)
	}
	return err
}

// accelerate hands the RSA keys to the machine's OpenSSL, if the configuration says so or it is at hand.
func (h *Hub) accelerate(keys []keyring.Key) error {
	signer := h.options.Config.Keys.Signer
	if signer == "go" {
		return nil
	}
	fast, version, err := byOpenSSL(keys)
	switch {
	case err == nil:
		copy(keys, fast)
		h.options.Log.Info("RSA signatures are computed by OpenSSL", "version", version)
	case signer == "openssl":
		return fmt.Errorf("hub: keys.signer is openssl: %w", err)
	case !errors.Is(err, openssl.ErrNotBuilt): // nothing to say of a program that never could
		h.options.Log.Warn("RSA signatures are computed by Go, OpenSSL cannot", "error", err.Error())
	}
	return nil
}

// byOpenSSL gives all RSA keys to the library, or none.
func byOpenSSL(keys []keyring.Key) (fast []keyring.Key, version string, err error) {
	library, err := openssl.Open()
	if err != nil {
		return nil, "", err
	}
	fast = slices.Clone(keys)
	for i := range fast {
		private, ok := fast[i].Signer.(*rsa.PrivateKey)
		if !ok || fast[i].Use != keyring.Signing { // Go decrypts
			continue
		}
		if fast[i].Signer, err = library.Signer(private); err != nil {
			return nil, "", err
		}
	}
	return fast, library.Version(), nil
}

// LoadRing reads the hub's keys as the configuration names them.
func LoadRing(c config.Keys) (keyring.Ring, error) {
	keys, err := loadKeys(c)
	if err != nil {
		return keyring.Ring{}, err
	}
	return keyring.New(keys...)
}

func loadKeys(c config.Keys) ([]keyring.Key, error) {
	keys, err := keystore.Load(c.Signing)
	if err != nil {
		return nil, fmt.Errorf("hub: signing keys: %w", err)
	}
	if c.Encryption == "" {
		return keys, nil
	}
	more, err := keystore.LoadEncryption(c.Encryption)
	if err != nil {
		return nil, fmt.Errorf("hub: encryption keys: %w", err)
	}
	return append(keys, more...), nil
}

// secrets are 32 bytes for each purpose, derived from the key that is kept beside the store, never in it.
type secrets struct{ core, csrf, pairwise, decoys []byte }

func (h *Hub) secrets() (secrets, error) {
	path := h.options.Config.Store.EncryptionKey
	root, err := keystore.LoadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		root, err = keystore.WriteSecret(path, rand.Reader)
	}
	if err != nil {
		return secrets{}, fmt.Errorf("hub: store key: %w", err)
	}
	var s secrets
	for purpose, key := range map[string]*[]byte{"core": &s.core, "csrf": &s.csrf, "pairwise": &s.pairwise, "decoys": &s.decoys} {
		if *key, err = hkdf.Key(sha256.New, root, nil, "lanyard "+purpose, 32); err != nil {
			return secrets{}, fmt.Errorf("hub: derive %s: %w", purpose, err)
		}
	}
	return s, nil
}
