package channel

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"
)

// Types of messages.
const (
	typeMessage = "lanyard-agent+jwt"
	typeProof   = "lanyard-proof+jwt"
)

// Lives of messages.
const (
	messageLife = 60 * time.Second
	proofLife   = 30 * time.Second
)

// Identity is a workstation that the hub knows, and its key.
type Identity struct {
	ID      string            `json:"workstation"`
	Name    string            `json:"name"`
	Issuer  string            `json:"issuer"` // the hub's, exactly
	Shared  bool              `json:"shared"`
	Removal string            `json:"removal"` // what it wants of sessions whose card left: logout, lock, ignore or nothing
	Key     *ecdsa.PrivateKey `json:"-"`
}

// header is in the order in which it is written.
type header struct {
	Type      string `json:"typ"`
	Algorithm string `json:"alg"`
	Key       string `json:"kid"`
}

// message signs claims to the hub under an act. The jti is 128 random bits.
func (i Identity) message(act string, now time.Time, more map[string]any) (string, error) {
	claims := map[string]any{
		"iss": i.ID, "aud": i.Issuer, "iat": now.Unix(), "exp": now.Add(messageLife).Unix(), "jti": rand.Text(), "act": act,
	}
	maps.Copy(claims, more)
	return i.sign(typeMessage, claims)
}

// sign makes a compact JWS with ES256 (RFC 7515; RFC 7518 3.4).
func (i Identity) sign(kind string, claims map[string]any) (string, error) {
	head, err := json.Marshal(header{kind, "ES256", i.ID})
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.Key, digest[:])
	if err != nil {
		return "", err
	}
	var raw [64]byte
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return text + "." + base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// Presence tells the hub, through a page, that the page runs at this workstation: nonce is the hub's. certificate is DER of that of
// the card now inserted, or nil. origin is the page's, so that a page of another origin gets nothing that the hub takes; empty for a
// program.
func (i Identity) Presence(nonce, origin, user string, certificate []byte, now time.Time) (string, error) {
	more := map[string]any{"nonce": nonce, "user": user}
	if origin != "" {
		more["origin"] = origin
	}
	if certificate != nil {
		more["certificate"] = base64.StdEncoding.EncodeToString(certificate)
	}
	return i.message("presence", now, more)
}
