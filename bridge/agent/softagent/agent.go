package softagent

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Agent signs as the agent of one workstation.
type Agent struct {
	ID  string // of the workstation
	Hub string // issuer of the hub
	Key *ecdsa.PrivateKey
	Now func() time.Time // nil: time.Now
}

// New makes an agent with a key of its own.
func New(id, hub string, now func() time.Time) *Agent {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic("softagent: " + err.Error()) // crypto/rand never fails
	}
	if now == nil {
		now = time.Now
	}
	return &Agent{ID: id, Hub: hub, Key: key, Now: now}
}

// Public is the agent's key as a hub stores it: DER SubjectPublicKeyInfo.
func (a *Agent) Public() []byte {
	der, err := x509.MarshalPKIXPublicKey(a.Key.Public())
	if err != nil {
		panic("softagent: " + err.Error()) // a key on P-256 can be written
	}
	return der
}

// JWK is the agent's public key as it enrols with it.
func (a *Agent) JWK() json.RawMessage {
	return jose.PublicJWK(a.Key.Public(), a.ID, keyring.ES256)
}

// Say signs a message; more is added to its claims, or put in their place.
func (a *Agent) Say(act string, more map[string]any) string {
	now := a.Now()
	claims := map[string]any{
		"iss": a.ID, "aud": a.Hub, "iat": now.Unix(), "exp": now.Add(30 * time.Second).Unix(), "jti": rand.Text(), "act": act,
	}
	maps.Copy(claims, more)
	return a.Sign(agent.Type, claims)
}

// Sign makes a compact JWS of a type.
func (a *Agent) Sign(typ string, claims map[string]any) string {
	input := part(map[string]any{"typ": typ, "alg": "ES256", "kid": a.ID}) + "." + part(claims)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, a.Key, sum[:])
	if err != nil {
		panic("softagent: " + err.Error()) // crypto/rand never fails
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func part(v map[string]any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("softagent: " + err.Error()) // the test's own mistake
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

// Card is a card in the reader beside an agent.
type Card struct {
	Certificate *x509.Certificate
	Signer      crypto.Signer
}

// Text is the certificate as agents send it.
func (c Card) Text() string { return base64.StdEncoding.EncodeToString(c.Certificate.Raw) }

// Sign signs a challenge for a page of an origin; the result is in base64, as an agent gives it.
func (c Card) Sign(origin, challenge string) (string, error) {
	sum := sha256.Sum256(agent.SignedText(origin, challenge))
	signature, err := c.Signer.Sign(rand.Reader, sum[:], crypto.SHA256)
	return base64.StdEncoding.EncodeToString(signature), err
}
