package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// suspended requires that only a new proof brings a suspended session back into use, and that those who confirmed their end stop being
// participants while it is suspended, and only then.
func suspended(t *testing.T, s Store) {
	ctx, now := context.Background(), start()
	must(t, s.Commit(ctx, bridge.SaveSession{Session: session("s")}))
	for _, p := range []string{"a", "b"} {
		must(t, s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", p)}))
	}
	told := func() []string {
		ps, err := s.Participants(ctx, "s")
		must(t, err)
		var out []string
		for _, p := range ps {
			out = append(out, p.Partner)
		}
		return out
	}
	drop := func(partner string, since time.Time) {
		must(t, s.Commit(ctx, bridge.DropParticipant{Participant: participant("s", partner), Suspended: since}))
	}
	drop("a", time.Time{})
	drop("a", now)
	wantEqual(t, told(), []string{"a", "b"})

	x := session("s")
	x.Suspended = now
	must(t, s.Commit(ctx, bridge.SaveSession{Session: x, From: x.Key}))
	drop("a", now.Add(-time.Minute))
	wantEqual(t, told(), []string{"a", "b"})
	wantError(t, s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", "late")}), bridge.ErrSpent)
	wantError(t, s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", "b")}), bridge.ErrSpent)
	drop("a", now)
	drop("nobody", now)
	wantEqual(t, told(), []string{"b"})
	wantError(t, s.Commit(ctx, bridge.SaveSession{Session: session("s"), From: x.Key}), bridge.ErrSpent)
	x.RoleID = "555000000012"
	must(t, s.Commit(ctx, bridge.SaveSession{Session: x})) // still suspended: that is no way back
	got, err := s.SessionByKey(ctx, x.Key)
	must(t, err)
	wantEqual(t, got, x)

	x.Suspended = time.Time{}
	must(t, s.Commit(ctx, bridge.SaveSession{Session: x, Resume: true}))
	got, err = s.Session(ctx, "s")
	must(t, err)
	wantEqual(t, got, x)
	drop("b", now)
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: participant("s", "a")}))
	if got := told(); len(got) != 2 {
		t.Errorf("participants %v", got)
	}
}
