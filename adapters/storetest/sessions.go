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
		_, err = s.EndSession(ctx, "nobody", ending("l", now))
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
		_, err := s.EndSession(ctx, "nobody", ending("l", now), event("u"))
		wantError(t, err, bridge.ErrNotFound)
		_, err = s.EndSession(ctx, "s", ending("l", now), event("u"), event("v"))
		must(t, err)
		_, err = s.EndSession(ctx, "s", ending("l", now), event("u"))
		wantError(t, err, bridge.ErrSpent)
		gapFree(t, s, 2)
	})
	t.Run("living", func(t *testing.T) { living(t, open(t)) })
	t.Run("living, page by page", func(t *testing.T) { livingPages(t, open(t)) })
	t.Run("whoever asked knows", func(t *testing.T) { askedKnows(t, open(t)) })
	t.Run("overdue", func(t *testing.T) { overdue(t, open(t)) })
	t.Run("suspended", func(t *testing.T) { suspended(t, open(t)) })
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
		got, err := s.EndSession(ctx, "s", ending("logout", now))
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

// living requires that sessions are found by person and by partner while they have not ended, newest first.
func living(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	for i, uid := range []string{"555000000001", "555000000002", "555000000001", "555000000001"} {
		x := session(name("s", i))
		x.UID, x.Started = uid, now.Add(time.Duration(i)*time.Minute)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}, bridge.AddParticipant{Participant: participant(x.ID, name("p", i%2))}))
	}
	_, err := s.EndSession(ctx, "s002", ending("logout", now))
	must(t, err)
	for _, want := range []struct {
		query bridge.SessionQuery
		ids   []string
	}{
		{bridge.SessionQuery{Limit: 10}, []string{"s003", "s001", "s000"}}, {bridge.SessionQuery{Limit: 1}, []string{"s003"}}, {bridge.SessionQuery{}, nil},
		{bridge.SessionQuery{UID: "555000000001", Limit: 10}, []string{"s003", "s000"}}, {bridge.SessionQuery{UID: "nobody", Limit: 10}, nil},
		{bridge.SessionQuery{At: "workstation of s001", Limit: 10}, []string{"s001"}}, {bridge.SessionQuery{At: "workstation of s002", Limit: 10}, nil},
		{bridge.SessionQuery{At: "workstation of s001", UID: "555000000001", Limit: 10}, nil},
		{bridge.SessionQuery{Partner: "p001", Limit: 10}, []string{"s003", "s001"}},
		{bridge.SessionQuery{Partner: "p001", UID: "555000000002", Limit: 10}, []string{"s001"}},
		{bridge.SessionQuery{Partner: "p001", Protocol: trust.SAML2, Limit: 1}, []string{"s003"}},
		{bridge.SessionQuery{Partner: "p001", Protocol: trust.OIDC, Limit: 10}, nil},
	} {
		found, err := s.Living(ctx, want.query)
		must(t, err)
		var ids []string
		for _, x := range found {
			ids = append(ids, x.ID)
			if x.Authenticator != "authenticator of "+x.ID {
				t.Errorf("session %+v", x)
			}
		}
		wantEqual(t, ids, want.ids)
	}
}

// livingPages requires that a page goes on behind the place of the last one, whether or not that session has ended since, with
// sessions that started in the same moment and those that begin in between.
func livingPages(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	add := func(i int, started time.Time) {
		x := session(name("s", i))
		x.UID, x.Started = []string{"555000000001", "555000000002"}[i%2], started
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}, bridge.AddParticipant{Participant: participant(x.ID, name("p", i%3))}))
	}
	for i := range 12 {
		add(i, now.Add(time.Duration(i/4)*time.Nanosecond)) // four of each moment
	}
	all := []int{8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3}
	for _, of := range []struct {
		query bridge.SessionQuery
		in    func(i int) bool
	}{
		{bridge.SessionQuery{}, func(int) bool { return true }},
		{bridge.SessionQuery{UID: "555000000002"}, func(i int) bool { return i%2 == 1 }},
		{bridge.SessionQuery{Partner: "p001"}, func(i int) bool { return i%3 == 1 }},
		{bridge.SessionQuery{Partner: "p001", Protocol: trust.SAML2, UID: "555000000001"}, func(i int) bool { return i%3 == 1 && i%2 == 0 }},
		{bridge.SessionQuery{Partner: "p001", Protocol: trust.OIDC}, func(int) bool { return false }},
	} {
		var want []string
		for _, i := range all {
			if of.in(i) {
				want = append(want, name("s", i))
			}
		}
		for limit := 1; limit <= 13; limit += 3 {
			var got []string
			q := of.query
			q.Limit = limit
			for pages := 0; ; pages++ {
				page, err := s.Living(ctx, q)
				must(t, err)
				if len(page) == 0 {
					break
				}
				for _, x := range page {
					got = append(got, x.ID)
				}
				if q.Past = page[len(page)-1].Place(); len(page) > limit || pages > 12 {
					t.Fatalf("%+v: a page of %d", q, len(page))
				}
			}
			wantEqual(t, got, want)
		}
	}
	q := bridge.SessionQuery{Limit: 2, Past: bridge.SessionPlace{Started: now.Add(time.Nanosecond), ID: "s005"}}
	for _, id := range []string{"s005", "s006"} {
		_, err := s.EndSession(ctx, id, ending("logout of "+id, now))
		must(t, err)
	}
	add(12, now.Add(time.Minute))
	page, err := s.Living(ctx, q)
	must(t, err)
	if len(page) != 2 || page[0].ID != "s007" || page[1].ID != "s000" {
		t.Errorf("behind a session that has ended: %+v", page)
	}
}

// askedKnows requires that nobody is to tell the participant that asked for the end, whatever becomes of the hub.
func askedKnows(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}, bridge.AddParticipant{Participant: participant("s", "asked")},
		bridge.AddParticipant{Participant: participant("s", "other")}))
	e := ending("logout", now)
	e.Protocol, e.Partner = trust.SAML2, "asked"
	_, err := s.EndSession(ctx, "s", e)
	must(t, err)
	due, err := s.Due(ctx, now.Add(time.Hour), now.Add(2*time.Hour), 10)
	must(t, err)
	if len(due) != 1 || due[0].Participant.Partner != "other" || due[0].Reason != bridge.EndedByUser {
		t.Errorf("due %+v", due)
	}
}

// overdue requires that the oldest living sessions are found, then those that are suspended, and no more than were asked for.
func overdue(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	for i := range 5 {
		x := session(name("s", i))
		x.Started, x.Seen = now.Add(time.Duration(i)*time.Minute), now.Add(time.Hour)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
	}
	for i := range 3 {
		x := session(name("z", i))
		x.Started, x.Seen, x.Suspended = now.Add(2*time.Hour), now.Add(3*time.Hour), now.Add(-time.Duration(i)*time.Minute)
		must(t, s.Commit(ctx, bridge.SaveSession{Session: x}))
	}
	for _, id := range []string{"s001", "z001"} {
		_, err := s.EndSession(ctx, id, ending("logout "+id, now))
		must(t, err)
	}
	never := now.Add(-time.Hour)
	for _, want := range []struct {
		before, suspended time.Time
		limit             int
		ids               []string
	}{
		{now.Add(-1), never, 10, nil}, {now, never, 10, []string{"s000"}}, {now.Add(3 * time.Minute), never, 10, []string{"s000", "s002", "s003"}},
		{now.Add(time.Hour), never, 2, []string{"s000", "s002"}}, {now.Add(time.Hour), never, 0, nil},
		{never, now.Add(-2 * time.Minute), 10, []string{"z002"}}, {never, now, 10, []string{"z002", "z000"}},
		{now, now, 2, []string{"s000", "z002"}}, {now, now, 1, []string{"s000"}},
	} {
		ids, err := s.Overdue(ctx, want.before, want.suspended, want.limit)
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
			ds, err = s.EndSession(ctx, "s", ending("logout", now))
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

// severalNames requires that a partner that was told several names of one subject is a participant by each of them.
func severalNames(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	names := make([]bridge.Participant, 3)
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
	for i := range names {
		names[i] = participant("s", "p")
		names[i].Subject, names[i].Format, names[i].Since = name("told", i/2), name("format", i), now.Add(time.Duration(i))
		for range 2 {
			must(t, s.Commit(ctx, bridge.AddParticipant{Participant: names[i]}))
		}
	}
	again := names[0]
	again.Since = now.Add(time.Hour)
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: again}))
	wantNames(t, s, names...)
	first, err := s.FindParticipant(ctx, names[0].Protocol, "p", names[0].Index)
	must(t, err)
	wantEqual(t, first, names[0])
	of, err := s.ParticipantsOf(ctx, names[2].Protocol, "p", "told001")
	must(t, err)
	wantEqual(t, of, names[2:])

	asleep := session("s")
	asleep.Suspended = now
	must(t, s.Commit(ctx, bridge.SaveSession{Session: asleep}))
	must(t, s.Commit(ctx, bridge.DropParticipant{Participant: names[0], Suspended: now}, bridge.DropParticipant{Participant: names[1], Suspended: now}))
	wantNames(t, s, names[2])
	living, err := s.Living(ctx, bridge.SessionQuery{Partner: "p", Limit: 10})
	must(t, err)
	if len(living) != 1 {
		t.Fatalf("%d living sessions of a partner that knows one by its third name", len(living))
	}
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s"), Resume: true}))
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: names[2]}))
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: names[1]}))
	if ps, err := s.Participants(ctx, "s"); err != nil || len(ps) != 2 {
		t.Fatalf("participants %+v, %v: want two names", ps, err)
	}
	ds, err := s.EndSession(ctx, "s", ending("logout", now))
	must(t, err)
	if len(ds) != 2 || ds[0].ID == ds[1].ID || ds[0].Participant.Format == ds[1].Participant.Format {
		t.Fatalf("deliveries %+v: want one for each name", ds)
	}
}

// namesAtOnce requires that of names that a partner is told at the same moment none takes the place of another.
func namesAtOnce(t *testing.T, s Store) {
	ctx := context.Background()
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
	const names = 20
	for _, err := range parallel(names, func(i int) error {
		p := participant("s", "p")
		p.Subject = name("told", i)
		return s.Commit(ctx, bridge.AddParticipant{Participant: p})
	}) {
		must(t, err)
	}
	if ps, err := s.Participants(ctx, "s"); err != nil || len(ps) != names {
		t.Fatalf("%d participants, %v: want one for each of %d names", len(ps), err, names)
	}
}

func wantNames(t *testing.T, s Store, want ...bridge.Participant) {
	t.Helper()
	got, err := s.Participants(context.Background(), "s")
	must(t, err)
	wantEqual(t, got, want)
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
	t.Run("several names", func(t *testing.T) { severalNames(t, open(t)) })
	t.Run("several names at the same time", func(t *testing.T) { namesAtOnce(t, open(t)) })
	none, err := s.Participants(ctx, "nobody")
	must(t, err)
	if len(none) != 0 {
		t.Fatalf("participants of nobody: %v", none)
	}
}
