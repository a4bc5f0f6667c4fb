package jose

import (
	"encoding/json"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Verified is what one signature covered. Only [Verify] and [VerifyProof] make one that holds anything.
type Verified struct {
	Algorithm keyring.Algorithm
	Type      string // typ as it was written; empty if there was none
	Key       Key    // what verified
	Payload   []byte
}

// Claims reads the payload as the claims of a JWT.
func (v Verified) Claims() (Claims, error) { return ReadClaims(v.Payload) }

// Verify reads a compact JWS (RFC 7515, section 7.1) by the rules, and verifies it with a key of the set. The error wraps ErrSize,
// ErrMalformed, ErrAlgorithm, ErrExtension, ErrType, ErrKeyID or ErrSignature.
func Verify(token string, keys KeySet, r Rules) (Verified, error) {
	t, err := read(token, r)
	if err != nil {
		return Verified{}, err
	}
	fit, err := keys.candidates(t.kid, t.method)
	if err != nil {
		return Verified{}, err
	}
	return t.verify(fit)
}

// unverified is a token that has passed the rules, and whose signature nobody has looked at yet.
type unverified struct {
	header
	method    method
	input     string // what is signed: header and payload as they came
	payload   []byte
	signature []byte
}

// read takes a token apart and checks its header.
func read(token string, r Rules) (unverified, error) {
	var t unverified
	most := r.MaxBytes
	if most == 0 {
		most = MaxToken
	}
	if token == "" || len(token) > most {
		return t, broken(ErrSize, "the token is empty or too long (more than %d bytes)", most)
	}
	parts, err := split(token)
	if err != nil {
		return t, err
	}
	if t.header, err = readHeader(parts[0], r); err != nil {
		return t, err
	}
	t.method, _ = methodOf(t.alg)
	if t.payload, err = decode(parts[1]); err != nil {
		return t, broken(ErrMalformed, "the payload of the token is not base64url")
	}
	if t.signature, err = decode(parts[2]); err != nil {
		return t, broken(ErrMalformed, "the signature of the token is not base64url")
	}
	t.input = token[:len(parts[0])+1+len(parts[1])]
	return t, nil
}

// split wants the three parts of a compact serialisation.
func split(token string) ([3]string, error) {
	head, rest, first := strings.Cut(token, ".")
	payload, signature, second := strings.Cut(rest, ".")
	if !first || !second || strings.Contains(signature, ".") {
		return [3]string{}, broken(ErrMalformed, "the token does not have the three parts of a signed JWT (RFC 7515, section 7.1)")
	}
	return [3]string{head, payload, signature}, nil
}

func readHeader(encoded string, r Rules) (header, error) {
	var h header
	text, err := decode(encoded)
	if err != nil {
		return h, broken(ErrMalformed, "the header of the token is not base64url")
	}
	if h.members, err = readObject(text); err != nil {
		return h, broken(ErrMalformed, "the header of the token is wrong: %s", err)
	}
	for _, rule := range headerRules {
		if err := rule.check(&h, r); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (t unverified) verify(keys []Key) (Verified, error) {
	for _, k := range keys {
		if t.method.verify(k.Public, []byte(t.input), t.signature) {
			return Verified{Algorithm: t.alg, Type: t.typ, Key: k, Payload: t.payload}, nil
		}
	}
	return Verified{}, broken(ErrSignature, "the signature of the token is not valid with the registered key that its header names")
}

// ClaimedIssuer reads who a token says it is from, unverified: to find the keys to verify it with, and for nothing else. Empty if
// it does not say. It is read loosely, so that the record knows whose token was refused.
func ClaimedIssuer(token string) string {
	if len(token) > MaxToken {
		return ""
	}
	parts, err := split(token)
	if err != nil {
		return ""
	}
	payload, err := decode(parts[1])
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
