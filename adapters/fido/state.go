package fido

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// state is what the caller keeps between the two halves of a ceremony, server-side.
type state struct {
	Ceremony protocol.CeremonyType `json:"ceremony"`
	UID      string                `json:"uid,omitempty"` // whose enrolment it is; empty for a sign-in
	Expires  time.Time             `json:"expires"`
	Session  webauthn.SessionData  `json:"session"`
	Allowed  [][]byte              `json:"allowed,omitempty"` // ids of the credentials that it listed, if the person said first who they are
}

// began is when the ceremony began.
func (s state) began() time.Time { return s.Expires.Add(-ceremonyLife) }

func encodeState(s state) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("fido: encode state: %w", err)
	}
	return b, nil
}

// openState reads back a state. One of the other ceremony, another person or past its time is a refusal.
func openState(b []byte, ceremony protocol.CeremonyType, uid string, now time.Time) (state, error) {
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return state{}, fmt.Errorf("fido: decode state: %w", err)
	}
	switch {
	case s.Ceremony != ceremony, s.UID != uid:
		return state{}, refuse("key_challenge")
	case !now.Before(s.Expires):
		return state{}, refuse("key_timeout")
	}
	return s, nil
}
