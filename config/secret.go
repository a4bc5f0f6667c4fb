package config

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
)

// Secret is a value that no formatter, logger or encoder prints. Only Reveal
// gives it away.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

// String returns a mask with the first four hexadecimal digits of the value's
// SHA-256, enough to tell whether two nodes hold the same secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(s))
	return "(secret " + hex.EncodeToString(sum[:2]) + ")"
}

// GoString masks %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText masks JSON, YAML and everything else that encodes text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue masks slog attributes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
