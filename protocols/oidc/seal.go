package oidc

import (
	"crypto/cipher"
	"encoding/json"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/lanyard-hub/lanyard/bridge"
)

// sealer makes codes and tokens that carry their own content, encrypted and authenticated: to hand one out costs no
// write, and whoever holds one learns nothing from it. What one kind is sealed as, no other kind opens.
type sealer struct {
	aead cipher.AEAD
	hub  *bridge.Hub
}

// sealKind separates what is sealed.
type sealKind string

// The kinds.
const (
	sealCode     sealKind = "code"
	sealAccess   sealKind = "access"
	sealRefresh  sealKind = "refresh"
	sealPing     sealKind = "ping"
	sealUserCode sealKind = "user code"
	sealTokenID  sealKind = "token id" // the jti of a JWT access token
	sealIDToken  sealKind = "id token" // the jti of an ID token
)

func newSealer(hub *bridge.Hub) (sealer, error) {
	aead, err := chacha20poly1305.NewX(hub.DeriveKey("oidc tokens")) // its nonces are long enough to be random for ever
	if err != nil {
		return sealer{}, fmt.Errorf("oidc: %w", err)
	}
	return sealer{aead, hub}, nil
}

func (s sealer) seal(kind sealKind, content any) (string, error) {
	plain, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("oidc: write %s: %w", kind, err)
	}
	nonce := s.hub.Random(chacha20poly1305.NonceSizeX)
	return b64.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(kind))), nil
}

// open reads into content what was sealed as kind; false for anything else, whatever is wrong with it.
func (s sealer) open(kind sealKind, token string, content any) bool {
	if len(token) > maxToken {
		return false
	}
	raw, err := b64.DecodeString(token)
	if err != nil || len(raw) < chacha20poly1305.NonceSizeX || b64.EncodedLen(len(raw)) != len(token) { // line ends are skipped when decoding
		return false
	}
	nonce, sealed := raw[:chacha20poly1305.NonceSizeX], raw[chacha20poly1305.NonceSizeX:]
	plain, err := s.aead.Open(nil, nonce, sealed, []byte(kind))
	return err == nil && json.Unmarshal(plain, content) == nil
}
