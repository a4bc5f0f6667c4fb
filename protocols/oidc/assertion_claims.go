package oidc

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
)

// assertion is the claims of a client assertion (RFC 7523, section 3).
type assertion struct {
	issuer, subject, id    string
	audience               []string
	expires, issued, since float64
	hasIssued, hasSince    bool
}

// readAssertion reads claims strictly: no name twice, every one of its type.
func readAssertion(payload []byte) (assertion, error) {
	var a assertion
	members, err := readObject(payload)
	if err != nil {
		return a, err
	}
	for name, to := range map[string]*string{"iss": &a.issuer, "sub": &a.subject, "jti": &a.id} {
		raw, ok := members[name]
		if !ok {
			return a, fmt.Errorf("%s is missing", name)
		}
		if err := json.Unmarshal(raw, to); err != nil {
			return a, fmt.Errorf("%s is not a string", name)
		}
	}
	for name, to := range map[string]*float64{"exp": &a.expires, "iat": &a.issued, "nbf": &a.since} {
		raw, ok := members[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal(raw, to); err != nil || raw[0] == 'n' || math.Abs(*to) > 1e11 {
			return a, fmt.Errorf("%s is not a time in seconds", name)
		}
	}
	if _, ok := members["exp"]; !ok {
		return a, errors.New("exp is missing")
	}
	_, a.hasIssued = members["iat"]
	_, a.hasSince = members["nbf"]
	a.audience, err = readAudience(members["aud"])
	return a, err
}

func readAudience(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return []string{one}, nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return nil, errors.New("aud is not a string")
	}
	return many, nil
}

// readObject reads one JSON object whose names are all different.
func readObject(data []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	out := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, errors.New("not a JSON object")
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s is there twice", clip(name))
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, errors.New("not a JSON object")
		}
		out[name] = raw
	}
	if _, err := d.Token(); err != nil {
		return nil, errors.New("not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return out, nil
}

// assertionClient reads who an assertion claims to come from, unverified, to find the keys to verify it with.
func assertionClient(token string) string {
	if len(token) > maxToken {
		return ""
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := b64.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct {
		Issuer string `json:"iss"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return ""
	}
	return claims.Issuer
}
