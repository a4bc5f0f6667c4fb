package hub

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// waitingRoom is a store behind the limits, and a clock that is set by hand.
type waitingRoom struct {
	pending   *pending
	charged   map[string]int
	artifacts bridge.Artifacts
	journal   bridge.Journal
	now       time.Time
}

func newWaitingRoom(total, peer int) *waitingRoom {
	w := &waitingRoom{now: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	store := memory.NewAt(clock)
	w.pending = newPending(total, peer, clock)
	w.charged = map[string]int{}
	w.artifacts, w.journal = limitedArtifacts{store, w.pending}, limitedJournal{store, w.pending, w}
	return w
}

// Charge implements charger.
func (w *waitingRoom) Charge(peer string) { w.charged[peer]++ }

func (w *waitingRoom) artifact(kind bridge.ArtifactKind, key string) bridge.Artifact {
	return bridge.Artifact{Kind: kind, Key: key, Expires: w.now.Add(time.Minute)}
}

func (w *waitingRoom) begin(peer, key string) error {
	return w.journal.Commit(bridge.WithPeer(context.Background(), peer), bridge.PutArtifact{Replace: true, Artifact: w.artifact(bridge.KindTransaction, key)})
}

func throttled(err error) bool { return bridge.AsRefusal(err).Reason == bridge.Throttled }

// Row 72: what a stranger begins and does not finish is bounded, in all and for each peer, and time makes room again.
func testPendingIsBounded(t *testing.T) {
	w := newWaitingRoom(30, 10)
	for i := range 10_000 {
		err := w.begin("192.0.2.1", fmt.Sprint(i))
		if (err != nil) != (i >= 10) || err != nil && !throttled(err) {
			t.Fatalf("sign-on %d: %v", i, err)
		}
	}
	if _, err := w.artifacts.Get(t.Context(), bridge.KindTransaction, "10", w.now); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("it was stored: %v", err)
	}
	// Another address of the same IPv6 network is the same peer; other kinds count too.
	for i := range 12 {
		a := w.artifact("saml-bounce", fmt.Sprint(i))
		err := w.artifacts.Put(bridge.WithPeer(t.Context(), fmt.Sprintf("2001:db8::%x", i)), a, false)
		if throttled(err) != (i >= 10) {
			t.Errorf("request put aside %d: %v", i, err)
		}
	}
	for i := range 12 {
		if err := w.begin(fmt.Sprintf("198.51.100.%d", i), fmt.Sprintf("x%d", i)); throttled(err) != (i >= 10) {
			t.Errorf("peer %d of many: %v", i, err)
		}
	}
	if n := w.pending.count(); n != 30 {
		t.Errorf("%d are pending", n)
	}
	if err := w.begin("192.0.2.1", "3"); err != nil {
		t.Errorf("one in progress cannot go on: %v", err)
	}
	if err := w.artifacts.Put(t.Context(), w.artifact(bridge.KindReplay, "mark"), false); err != nil {
		t.Errorf("what is no sign-on: %v", err)
	}
	kept := w.artifact("saml-artifact", "answer")
	if err := w.artifacts.Put(t.Context(), kept, false); !throttled(err) {
		t.Errorf("a refusal that a partner shall fetch: %v", err)
	}
	kept.Session = "of a person"
	if err := w.artifacts.Put(t.Context(), kept, false); err != nil {
		t.Errorf("an answer in a session: %v", err)
	}
	w.now = w.now.Add(time.Minute)
	if err := w.begin("192.0.2.1", "later"); err != nil {
		t.Errorf("after all have expired: %v", err)
	}
	if n := w.pending.count(); n != 1 || len(w.pending.peers) != 1 {
		t.Errorf("%d pending of %d peers", n, len(w.pending.peers))
	}
}

// Those who finish make room at once: a shared address may have as many people as it likes.
func TestPendingIsFinished(t *testing.T) {
	w := newWaitingRoom(10, 2)
	ctx := bridge.WithPeer(t.Context(), "192.0.2.1")
	for i := range 50 {
		key := fmt.Sprint(i)
		if err := w.begin("192.0.2.1", key); err != nil {
			t.Fatal(err)
		}
		if err := w.artifacts.Put(ctx, w.artifact(bridge.KindKeyCeremony, key), false); err != nil {
			t.Fatal(err)
		}
		if _, err := w.artifacts.Consume(ctx, bridge.KindKeyCeremony, key, w.now); err != nil {
			t.Fatal(err)
		}
		if err := w.journal.Commit(ctx, bridge.ConsumeArtifact{Kind: bridge.KindTransaction, Key: key, Now: w.now}); err != nil {
			t.Fatal(err)
		}
	}
	// What was not consumed is still counted.
	if err := w.begin("192.0.2.1", "open"); err != nil {
		t.Fatal(err)
	}
	if err := w.journal.Commit(ctx, bridge.ConsumeArtifact{Kind: bridge.KindTransaction, Key: "nobody's", Now: w.now}); !errors.Is(err, bridge.ErrNotFound) {
		t.Fatal(err)
	}
	if n := w.pending.count(); n != 1 {
		t.Errorf("%d are pending", n)
	}
}

// What could not be stored is not pending: a request that is sent again and again takes no room.
func TestNotStoredIsNotPending(t *testing.T) {
	w := newWaitingRoom(10, 2)
	ctx := bridge.WithPeer(t.Context(), "192.0.2.1")
	if err := w.artifacts.Put(ctx, w.artifact("saml-bounce", "there"), false); err != nil {
		t.Fatal(err)
	}
	mark := bridge.PutArtifact{Artifact: w.artifact(bridge.KindReplay, "used")}
	if err := w.journal.Commit(ctx, mark); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		sign := bridge.PutArtifact{Replace: true, Artifact: w.artifact(bridge.KindTransaction, fmt.Sprint(i))}
		if err := w.journal.Commit(ctx, sign, mark); !errors.Is(err, bridge.ErrExists) {
			t.Fatal(err)
		}
	}
	if err := w.artifacts.Put(ctx, w.artifact("saml-bounce", "there"), false); !errors.Is(err, bridge.ErrExists) {
		t.Fatal(err)
	}
	two := []bridge.Write{
		bridge.PutArtifact{Replace: true, Artifact: w.artifact(bridge.KindTransaction, "a")}, bridge.PutArtifact{Replace: true, Artifact: w.artifact(bridge.KindTransaction, "b")},
	}
	if err := w.journal.Commit(ctx, two...); !throttled(err) {
		t.Fatal(err)
	}
	if n := w.pending.count(); n != 1 {
		t.Errorf("%d are pending", n)
	}
}

// A challenge for a client without pages is made for whoever asks.
func TestClientChallengesArePending(t *testing.T) {
	w := newWaitingRoom(10, 2)
	ctx := bridge.WithPeer(t.Context(), "192.0.2.1")
	for i := range 4 {
		if err := w.artifacts.Put(ctx, w.artifact("signin-client-challenge", fmt.Sprint(i)), false); throttled(err) != (i >= 2) {
			t.Errorf("challenge %d: %v", i, err)
		}
	}
}

func TestRefusalsCost(t *testing.T) {
	w := newWaitingRoom(10, 10)
	for kind, costs := range map[ledger.Kind]bool{
		ledger.Refused: true, ledger.TokenRefused: true, ledger.TicketRefused: true, ledger.SignInRefused: true, ledger.Alarm: true,
		ledger.RegistrationRefused: true, ledger.WorkstationRefused: true, // anybody can cause one, and it is written down
		ledger.Issued: false, ledger.SignedIn: false, ledger.SessionEnded: false,
	} {
		if refusal(kind) != costs {
			t.Errorf("%s: %v", kind, refusal(kind))
		}
	}
	for _, peer := range []string{"192.0.2.1", ""} {
		for _, kind := range []ledger.Kind{ledger.Refused, ledger.Issued, ledger.TokenRefused} {
			if err := w.journal.Commit(bridge.WithPeer(t.Context(), peer), bridge.Append{Event: ledger.Event{Kind: kind, Time: w.now}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(w.charged) != 1 || w.charged["192.0.2.1"] != 2 {
		t.Errorf("charged %v", w.charged)
	}
}
