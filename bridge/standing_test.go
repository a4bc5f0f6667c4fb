package bridge_test

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestStandingOfTheLastProof: a session says how its last credential stood, and a proof of another kind takes it back.
func TestStandingOfTheLastProof(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b := bridge.Browser{Binding: binding}
	for _, standing := range []bridge.Standing{bridge.StandingStale, bridge.StandingFresh, ""} {
		req := request(partnerA)
		req.ForceAuthn = true
		next, err := w.hub.Begin(t.Context(), b, req)
		w.must(err)
		given := proof(uid, 3, w.now)
		given.Standing = standing
		b.Session, err = w.hub.Authenticate(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), given)
		w.must(err)
		session, _, err := w.hub.Live(t.Context(), b)
		w.must(err)
		if session.Standing != standing {
			t.Errorf("standing %q, want %q", session.Standing, standing)
		}
	}
}
