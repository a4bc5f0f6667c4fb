package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// Bounds of a message.
const (
	Type       = "lanyard-agent+jwt"
	MaxMessage = 24 << 10         // bytes: a certificate in base64, in base64url
	MaxLife    = 60 * time.Second // from iat to exp
	Skew       = 60 * time.Second // between the clocks of workstation and hub
	maxID      = 64               // bytes of a workstation's id, and of a jti
)

// Reader reads what agents say to one hub. All fields but Silence are required.
type Reader struct {
	Hub          *bridge.Hub
	Workstations trust.WorkstationStore
	Issuer       string   // of the hub: the only audience
	Silence      *Silence // hears who was believed; nil: nobody watches
}

// Message is what a workstation's agent said.
type Message struct {
	Workstation trust.Workstation
	Claims      jose.Claims // those that the signature covered
	Thumbprint  string      // of the key that signed (RFC 7638)

	id     string
	issued time.Time
	until  time.Time
}

// Issued is the time of the message, by the clock of the workstation.
func (m Message) Issued() time.Time { return m.issued }

// Read believes a message about act, or says as a Refusal why not: BadClient for who sent it, BadSignature, BadRequest and Stale for
// what is wrong with it, Replayed for one that was taken before.
func (r *Reader) Read(ctx context.Context, token, act string) (Message, error) {
	w, err := r.sender(ctx, token)
	if err != nil {
		return Message{}, err
	}
	key, err := KeyOf(w)
	if err != nil {
		return Message{}, err
	}
	return r.take(ctx, w, key, token, act)
}

// ReadNew is Read for a workstation whose key is not stored yet: the message shows that the sender holds it.
func (r *Reader) ReadNew(ctx context.Context, w trust.Workstation, key *ecdsa.PublicKey, token, act string) (Message, error) {
	return r.take(ctx, w, key, token, act)
}

// sender finds who says to have sent a message, unverified, if it is somebody who may be believed.
func (r *Reader) sender(ctx context.Context, token string) (trust.Workstation, error) {
	id := jose.ClaimedIssuer(token)
	if id == "" || len(id) > maxID {
		return trust.Workstation{}, malformed("the message does not say which workstation it is from")
	}
	w, err := r.Workstations.Workstation(ctx, id)
	switch {
	case errors.Is(err, trust.ErrUnknownWorkstation):
		return w, bridge.Refuse(bridge.BadClient, "No workstation is registered under this id.").WithCode("workstation_unknown")
	case err != nil:
		return w, fmt.Errorf("agent: load workstation: %w", err)
	case !w.Revoked.IsZero():
		return w, bridge.Refuse(bridge.BadClient, "This workstation's registration was revoked.").WithCode("workstation_revoked")
	case !w.Believed():
		return w, bridge.Refuse(bridge.BadClient, "The agent of this workstation was not enrolled yet.").WithCode("workstation_not_enrolled")
	}
	return w, nil
}

// KeyOf reads the public key of a workstation's agent.
func KeyOf(w trust.Workstation) (*ecdsa.PublicKey, error) {
	any, err := x509.ParsePKIXPublicKey(w.Key)
	if err != nil {
		return nil, fmt.Errorf("agent: key of workstation %s: %w", w.ID, err)
	}
	key, ok := any.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("agent: key of workstation %s is not on P-256", w.ID)
	}
	return key, nil
}

// take verifies a message with one key, checks it, and remembers that it was taken.
func (r *Reader) take(ctx context.Context, w trust.Workstation, key *ecdsa.PublicKey, token, act string) (Message, error) {
	keys := jose.SetOf(jose.Key{ID: w.ID, Algorithm: keyring.ES256, Public: key})
	v, err := jose.Verify(token, keys, jose.Rules{Algorithms: []keyring.Algorithm{keyring.ES256}, Types: []string{Type}, KeyID: w.ID, MaxBytes: MaxMessage})
	if err != nil {
		return Message{}, unreadable(err)
	}
	m := Message{Workstation: w, Thumbprint: jose.Thumbprint(key)}
	if m.Claims, err = v.Claims(); err != nil {
		return Message{}, unreadable(err)
	}
	ask := expected{act: act, issuer: r.Issuer, now: r.Hub.Clock()}
	for _, rule := range rules {
		if refusal := rule.check(&m, ask); refusal != nil {
			return Message{}, refusal
		}
	}
	if err := r.once(ctx, m); err != nil {
		return m, err
	}
	if user, err := m.User(); err == nil {
		r.Silence.Heard(w.ID, user)
	}
	return m, nil
}

// once marks a message as taken, until nobody would take it any more.
func (r *Reader) once(ctx context.Context, m Message) error {
	mark := bridge.Artifact{Kind: bridge.KindReplay, Key: bridge.Key("agent\x00" + m.Workstation.ID + "\x00" + m.id), Expires: m.until.Add(Skew + time.Second)}
	err := r.Hub.Artifacts.Put(ctx, mark, false)
	switch {
	case errors.Is(err, bridge.ErrExists), errors.Is(err, bridge.ErrSpent):
		return bridge.Refuse(bridge.Replayed, "This message was taken before.").WithCode("agent_replayed")
	case err != nil:
		return fmt.Errorf("agent: mark message: %w", err)
	}
	return nil
}

// unreadable refuses what the strict reader of tokens did not take.
func unreadable(err error) *bridge.Refusal {
	if errors.Is(err, jose.ErrSignature) {
		return bridge.Refuse(bridge.BadSignature, "The message is not signed by the key of the workstation that it names.").WithCode("agent_signature").Because(err)
	}
	return malformed(err.Error()).Because(err)
}

func malformed(detail string) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, "%s.", detail).WithCode("agent_message")
}
