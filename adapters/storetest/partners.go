package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Partners is the contract of trust.PartnerStore, and of Watch.
func Partners(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	none, revision, err := s.Partners(ctx)
	must(t, err)
	if len(none) != 0 || revision != 0 {
		t.Fatalf("empty registry: %v at %d", none, revision)
	}
	r := trust.Record{ID: "https://pas.example/", Protocol: trust.SAML2, Document: []byte("partner: x"), Metadata: []byte("<x/>"), Updated: start()}
	wantConflict(t, s, r, 7)
	r.Revision, err = s.SavePartner(ctx, r, 0, event("u"))
	must(t, err)
	_, err = s.SavePartner(ctx, r, 0, event("u"))
	wantError(t, err, trust.ErrConflict)
	gapFree(t, s, 1)
	wantConflict(t, s, r, 0)
	same := trust.Record{ID: r.ID, Protocol: trust.OIDC, Document: []byte("y")}
	same.Revision, err = s.SavePartner(ctx, same, 0)
	must(t, err)
	if same.Revision <= r.Revision {
		t.Fatalf("revision %d after %d", same.Revision, r.Revision)
	}
	old := r.Revision
	r.Document = []byte("partner: z")
	r.Revision, err = s.SavePartner(ctx, r, old)
	must(t, err)
	wantConflict(t, s, r, old)
	all, revision, err := s.Partners(ctx)
	must(t, err)
	wantEqual(t, all, []trust.Record{same, r})
	now, err := s.Revision(ctx)
	must(t, err)
	if revision != r.Revision || now != revision {
		t.Fatalf("revisions %d %d %d", revision, now, r.Revision)
	}
	exactlyOne(t, parallel(20, func(int) error {
		_, err := s.SavePartner(ctx, r, r.Revision)
		return err
	}), trust.ErrConflict)
	removed(t, s, same)
	watchedBy(t, s, s)
}

// removed requires that a partner is gone once removed, and not before.
func removed(t *testing.T, s Store, r trust.Record) {
	t.Helper()
	ctx := context.Background()
	for _, wrong := range []int64{0, r.Revision + 1} {
		wantError(t, s.RemovePartner(ctx, r.Protocol, r.ID, wrong, event("u")), trust.ErrConflict)
	}
	wantError(t, s.RemovePartner(ctx, r.Protocol, "nobody", 0), trust.ErrConflict)
	before, err := s.Events(ctx, ledger.Query{})
	must(t, err)
	_, revision, err := s.Partners(ctx)
	must(t, err)
	exactlyOne(t, parallel(10, func(int) error { return s.RemovePartner(ctx, r.Protocol, r.ID, r.Revision, event("u")) }), trust.ErrConflict)
	gapFree(t, s, len(before)+1)
	all, now, err := s.Partners(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Protocol == r.Protocol || now <= revision {
		t.Fatalf("after removal at %d: %v at %d", revision, all, now)
	}
	_, err = s.SavePartner(ctx, r, r.Revision)
	wantError(t, err, trust.ErrConflict)
}

func wantConflict(t *testing.T, s Store, r trust.Record, expected int64) {
	t.Helper()
	_, err := s.SavePartner(context.Background(), r, expected)
	wantError(t, err, trust.ErrConflict)
}

// watchedBy requires that a watcher of one store hears of changes made by the other, and ends with its context.
func watchedBy(t *testing.T, s, watcher Store) {
	ctx, cancel := context.WithCancel(context.Background())
	heard, ended := make(chan struct{}, 100), make(chan struct{})
	go func() {
		defer close(ended)
		watcher.Watch(ctx, func() { heard <- struct{}{} })
	}()
	wait := func(c chan struct{}, what string) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(20 * time.Second):
			t.Fatal(what)
		}
	}
	wait(heard, "the watcher was not called at once")
	for i := range 3 {
		_, err := s.SavePartner(ctx, trust.Record{ID: name("new", i), Protocol: trust.Ticket, Document: []byte("x")}, 0)
		must(t, err)
		wait(heard, "the watcher did not hear of a change")
	}
	cancel()
	wait(ended, "the watcher did not end")
}
