package hub

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/adapters/smartcard"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/e2e/components"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestRevocationsEndSessions: a list that arrives ends the sessions of its cards, as does one that arrived while the hub was down;
// where the authority's policy is to keep them they go on.
func TestRevocationsEndSessions(t *testing.T) {
	for _, running := range []string{"end", "keep"} {
		t.Run(running, func(t *testing.T) {
			ca, now := components.NewCA(t, "One"), time.Now()
			early, late, good := ca.Card(t, "1"), ca.Card(t, "1"), ca.Card(t, "1")
			var c config.Config
			c.Data = t.TempDir()
			c.Listeners.Card.ClientCA, c.Listeners.Card.CRL = ca.File, []string{ca.WriteCRL(t, components.CRL{Number: 1, Revoked: []*components.Leaf{early}})}
			c.Authenticators.Smartcard = config.Smartcard{Enabled: true, Revocation: config.Revocation{Mode: "crl", OnUnreachable: "deny", MaxAge: time.Hour, Running: running}}
			store := memory.New()
			h := &Hub{options: Options{Config: c, Log: slog.New(slog.DiscardHandler), Clock: time.Now}, store: store, metrics: newMetrics(), cards: cardRoom{news: make(chan struct{}, 1)}}
			h.core = &bridge.Hub{
				Artifacts: store, Journal: store, Sessions: store, Roster: store, Participants: store, Deliveries: store, Directory: store, Registrations: store,
				Clock: time.Now, Secret: []byte("secret"), Limits: bridge.DefaultLimits(), Parallel: parallel,
			}
			cards, err := h.smartcards()
			must(t, err)
			h.core.Revocations = cards
			begin := func(id string, card *components.Leaf) {
				a := people.Authenticator{ID: id, UID: "1", Kind: people.Smartcard, Handle: people.CardHandle(smartcard.IssuerKeyID(ca.Certificate), card.Certificate.SerialNumber)}
				must(t, store.AddAuthenticator(t.Context(), a))
				must(t, store.Commit(t.Context(), bridge.SaveSession{Session: bridge.Session{ID: id, Key: id, UID: "1", Method: bridge.MethodSmartcard, Authenticator: id, Started: now, Seen: now}}))
			}
			begin("early", early)
			begin("late", late)
			begin("good", good)
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{}, 2)
			go func() { h.endRevoked(ctx); done <- struct{}{} }()
			t.Cleanup(func() { stop(); <-done })
			lives := func(id string) bool {
				s, err := store.Session(t.Context(), id)
				must(t, err)
				return s.Ended.IsZero()
			}
			expect := func(id string) {
				t.Helper()
				for deadline := time.Now().Add(10 * time.Second); lives(id) && time.Now().Before(deadline); {
					time.Sleep(10 * time.Millisecond)
				}
				if lives(id) {
					t.Errorf("%s: its session goes on", id)
				}
			}
			if running == "end" {
				expect("early")
			}
			if !lives("late") {
				t.Fatal("ended before its card was revoked")
			}
			ca.WriteCRL(t, components.CRL{Number: 2, Revoked: []*components.Leaf{early, late}})
			go func() { h.cards.caches[0].RunLists(ctx); done <- struct{}{} }()
			t.Cleanup(func() { stop(); <-done })
			if running == "end" {
				expect("late")
			} else {
				time.Sleep(3 * revokedEvery / 2)
			}
			if !lives("good") || running == "keep" && (!lives("early") || !lives("late")) {
				t.Error("more ended than was revoked")
			}
		})
	}
}
