package keystore

import (
	"errors"
	"fmt"
	"io"
)

// SecretSize is the length of a secret in bytes.
const SecretSize = 32

// ErrSecret is returned for a file that does not hold a secret.
var ErrSecret = errors.New("keystore: not a secret of 32 random bytes")

// LoadSecret reads a file written by WriteSecret. As with Load, a *ModeError comes together with the secret.
func LoadSecret(path string) ([]byte, error) {
	data, err := read(path)
	if data == nil {
		return nil, err
	}
	if !plausible(data) {
		return nil, fmt.Errorf("%w: %s", ErrSecret, path)
	}
	return data, err
}

// WriteSecret draws a secret and stores it in a new file of mode 0600; fs.ErrExist if there is a file already.
func WriteSecret(path string, random io.Reader) ([]byte, error) {
	secret := make([]byte, SecretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, fmt.Errorf("keystore: draw secret: %w", err)
	}
	if !plausible(secret) {
		return nil, fmt.Errorf("%w: broken random source", ErrSecret)
	}
	if err := Write(path, secret); err != nil {
		return nil, err
	}
	return secret, nil
}

// plausible tells a secret from an empty, truncated or zero-filled file, as a crash of the file system may leave one.
func plausible(b []byte) bool {
	if len(b) != SecretSize {
		return false
	}
	for _, c := range b {
		if c != b[0] {
			return true
		}
	}
	return false
}
