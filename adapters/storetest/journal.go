package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Journal is the contract of bridge.Journal: all of it or nothing.
func Journal(t *testing.T, open Open) {
	ctx := context.Background()
	now := start()
	ended := func(t *testing.T, s Store) {
		must(t, s.Commit(ctx, bridge.SaveSession{Session: session("gone")}))
		_, err := s.EndSession(ctx, "gone", ending("logout", now))
		must(t, err)
	}
	asleep := func(t *testing.T, s Store) {
		x := session("asleep")
		x.Suspended = now
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
	}
	spent := func(t *testing.T, s Store) {
		must(t, s.Put(ctx, artifact("spent"), false))
		_, err := s.Consume(ctx, bridge.KindReplay, "spent", now)
		must(t, err)
	}
	for name, test := range map[string]struct {
		before func(*testing.T, Store)
		last   bridge.Write
		want   error
	}{
		"exists":            {func(t *testing.T, s Store) { must(t, s.Put(ctx, artifact("old"), false)) }, bridge.PutArtifact{Artifact: artifact("old")}, bridge.ErrExists},
		"replaces spent":    {spent, bridge.PutArtifact{Artifact: artifact("spent"), Replace: true}, bridge.ErrSpent},
		"spent":             {spent, bridge.ConsumeArtifact{Kind: bridge.KindReplay, Key: "spent", Now: now}, bridge.ErrSpent},
		"absent":            {nil, bridge.ConsumeArtifact{Kind: bridge.KindReplay, Key: "nobody", Now: now}, bridge.ErrNotFound},
		"session ended":     {ended, bridge.SaveSession{Session: session("gone")}, bridge.ErrSpent},
		"session suspended": {asleep, bridge.SaveSession{Session: session("asleep")}, bridge.ErrSpent},
		"session changed":   {nil, bridge.SaveSession{Session: session("s"), From: "another key"}, bridge.ErrSpent},
		"authenticator known": {func(t *testing.T, s Store) {
			must(t, s.AddAuthenticator(ctx, people.Authenticator{ID: "1", UID: "u", Kind: people.FIDO2, Handle: "h"}))
		}, bridge.AddAuthenticator{Authenticator: people.Authenticator{ID: "2", UID: "v", Kind: people.FIDO2, Handle: "h"}}, people.ErrConflict},
		"authenticator changed since": {func(t *testing.T, s Store) {
			must(t, s.AddAuthenticator(ctx, people.Authenticator{ID: "1", UID: "u", Kind: people.FIDO2, Handle: "h", Record: []byte("8")}))
		}, bridge.ChangeAuthenticator{Authenticator: people.Authenticator{ID: "1", Record: []byte("9")}, Was: []byte("7")}, people.ErrConflict},
		"authenticator of none":    {nil, bridge.ChangeAuthenticator{Authenticator: people.Authenticator{ID: "nobody"}}, people.ErrNotFound},
		"participant of ended":     {ended, bridge.AddParticipant{Participant: participant("gone", "p")}, bridge.ErrSpent},
		"participant of suspended": {asleep, bridge.AddParticipant{Participant: participant("asleep", "p")}, bridge.ErrSpent},
		"participant of none":      {nil, bridge.AddParticipant{Participant: participant("nobody", "p")}, bridge.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			must(t, s.Put(ctx, artifact("mine"), false))
			must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
			must(t, s.AddAuthenticator(ctx, people.Authenticator{ID: "8", UID: "u", Kind: people.Smartcard, Handle: "old", Label: "as it was"}))
			if test.before != nil {
				test.before(t, s)
			}
			changed := session("s")
			changed.RoleID = "other"
			err := s.Commit(ctx,
				bridge.ConsumeArtifact{Kind: bridge.KindReplay, Key: "mine", Now: now},
				bridge.PutArtifact{Artifact: artifact("new")},
				bridge.SaveSession{Session: changed},
				bridge.TouchSession{ID: "s", Seen: now.Add(time.Hour)},
				bridge.AddParticipant{Participant: participant("s", "p")},
				bridge.SavePersons{Persons: []people.Person{person("555000000001")}},
				bridge.AddAuthenticator{Authenticator: people.Authenticator{ID: "9", UID: "u", Kind: people.Smartcard, Handle: "new"}},
				bridge.ChangeAuthenticator{Authenticator: people.Authenticator{ID: "8", Label: "changed"}},
				bridge.SaveDelivery{Delivery: bridge.Delivery{ID: "d", Logout: "l"}},
				bridge.Append{Event: event("u")},
				test.last,
			)
			wantError(t, err, test.want)
			nothingWritten(t, s)
		})
	}
	t.Run("all of it", func(t *testing.T) { committed(t, open(t)) })
	t.Run("fifty replays of one request", func(t *testing.T) {
		s := open(t)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
		exactlyOne(t, parallel(50, func(i int) error {
			return s.Commit(ctx, bridge.PutArtifact{Artifact: artifact("mark")}, bridge.PutArtifact{Artifact: artifact(name("a", i))},
				bridge.AddParticipant{Participant: participant("s", name("p", i))}, bridge.Append{Event: event("u")})
		}), bridge.ErrExists)
		es, err := s.Events(ctx, ledger.Query{})
		must(t, err)
		ps, err := s.Participants(ctx, "s")
		must(t, err)
		if len(es) != 1 || len(ps) != 1 {
			t.Fatalf("%d events and %d participants, want one each", len(es), len(ps))
		}
	})
	t.Run("one that fails does not touch the others", func(t *testing.T) {
		s := open(t)
		must(t, s.Put(ctx, artifact("taken"), false))
		errs := parallel(50, func(i int) error {
			key := name("a", i)
			if i%5 == 0 {
				key = "taken"
			}
			return s.Commit(ctx, bridge.PutArtifact{Artifact: artifact(key)}, bridge.Append{Event: event("u")})
		})
		for i, err := range errs {
			if i%5 == 0 {
				wantError(t, err, bridge.ErrExists)
			} else {
				must(t, err)
			}
		}
		gapFree(t, s, 40)
	})
	t.Run("what depends on itself", func(t *testing.T) {
		s := open(t)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}, bridge.AddParticipant{Participant: participant("s", "p")},
			bridge.PutArtifact{Artifact: artifact("a")}, bridge.ConsumeArtifact{Kind: bridge.KindReplay, Key: "a", Now: now}))
		wantError(t, s.Commit(ctx, bridge.PutArtifact{Artifact: artifact("b")}, bridge.PutArtifact{Artifact: artifact("b")}), bridge.ErrExists)
		_, err := s.Get(ctx, bridge.KindReplay, "b", now)
		wantError(t, err, bridge.ErrNotFound)
	})
	t.Run("nothing", func(t *testing.T) { must(t, open(t).Commit(ctx)) })
}

func nothingWritten(t *testing.T, s Store) {
	t.Helper()
	ctx, now := context.Background(), start()
	mine, err := s.Get(ctx, bridge.KindReplay, "mine", now)
	must(t, err)
	if mine.Spent {
		t.Fatal("artifact is spent")
	}
	_, err = s.Get(ctx, bridge.KindReplay, "new", now)
	wantError(t, err, bridge.ErrNotFound)
	got, err := s.Session(ctx, "s")
	must(t, err)
	if got.RoleID == "other" || got.Seen.After(now.Add(time.Minute)) {
		t.Fatalf("session was changed: %+v", got)
	}
	_, err = s.Person(ctx, "555000000001")
	wantError(t, err, people.ErrNotFound)
	_, err = s.Authenticator(ctx, people.Smartcard, "new")
	wantError(t, err, people.ErrNotFound)
	old, err := s.Authenticator(ctx, people.Smartcard, "old")
	must(t, err)
	wantEqual(t, old.Label, "as it was")
	ps, err := s.Participants(ctx, "s")
	must(t, err)
	ds, err := s.Deliveries(ctx, "l")
	must(t, err)
	es, err := s.Events(ctx, ledger.Query{})
	must(t, err)
	if len(ps)+len(ds)+len(es) != 0 {
		t.Fatalf("left behind: %v %v %v", ps, ds, es)
	}
}

func committed(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	must(t, s.Put(ctx, artifact("mine"), false))
	x, p := session("s"), participant("s", "p")
	d := bridge.Delivery{ID: "d", Logout: "l", Participant: p, State: bridge.DeliveryFront, FrontURL: "https://x.example/", Attempts: 2, Updated: now}
	must(t, s.Commit(ctx,
		bridge.ConsumeArtifact{Kind: bridge.KindReplay, Key: "mine", Now: now}, bridge.PutArtifact{Artifact: artifact("new")},
		bridge.SaveSession{Session: x}, bridge.SaveSession{Session: x, From: x.Key},
		bridge.SavePersons{Persons: []people.Person{person("555000000001")}},
		bridge.AddAuthenticator{Authenticator: people.Authenticator{ID: "9", UID: "u", Kind: people.Smartcard, Handle: "new"}},
		bridge.TouchSession{ID: "s", Seen: now.Add(time.Hour)}, bridge.TouchSession{ID: "nobody", Seen: now},
		bridge.AddParticipant{Participant: p}, bridge.SaveDelivery{Delivery: d}, bridge.Append{Event: event("u")}))
	mine, err := s.Get(ctx, bridge.KindReplay, "mine", now)
	must(t, err)
	if !mine.Spent {
		t.Fatal("artifact is not spent")
	}
	_, err = s.Get(ctx, bridge.KindReplay, "new", now)
	must(t, err)
	_, err = s.Person(ctx, "555000000001")
	must(t, err)
	_, err = s.Authenticator(ctx, people.Smartcard, "new")
	must(t, err)
	x.Seen = now.Add(time.Hour)
	got, err := s.Session(ctx, "s")
	must(t, err)
	wantEqual(t, got, x)
	must(t, s.Commit(ctx, bridge.TouchSession{ID: "s", Seen: now}))
	got, err = s.Session(ctx, "s")
	must(t, err)
	wantEqual(t, got, x)
	ps, err := s.Participants(ctx, "s")
	must(t, err)
	wantEqual(t, ps, []bridge.Participant{p})
	ds, err := s.Deliveries(ctx, "l")
	must(t, err)
	wantEqual(t, ds, []bridge.Delivery{d})
	gapFree(t, s, 1)
}
