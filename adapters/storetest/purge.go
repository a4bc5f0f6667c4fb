package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/trace"
)

// Traces is the contract of trace.Store.
func Traces(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	now := start()
	a := trace.Entry{Ref: "r", At: now, Step: "request", Fields: []string{"partner", "p"}, Expires: now.Add(time.Hour)}
	b := trace.Entry{Ref: "r", At: now, Step: "issued", Expires: now.Add(time.Hour)}
	other := trace.Entry{Ref: "q", At: now, Step: "refused", Expires: now.Add(time.Hour)}
	must(t, s.SaveTraces(ctx, []trace.Entry{a, other, b}))
	got, err := s.Traces(ctx, "r")
	must(t, err)
	wantEqual(t, got, []trace.Entry{a, b})
	none, err := s.Traces(ctx, "nobody")
	must(t, err)
	if len(none) != 0 {
		t.Fatalf("traces of nobody: %v", none)
	}
}

// Purge is the contract of Purge: what is dead goes, what lives stays.
func Purge(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	now := start()
	later := now.Add(30 * 24 * time.Hour)
	dead, lives := artifact("dead"), artifact("lives")
	lives.Expires = later.Add(time.Hour)
	young := session("young")
	young.Seen, young.Started = later, later
	must(t, s.Commit(ctx, bridge.PutArtifact{Artifact: dead}, bridge.PutArtifact{Artifact: lives},
		bridge.SaveSession{Session: session("old")}, bridge.SaveSession{Session: young}, bridge.AddParticipant{Participant: participant("old", "p")},
		bridge.AddParticipant{Participant: participant("young", "p")}, bridge.Append{Event: event("u")}))
	further := participant("old", "p")
	further.Format = "further"
	must(t, s.Commit(ctx, bridge.AddParticipant{Participant: further}))
	_, err := s.EndSession(ctx, "old", ending("logout", now))
	must(t, err)
	must(t, s.SaveTraces(ctx, []trace.Entry{{Ref: "r", At: now, Step: "x", Expires: now.Add(time.Minute)}, {Ref: "r", At: now, Step: "y", Expires: later.Add(1)}}))
	n, err := s.Purge(ctx, now)
	must(t, err)
	if n != 0 {
		t.Fatalf("%d records went at once", n)
	}
	n, err = s.Purge(ctx, later)
	must(t, err)
	if n != 5 {
		t.Fatalf("%d records went, want the artifact, the session, its two deliveries and the trace", n)
	}
	_, err = s.Get(ctx, lives.Kind, lives.Key, later)
	must(t, err)
	_, err = s.Session(ctx, "young")
	must(t, err)
	_, err = s.Session(ctx, "old")
	wantError(t, err, bridge.ErrNotFound)
	for id, want := range map[string]int{"old": 0, "young": 1} {
		ps, err := s.Participants(ctx, id)
		must(t, err)
		if len(ps) != want {
			t.Fatalf("%d participants of %s, want %d", len(ps), id, want)
		}
	}
	ds, err := s.Deliveries(ctx, "logout")
	must(t, err)
	es, err := s.Traces(ctx, "r")
	must(t, err)
	if len(ds) != 0 || len(es) != 1 {
		t.Fatalf("%d deliveries and %d traces are left, want 0 and 1", len(ds), len(es))
	}
	gapFree(t, s, 1)
	many(t, s, now)
}

// many requires that a purge goes on until nothing dead is left.
func many(t *testing.T, s Store, now time.Time) {
	ctx := context.Background()
	writes := make([]bridge.Write, 1200)
	for i := range writes {
		writes[i] = bridge.PutArtifact{Artifact: artifact(name("many", i))}
	}
	must(t, s.Commit(ctx, writes...))
	n, err := s.Purge(ctx, now.Add(2*time.Hour))
	must(t, err)
	if n != len(writes) {
		t.Fatalf("%d records went, want %d", n, len(writes))
	}
}
