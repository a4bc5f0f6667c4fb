package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

func emergency(id string, opened time.Time) bridge.Emergency {
	return bridge.Emergency{
		ID: id, Session: "session of " + id, UID: "555000000001", Partner: "partner", Protocol: trust.SAML2, Role: "555000000011",
		Refused: "role_not_allowed", Reason: "life", Note: "note of " + id, Ref: "7K4M-2Q9X", Peer: "10.0.8.17", Opened: opened,
		Until: opened.Add(time.Hour), AlertDue: opened,
	}
}

// Emergencies is the contract of bridge.Emergencies, and of the writes that go with it.
func Emergencies(t *testing.T, open Open) {
	ctx := context.Background()
	now := start()
	t.Run("kept, listed and reviewed once", func(t *testing.T) {
		s := open(t)
		_, err := s.Emergency(ctx, "e000")
		wantError(t, err, bridge.ErrNotFound)
		var all []bridge.Emergency
		for i := range 3 {
			e := emergency(name("e", i), now.Add(-time.Duration(i)*time.Minute))
			all = append(all, e)
			must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: e}))
		}
		wantError(t, s.Commit(ctx, bridge.AddEmergency{Emergency: all[1]}, bridge.Append{Event: event("u")}), bridge.ErrExists)
		gapFree(t, s, 0)
		got, err := s.Emergency(ctx, "e001")
		must(t, err)
		wantEqual(t, got, all[1])
		reviewed := all[1]
		reviewed.Review = bridge.Review{By: "555000000002", Outcome: bridge.Justified, Note: "seen", At: now}
		exactlyOne(t, parallel(10, func(int) error {
			return s.Commit(ctx, bridge.ReviewEmergency{Emergency: reviewed}, bridge.Append{Event: event("u")})
		}), bridge.ErrSpent)
		gapFree(t, s, 1)
		wantError(t, s.Commit(ctx, bridge.ReviewEmergency{Emergency: emergency("nowhere", now)}), bridge.ErrSpent)
		for _, tc := range []struct {
			waiting bool
			limit   int
			want    []bridge.Emergency
		}{
			{false, 10, []bridge.Emergency{all[0], reviewed, all[2]}}, {true, 10, []bridge.Emergency{all[0], all[2]}}, {true, 1, []bridge.Emergency{all[0]}},
		} {
			got, err := s.Emergencies(ctx, bridge.EmergencyQuery{Waiting: tc.waiting, Limit: tc.limit})
			must(t, err)
			wantEqual(t, got, tc.want)
		}
	})
	t.Run("a review and an alert do not undo each other", func(t *testing.T) {
		s := open(t)
		e := emergency("e", now)
		must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: e}))
		stale := e // as somebody read it before the alert was tried
		must(t, s.Commit(ctx, bridge.SettleAlert{ID: "e", Attempts: 2, Due: now.Add(time.Hour)}))
		stale.Review = bridge.Review{By: "555000000002", Outcome: bridge.NotJustified, Note: "not so", At: now}
		must(t, s.Commit(ctx, bridge.ReviewEmergency{Emergency: stale}))
		must(t, s.Commit(ctx, bridge.SettleAlert{ID: "e", Attempts: 3}))
		must(t, s.Commit(ctx, bridge.SettleAlert{ID: "nowhere", Attempts: 3}))
		got, err := s.Emergency(ctx, "e")
		must(t, err)
		stale.Attempts, stale.AlertDue = 3, time.Time{}
		wantEqual(t, got, stale)
	})
	t.Run("alerts are due in order, and one node's", func(t *testing.T) {
		s := open(t)
		for i := range 40 {
			must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: emergency(name("e", i), now.Add(-time.Duration(i)*time.Second))}))
		}
		must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: emergency("later", now.Add(time.Second))}))
		first, err := s.DueAlerts(ctx, now, now.Add(time.Hour), 2)
		must(t, err)
		if len(first) != 2 || first[0].ID != "e039" || first[1].ID != "e038" {
			t.Fatalf("due: %+v", first)
		}
		var mu sync.Mutex
		taken := map[string]int{}
		for _, err := range parallel(10, func(int) error {
			for {
				due, err := s.DueAlerts(ctx, now, now.Add(time.Hour), 3)
				if err != nil || len(due) == 0 {
					return err
				}
				mu.Lock()
				for _, e := range due {
					taken[e.ID]++
				}
				mu.Unlock()
			}
		}) {
			must(t, err)
		}
		for id, n := range taken {
			if n != 1 {
				t.Fatalf("alert %s was taken %d times", id, n)
			}
		}
		if len(taken) != 38 {
			t.Fatalf("%d alerts were taken, want 38", len(taken))
		}
	})
	t.Run("listed page by page", func(t *testing.T) {
		s := open(t)
		for i := range 7 { // three of one moment
			must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: emergency(name("e", i), now.Add(-time.Duration(max(i, 2)-min(i, 4))*time.Minute))}))
		}
		want, err := s.Emergencies(ctx, bridge.EmergencyQuery{Limit: 100})
		must(t, err)
		for _, waiting := range []bool{false, true} {
			var got []bridge.Emergency
			for q := (bridge.EmergencyQuery{Waiting: waiting, Limit: 2}); ; {
				page, err := s.Emergencies(ctx, q)
				must(t, err)
				if got = append(got, page...); len(page) < q.Limit {
					break
				}
				q.Past = page[len(page)-1].Place()
			}
			wantEqual(t, got, want)
			if len(got) != 7 {
				t.Fatalf("%d of 7", len(got))
			}
		}
	})
	t.Run("words are forgotten once it was reviewed", func(t *testing.T) {
		s := open(t)
		e := emergency("e", now)
		must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: e}))
		bare := e
		bare.Note = ""
		must(t, s.Commit(ctx, bridge.ForgetNotes{Emergency: bare}, bridge.ForgetNotes{Emergency: emergency("nowhere", now)}))
		got, err := s.Emergency(ctx, "e")
		must(t, err)
		wantEqual(t, got, e)
		e.Review = bridge.Review{By: "555000000002", Outcome: bridge.Justified, Note: "seen", At: now}
		must(t, s.Commit(ctx, bridge.ReviewEmergency{Emergency: e}))
		must(t, s.Commit(ctx, bridge.SettleAlert{ID: "e", Attempts: 4}))
		bare.Review = e.Review
		bare.Review.Note = ""
		must(t, s.Commit(ctx, bridge.ForgetNotes{Emergency: bare}))
		got, err = s.Emergency(ctx, "e")
		must(t, err)
		bare.Attempts, bare.AlertDue = 4, time.Time{}
		wantEqual(t, got, bare)
		wantError(t, s.Commit(ctx, bridge.ReviewEmergency{Emergency: e}), bridge.ErrSpent)
	})
	t.Run("purges leave them", func(t *testing.T) {
		s := open(t)
		must(t, s.Commit(ctx, bridge.AddEmergency{Emergency: emergency("e", now.AddDate(-1, 0, 0))}))
		_, err := s.Purge(ctx, now)
		must(t, err)
		_, err = s.Emergency(ctx, "e")
		must(t, err)
	})
}
