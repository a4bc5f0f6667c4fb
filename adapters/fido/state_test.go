package fido

import (
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestOpenState: a state serves its own ceremony, person and time only.
func TestOpenState(t *testing.T) {
	now := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	kept, err := encodeState(state{Ceremony: protocol.CreateCeremony, UID: "1", Expires: now.Add(time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		ceremony protocol.CeremonyType
		uid      string
		now      time.Time
		code     string
	}{
		"its own":        {protocol.CreateCeremony, "1", now, ""},
		"other ceremony": {protocol.AssertCeremony, "1", now, "key_challenge"},
		"other person":   {protocol.CreateCeremony, "2", now, "key_challenge"},
		"too late":       {protocol.CreateCeremony, "1", now.Add(time.Second), "key_timeout"},
	} {
		_, err := openState(kept, c.ceremony, c.uid, c.now)
		if c.code == "" && err != nil || c.code != "" && (err == nil || bridge.AsRefusal(err).AuditCode() != c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openState([]byte("{"), protocol.CreateCeremony, "1", now); err == nil || bridge.AsRefusal(err).Reason != bridge.Internal {
		t.Errorf("damaged state: %v", err)
	}
}
