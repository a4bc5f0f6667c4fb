package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// Sessions is the contract of bridge.Sessions.
func Sessions(t *testing.T, open Open) {
	ctx := context.Background()
	now := start()
	t.Run("absent", func(t *testing.T) {
		s := open(t)
		_, err := s.Session(ctx, "nobody")
		wantError(t, err, bridge.ErrNotFound)
		for _, key := range []string{"nobody", ""} {
			_, err = s.SessionByKey(ctx, key)
			wantError(t, err, bridge.ErrNotFound)
		}
		_, err = s.EndSession(ctx, "nobody", "l", now)
		wantError(t, err, bridge.ErrNotFound)
	})
	t.Run("its key changes", func(t *testing.T) {
		s := open(t)
		x := session("s")
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
		old := x.Key
		x.Key, x.RoleID = "new key", "555000000012"
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
		got, err := s.SessionByKey(ctx, "new key")
		must(t, err)
		wantEqual(t, got, x)
		_, err = s.SessionByKey(ctx, old)
		wantError(t, err, bridge.ErrNotFound)
	})
	t.Run("ends with its events, or not at all", func(t *testing.T) {
		s := open(t)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
		_, err := s.EndSession(ctx, "nobody", "l", now, event("u"))
		wantError(t, err, bridge.ErrNotFound)
		_, err = s.EndSession(ctx, "s", "l", now, event("u"), event("v"))
		must(t, err)
		_, err = s.EndSession(ctx, "s", "l", now, event("u"))
		wantError(t, err, bridge.ErrSpent)
		gapFree(t, s, 2)
	})
	t.Run("overdue", func(t *testing.T) { overdue(t, open(t)) })
	t.Run("ends once", func(t *testing.T) { endsOnce(t, open(t)) })
	t.Run("ends while partners are added", func(t *testing.T) { endsUnderLoad(t, open(t)) })
}

func endsOnce(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	mine, other := artifact("mine"), artifact("other")
	mine.Session, other.Session = "s", "t"
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}, bridge.SaveSession{Session: session("t")},
		bridge.PutArtifact{Artifact: mine}, bridge.PutArtifact{Artifact: other}))
	for i := range 12 {
		p := participant("s", name("p", i))
		p.Since = now.Add(time.Duration(i))
		must(t, s.Commit(ctx, bridge.AddParticipant{Participant: p}))
	}
	var ds []bridge.Delivery
	exactlyOne(t, parallel(20, func(int) error {
		got, err := s.EndSession(ctx, "s", "logout", now)
		if err == nil {
			ds = got
		}
		return err
	}), bridge.ErrSpent)
	if len(ds) != 12 {
		t.Fatalf("%d deliveries, want 12", len(ds))
	}
	for i, d := range ds {
		if d.State != bridge.DeliveryPending || d.Participant.Partner != name("p", i) || d.Logout != "logout" || !d.Next.After(now) || d.ID == "" {
			t.Fatalf("delivery %d: %+v", i, d)
		}
	}
	stored, err := s.Deliveries(ctx, "logout")
	must(t, err)
	wantEqual(t, stored, ds)
	got, err := s.Session(ctx, "s")
	must(t, err)
	wantEqual(t, got.Ended, now)
	_, err = s.Get(ctx, mine.Kind, mine.Key, now)
	wantError(t, err, bridge.ErrNotFound)
	_, err = s.Get(ctx, other.Kind, other.Key, now)
	must(t, err)
	must(t, s.Put(ctx, mine, false))
	_, err = s.Get(ctx, mine.Kind, mine.Key, now)
	wantError(t, err, bridge.ErrNotFound)
	_, err = s.Consume(ctx, mine.Kind, mine.Key, now)
	wantError(t, err, bridge.ErrNotFound)
	wantError(t, s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", "late")}), bridge.ErrSpent)
	wantError(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}), bridge.ErrSpent)
}

// overdue requires that the oldest living sessions are found, and no more than were asked for.
func overdue(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	for i := range 5 {
		x := session(name("s", i))
		x.Started, x.Seen = now.Add(time.Duration(i)*time.Minute), now.Add(time.Hour)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
	}
	_, err := s.EndSession(ctx, "s001", "logout", now)
	must(t, err)
	for _, want := range []struct {
		before time.Time
		limit  int
		ids    []string
	}{
		{now.Add(-1), 10, nil}, {now, 10, []string{"s000"}}, {now.Add(3 * time.Minute), 10, []string{"s000", "s002", "s003"}},
		{now.Add(time.Hour), 2, []string{"s000", "s002"}}, {now.Add(time.Hour), 0, nil},
	} {
		ids, err := s.Overdue(ctx, want.before, want.limit)
		must(t, err)
		wantEqual(t, ids, want.ids)
	}
}

// endsUnderLoad requires that every partner who was added is told, and nobody is added afterwards.
func endsUnderLoad(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
	var ds []bridge.Delivery
	errs := parallel(51, func(i int) error {
		if i == 25 {
			var err error
			ds, err = s.EndSession(ctx, "s", "logout", now)
			return err
		}
		return s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", name("p", i))})
	})
	told := map[string]bool{}
	for _, d := range ds {
		told[d.Participant.Partner] = true
	}
	for i, err := range errs {
		if i == 25 {
			must(t, err)
			continue
		}
		if err != nil {
			wantError(t, err, bridge.ErrSpent)
		}
		if told[name("p", i)] != (err == nil) {
			t.Fatalf("participant %d: told %v, but added with %v", i, told[name("p", i)], err)
		}
	}
}

// Participants is the contract of bridge.Participants.
func Participants(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
	first, second := participant("s", "b"), participant("s", "a")
	second.Since = first.Since.Add(time.Second)
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: second}, bridge.AddParticipant{Participant: first}))
	ps, err := s.Participants(ctx, "s")
	must(t, err)
	wantEqual(t, ps, []bridge.Participant{first, second})
	same := first
	same.Since = same.Since.Add(time.Hour)
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: same}))
	ps, err = s.Participants(ctx, "s")
	must(t, err)
	wantEqual(t, ps, []bridge.Participant{first, second})
	first.Subject, first.Since = "renewed", first.Since.Add(time.Minute)
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: first}))
	ps, err = s.Participants(ctx, "s")
	must(t, err)
	wantEqual(t, ps, []bridge.Participant{second, first})
	got, err := s.FindParticipant(ctx, trust.SAML2, "b", first.Index)
	must(t, err)
	wantEqual(t, got, first)
	for _, miss := range []bridge.Participant{
		{Protocol: trust.OIDC, Partner: "b", Index: first.Index}, {Protocol: trust.SAML2, Partner: "a", Index: first.Index},
		{Protocol: trust.SAML2, Partner: "b", Index: "other"}, {Protocol: trust.SAML2, Partner: "b\x00", Index: "\xff"},
	} {
		_, err := s.FindParticipant(ctx, miss.Protocol, miss.Partner, miss.Index)
		wantError(t, err, bridge.ErrNotFound)
	}
	none, err := s.Participants(ctx, "nobody")
	must(t, err)
	if len(none) != 0 {
		t.Fatalf("participants of nobody: %v", none)
	}
}
