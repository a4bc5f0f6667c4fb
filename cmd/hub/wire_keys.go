package hub

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

func (h *Hub) wireKeys(context.Context) error {
	keys, err := keystore.Load(h.options.Config.Keys.Signing)
	if err != nil {
		return fmt.Errorf("hub: signing keys: %w", err)
	}
	if err := h.fenceKeys(keys); err != nil {
		return err
	}
	h.ring, err = keyring.New(keys...)
	return err
}

// secret derives a 32-byte secret for one purpose from the key that is kept beside the store, never in it.
func (h *Hub) secret(purpose string) ([]byte, error) {
	path := h.options.Config.Store.EncryptionKey
	root, err := keystore.LoadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		root, err = keystore.WriteSecret(path, rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("hub: store key: %w", err)
	}
	key, err := hkdf.Key(sha256.New, root, nil, "lanyard "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("hub: derive %s: %w", purpose, err)
	}
	return key, nil
}
