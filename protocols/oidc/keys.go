package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys = 20 // registered for one client
	minRSA  = 2048
	maxRSA  = 8192
	minExp  = 65537
)

// readKeys takes the keys that may verify from a client's registered set (RFC 7517). A set that is wrong in any
// part is wrong as a whole: an administrator has to see to it.
func readKeys(data []byte) ([]jose.JSONWebKey, error) {
	if len(data) > 256<<10 {
		return nil, errors.New("oidc: key set is larger than 256 KiB")
	}
	members, err := readObject(data)
	if err != nil {
		return nil, fmt.Errorf("oidc: key set: %w", err)
	}
	if _, ok := members["keys"]; !ok {
		return nil, errors.New("oidc: key set has no keys")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("oidc: key set: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("oidc: key set holds more than %d keys", maxKeys)
	}
	var out []jose.JSONWebKey
	seen := map[string]bool{}
	for _, k := range set.Keys {
		if k.Use != "" && k.Use != "sig" {
			continue
		}
		if err := usable(k); err != nil {
			return nil, err
		}
		if k.KeyID != "" && seen[k.KeyID] {
			return nil, fmt.Errorf("oidc: key set holds two keys of the kid %s", clip(k.KeyID))
		}
		seen[k.KeyID] = true
		out = append(out, k)
	}
	if len(out) == 0 {
		return nil, errors.New("oidc: key set holds no key that may verify")
	}
	return out, nil
}

func usable(k jose.JSONWebKey) error {
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA {
			return fmt.Errorf("oidc: RSA key of %d bits", n)
		}
		if key.N.Bit(0) == 0 || key.E < minExp || key.E&1 == 0 {
			return fmt.Errorf("oidc: RSA key with exponent %d or an even modulus", key.E)
		}
		return nil
	case *ecdsa.PublicKey:
		if key.Curve != elliptic.P256() {
			return errors.New("oidc: elliptic key is not on P-256")
		}
		return nil
	}
	return fmt.Errorf("oidc: key set holds a key of type %T", k.Key) // private, symmetric, or not offered
}

// fits reports whether a key may verify signatures of an algorithm: by its kind, and by what it says itself.
func fits(k jose.JSONWebKey, alg string) bool {
	if k.Algorithm != "" && k.Algorithm != alg {
		return false
	}
	if _, elliptic := k.Key.(*ecdsa.PublicKey); elliptic {
		return alg == string(jose.ES256)
	}
	return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
}
