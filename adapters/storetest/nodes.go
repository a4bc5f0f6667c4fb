package storetest

import (
	"context"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Nodes is the contract between two stores on one database: open returns both.
func Nodes(t *testing.T, open func(t *testing.T) (a, b Store)) {
	ctx := context.Background()
	now := start()
	t.Run("fifty consume one", func(t *testing.T) {
		a, b := open(t)
		for round := range 4 {
			x := artifact(name("a", round))
			must(t, a.Put(ctx, x, false))
			exactlyOne(t, parallel(50, func(i int) error {
				_, err := pick(a, b, i).Consume(ctx, x.Kind, x.Key, now)
				return err
			}), bridge.ErrSpent)
		}
	})
	t.Run("names at once", func(t *testing.T) {
		a, b := open(t)
		for round := range 20 {
			s := name("s", round)
			must(t, a.Commit(ctx, bridge.SaveSession{Session: session(s)}))
			for _, err := range parallel(2, func(i int) error {
				p := participant(s, "p")
				p.Subject = name("told", i)
				return pick(a, b, i).Commit(ctx, bridge.AddParticipant{Participant: p})
			}) {
				must(t, err)
			}
			if ps, err := b.Participants(ctx, s); err != nil || len(ps) != 2 {
				t.Fatalf("%d participants, %v: want both names", len(ps), err)
			}
		}
	})
	t.Run("fifty put one", func(t *testing.T) {
		a, b := open(t)
		exactlyOne(t, parallel(50, func(i int) error {
			return pick(a, b, i).Commit(ctx, bridge.PutArtifact{Artifact: artifact("mark")}, bridge.Append{Event: event("u")})
		}), bridge.ErrExists)
		gapFree(t, a, 1)
	})
	t.Run("one sequence", func(t *testing.T) {
		a, b := open(t)
		for _, err := range parallel(80, func(i int) error {
			return pick(a, b, i).Commit(ctx, bridge.Append{Event: event(name("u", i))})
		}) {
			must(t, err)
		}
		gapFree(t, b, 80)
	})
	t.Run("ends once", func(t *testing.T) {
		a, b := open(t)
		must(t, a.Commit(ctx, bridge.SaveSession{Session: session("s")}, bridge.AddParticipant{Participant: participant("s", "p")}))
		exactlyOne(t, parallel(20, func(i int) error {
			_, err := pick(a, b, i).EndSession(ctx, "s", ending(name("logout", i), now))
			return err
		}), bridge.ErrSpent)
		due, err := b.Due(ctx, now.AddDate(0, 0, 1), now.AddDate(0, 0, 2), 10)
		must(t, err)
		if len(due) != 1 {
			t.Fatalf("%d deliveries, want 1", len(due))
		}
	})
	t.Run("one counter", func(t *testing.T) {
		a, b := open(t)
		key := people.Authenticator{ID: "1", UID: "u", Kind: people.FIDO2, Handle: "h", Added: now, Record: []byte("7")}
		must(t, a.AddAuthenticator(ctx, key))
		exactlyOne(t, parallel(50, func(i int) error {
			next := key
			next.Record = []byte("8")
			return pick(a, b, i).UpdateAuthenticator(ctx, next, key.Record)
		}), people.ErrConflict)
	})
	t.Run("registry", func(t *testing.T) {
		a, b := open(t)
		r := trust.Record{ID: "p", Protocol: trust.OIDC, Document: []byte("x")}
		exactlyOne(t, parallel(20, func(i int) error {
			_, err := pick(a, b, i).SavePartner(ctx, r, 0)
			return err
		}), trust.ErrConflict)
		watchedBy(t, a, b)
	})
}

func pick(a, b Store, i int) Store {
	if i%2 == 0 {
		return a
	}
	return b
}
