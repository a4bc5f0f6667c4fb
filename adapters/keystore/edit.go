package keystore

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// ErrKind is returned for a kind of key that is not made here.
var ErrKind = errors.New("keystore: no such kind of key")

// Kinds of key that Add makes. The EC ones only sign.
func Kinds() []string { return []string{"rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"} }

// newKey makes a key of one of Kinds.
func newKey(random io.Reader, kind string) (crypto.Signer, error) {
	switch kind {
	case "rsa2048":
		return rsa.GenerateKey(random, 2048)
	case "rsa3072":
		return rsa.GenerateKey(random, 3072)
	case "rsa4096":
		return rsa.GenerateKey(random, 4096)
	case "p256":
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case "p384":
		return ecdsa.GenerateKey(elliptic.P384(), random)
	case "p521":
		return ecdsa.GenerateKey(elliptic.P521(), random)
	}
	return nil, fmt.Errorf("%w: %q", ErrKind, kind)
}

// Add appends a new key in state Next, with its certificate, to the content of a key file, which may be empty, and returns the
// key's id. What was there stays byte for byte.
func Add(random io.Reader, data []byte, kind string, use keyring.Use, commonName string, now time.Time) (changed []byte, id string, err error) {
	key, err := newKey(random, kind)
	if errors.Is(err, ErrKind) {
		return nil, "", err
	}
	if err != nil {
		return nil, "", fmt.Errorf("keystore: generate key: %w", err)
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(bytes.Clone(data), '\n')
	}
	made, err := encode(random, commonName, now, use, key)
	if err != nil {
		return nil, "", err
	}
	id = keyring.Thumbprint(key.Public())
	changed, err = setHeader(append(bytes.Clone(data), made...), id, StateHeader, string(keyring.Next))
	if err == nil {
		_, err = parse(changed, use)
	}
	if err != nil {
		return nil, "", err
	}
	return changed, id, nil
}

// SetState returns the content of a key file with another state for one of its keys. All else stays byte for byte. ErrNoKeys if
// there is no such key.
func SetState(data []byte, id string, state keyring.State, use keyring.Use) ([]byte, error) {
	value := string(state)
	if state == keyring.Active {
		value = ""
	}
	changed, err := setHeader(data, id, StateHeader, value)
	if err != nil {
		return nil, err
	}
	_, err = parse(changed, use)
	return changed, err
}

// SetFor returns the content of a file of signing keys with one of them for OIDC only, or for every protocol again. All else stays byte for
// byte. ErrNoKeys if there is no such key.
func SetFor(data []byte, id string, oidcOnly bool) ([]byte, error) {
	value := ""
	if oidcOnly {
		value = ForOIDC
	}
	changed, err := setHeader(data, id, ForHeader, value)
	if err != nil {
		return nil, err
	}
	_, err = parse(changed, keyring.Signing)
	return changed, err
}

// setHeader changes one header of the block of a key; an empty value takes it out.
func setHeader(data []byte, id, header, value string) ([]byte, error) {
	for rest := data; ; {
		block, after := pem.Decode(rest)
		if block == nil {
			return nil, fmt.Errorf("%w: %s", ErrNoKeys, id)
		}
		span := rest[:len(rest)-len(after)]
		rest = after
		if block.Type == "CERTIFICATE" || block.Type == "EC PARAMETERS" {
			continue
		}
		key, err := parseKey(block)
		if err != nil {
			return nil, err
		}
		if key.ID != id {
			continue
		}
		if block.Headers == nil {
			block.Headers = map[string]string{}
		}
		block.Headers[header] = value
		if value == "" {
			delete(block.Headers, header)
		}
		begin := len(data) - len(after) - len(span) + bytes.LastIndex(span, []byte("-----BEGIN"))
		out := append(bytes.Clone(data[:begin]), pem.EncodeToMemory(block)...)
		return append(out, after...), nil
	}
}

// Read returns the content of a key file, for Add and SetState.
func Read(path string) ([]byte, error) {
	data, err := read(path)
	if _, loose := errors.AsType[*ModeError](err); loose { // Replace makes it right
		err = nil
	}
	return data, err
}

// Replace puts data in the place of a key file at once: whoever reads it meets the old or the new content. The file stays its
// owner's, with mode 0600.
func Replace(path string, data []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	next := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".next")
	if err := os.Remove(next); err != nil && !errors.Is(err, os.ErrNotExist) { // of an attempt that was cut short
		return fmt.Errorf("keystore: %w", err)
	}
	if err := Write(next, data); err != nil {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && int(owner.Uid) != os.Geteuid() {
		err = os.Chown(next, int(owner.Uid), int(owner.Gid))
	}
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return fmt.Errorf("keystore: replace %s: %w", path, errors.Join(err, os.Remove(next)))
	}
	return keepEntry(path)
}
