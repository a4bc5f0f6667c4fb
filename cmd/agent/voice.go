package agent

import (
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
)

// voice speaks in the workstation's name. It implements loopback.Hub.
type voice struct {
	hub     *channel.Hub // nil: not enrolled
	readers *card.Readers
	now     func() time.Time
}

// Workstation implements loopback.Hub.
func (v *voice) Workstation() (string, error) {
	if v.hub == nil {
		return "", channel.ErrNotEnrolled
	}
	return v.hub.Identity.ID, nil
}

// Presence implements loopback.Hub.
func (v *voice) Presence(nonce, origin string, certificate []byte) (string, error) {
	if v.hub == nil {
		return "", channel.ErrNotEnrolled
	}
	return v.hub.Identity.Presence(nonce, origin, v.hub.User, certificate, v.now())
}

// Proof implements loopback.Hub.
func (v *voice) Proof(audience, sid, nonce string) (string, error) {
	if v.hub == nil {
		return "", channel.ErrNotEnrolled
	}
	return v.hub.Proof(channel.Wanted{Audience: audience, Index: sid, Nonce: nonce}, v.inserted)
}

// inserted reports whether the card of this fingerprint is in a reader.
func (v *voice) inserted(fingerprint string) bool {
	for _, c := range v.readers.Certificates() {
		if channel.Fingerprint(c.Raw) == fingerprint {
			return true
		}
	}
	return false
}
