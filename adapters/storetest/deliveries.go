package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Deliveries is the contract of bridge.Deliveries.
func Deliveries(t *testing.T, open Open) {
	ctx := context.Background()
	now := start()
	t.Run("due in order, and moved", func(t *testing.T) {
		s := open(t)
		for i, next := range []time.Time{now.Add(-time.Second), now.Add(-time.Minute), now, now.Add(time.Second), {}} {
			must(t, s.Commit(ctx, bridge.SaveDelivery{Delivery: bridge.Delivery{ID: name("d", i), Logout: "l", State: bridge.DeliveryNoReply, Next: next}}))
		}
		until := now.Add(time.Hour)
		var order []string
		for range 3 {
			ds, err := s.Due(ctx, now, until, 2)
			must(t, err)
			for _, d := range ds {
				order = append(order, d.ID)
				wantEqual(t, d.Next, until)
			}
		}
		wantEqual(t, order, []string{"d001", "d000", "d002"})
		ds, err := s.Due(ctx, until, until.Add(time.Hour), 10)
		must(t, err)
		if len(ds) != 4 {
			t.Fatalf("%d due an hour later, want the three again and one more", len(ds))
		}
	})
	t.Run("saved by id", func(t *testing.T) {
		s := open(t)
		d := bridge.Delivery{ID: "d", Logout: "l", Participant: participant("s", "p"), State: bridge.DeliveryPending, Next: now, Updated: now}
		must(t, s.Commit(ctx, bridge.SaveDelivery{Delivery: d}))
		d.State, d.Attempts, d.Next = bridge.DeliveryEnded, 1, time.Time{}
		must(t, s.Commit(ctx, bridge.SaveDelivery{Delivery: d}))
		ds, err := s.Deliveries(ctx, "l")
		must(t, err)
		wantEqual(t, ds, []bridge.Delivery{d})
	})
	t.Run("nobody takes what another took", func(t *testing.T) {
		s := open(t)
		for i := range 40 {
			must(t, s.Commit(ctx, bridge.SaveDelivery{Delivery: bridge.Delivery{ID: name("d", i), Logout: "l", Next: now}}))
		}
		var mu sync.Mutex
		taken := map[string]int{}
		errs := parallel(10, func(int) error {
			for {
				ds, err := s.Due(ctx, now, now.Add(time.Hour), 3)
				if err != nil || len(ds) == 0 {
					return err
				}
				mu.Lock()
				for _, d := range ds {
					taken[d.ID]++
				}
				mu.Unlock()
			}
		})
		for _, err := range errs {
			must(t, err)
		}
		for id, n := range taken {
			if n != 1 {
				t.Fatalf("delivery %s was taken %d times", id, n)
			}
		}
		if len(taken) != 40 {
			t.Fatalf("%d deliveries were taken, want 40", len(taken))
		}
	})
}
