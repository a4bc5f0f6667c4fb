package bridge_test

import (
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestPlace: a session is where its last proof was made, the record says so, and the place is forgotten with the session.
func TestPlace(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	ctx := t.Context()
	bay := bridge.Place{Workstation: "bay4", User: "2", Card: "ab12", Authenticator: "card", Key: "thumb"}
	b, using := bridge.Browser{Binding: binding}, "card"
	signIn := func(at bridge.Place) bridge.Session {
		t.Helper()
		req := request(partnerA)
		req.ForceAuthn = true
		next, err := w.hub.Begin(ctx, b, req)
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		if at.Workstation != "" {
			w.must(w.hub.SetPlace(ctx, tx, at))
			tx = w.reload(b, tx, bridge.StepAuthenticate)
		}
		by := proof(uid, 3, w.now)
		by.AuthenticatorID = using
		b.Session, err = w.hub.Authenticate(ctx, b, tx, by)
		w.must(err)
		s, err := w.store.SessionByKey(ctx, bridge.Key(b.Session))
		w.must(err)
		return s
	}
	want := func(s bridge.Session, at bridge.Place) {
		t.Helper()
		got, err := w.hub.PlaceOf(ctx, s)
		w.must(err)
		if got != at || s.Workstation != at.Workstation {
			t.Errorf("session at %q, place %+v, want %+v", s.Workstation, got, at)
		}
	}
	first := signIn(bay)
	want(first, bay)
	if got := w.events(ledger.SignedIn)[0].Detail["workstation"]; got != "bay4" {
		t.Errorf("the record says %q", got)
	}
	found, err := w.store.Living(ctx, bridge.SessionQuery{At: "bay4", Limit: 10})
	w.must(err)
	if len(found) != 1 || found[0].ID != first.ID {
		t.Errorf("at bay 4: %+v", found)
	}
	unplaced := signIn(bridge.Place{})
	if unplaced.ID != first.ID {
		t.Fatal("another session")
	}
	want(unplaced, bridge.Place{})
	again := signIn(bay)
	want(again, bay)
	using = "key" // the card in the reader is somebody's, but did not sign in
	want(signIn(bay), bridge.Place{Workstation: "bay4", User: "2", Key: "thumb"})
	_, err = w.hub.Logout(ctx, again.ID, bridge.LogoutCause{Reason: bridge.EndedByUser})
	w.must(err)
	want(again, bridge.Place{Workstation: "bay4"})
}

// TestPresenceNonce: it is the same for a transaction, and no other's.
func TestPresenceNonce(t *testing.T) {
	w := newWorld(t)
	n := w.hub.PresenceNonce("a")
	if len(n) < 22 || n == w.hub.PresenceNonce("b") || n != w.hub.PresenceNonce("a") || n == w.hub.StepMAC("a", bridge.StepAuthenticate) {
		t.Errorf("nonce %q", n)
	}
}
