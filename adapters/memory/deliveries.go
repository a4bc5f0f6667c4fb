package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Deliveries implements bridge.Deliveries.
func (s *Store) Deliveries(_ context.Context, logout string) ([]bridge.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []bridge.Delivery
	for _, d := range s.deliveries {
		if d.Logout == logout {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b bridge.Delivery) int { return cmp.Or(len(a.ID)-len(b.ID), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// Due implements bridge.Deliveries.
func (s *Store) Due(_ context.Context, now, until time.Time, limit int) ([]bridge.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []bridge.Delivery
	for _, d := range s.deliveries {
		if !d.Next.IsZero() && !d.Next.After(now) {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, func(a, b bridge.Delivery) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.ID, b.ID)) })
	due = due[:min(len(due), max(limit, 0))]
	for i := range due {
		due[i].Next = until
		s.deliveries[due[i].ID] = due[i]
	}
	return due, nil
}

func (s *Store) saveDelivery(d bridge.Delivery) (undo func()) {
	old, had := s.deliveries[d.ID]
	s.deliveries[d.ID] = d
	return func() {
		delete(s.deliveries, d.ID)
		if had {
			s.deliveries[d.ID] = old
		}
	}
}
