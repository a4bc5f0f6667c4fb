package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Emergency implements bridge.Emergencies.
func (s *Store) Emergency(_ context.Context, id string) (bridge.Emergency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.emergencies[id]
	if !ok {
		return bridge.Emergency{}, bridge.ErrNotFound
	}
	return e, nil
}

// Emergencies implements bridge.Emergencies.
func (s *Store) Emergencies(_ context.Context, q bridge.EmergencyQuery) ([]bridge.Emergency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	selected := func(e bridge.Emergency) bool {
		return (!q.Waiting || !e.Reviewed()) && (q.Past == bridge.EmergencyPlace{} || q.Past.Before(e.Place()))
	}
	out := s.emergenciesWhere(selected, q.Limit, func(a, b bridge.Emergency) int {
		return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// DueAlerts implements bridge.Emergencies.
func (s *Store) DueAlerts(_ context.Context, now, until time.Time, limit int) ([]bridge.Emergency, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	due := s.emergenciesWhere(func(e bridge.Emergency) bool { return !e.AlertDue.IsZero() && !e.AlertDue.After(now) }, limit, func(a, b bridge.Emergency) int {
		return cmp.Or(a.AlertDue.Compare(b.AlertDue), cmp.Compare(a.ID, b.ID))
	})
	for _, e := range due {
		e.AlertDue = until
		s.emergencies[e.ID] = e
	}
	return due, nil
}

// emergenciesWhere is called with the lock held.
func (s *Store) emergenciesWhere(match func(bridge.Emergency) bool, limit int, order func(a, b bridge.Emergency) int) []bridge.Emergency {
	var out []bridge.Emergency
	for _, e := range s.emergencies {
		if match(e) {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, order)
	return out[:min(len(out), max(limit, 0))]
}

func (s *Store) addEmergency(e bridge.Emergency) (undo func(), err error) {
	if _, ok := s.emergencies[e.ID]; ok {
		return nil, bridge.ErrExists
	}
	e.Opened, e.Until, e.AlertDue = e.Opened.UTC().Round(0), e.Until.UTC().Round(0), e.AlertDue.UTC().Round(0)
	s.emergencies[e.ID] = e
	return func() { delete(s.emergencies, e.ID) }, nil
}

func (s *Store) reviewEmergency(e bridge.Emergency) (undo func(), err error) {
	old, ok := s.emergencies[e.ID]
	if !ok || old.Reviewed() {
		return nil, bridge.ErrSpent
	}
	next := old
	next.Review = e.Review
	next.Review.At = next.Review.At.UTC().Round(0)
	s.emergencies[e.ID] = next
	return func() { s.emergencies[e.ID] = old }, nil
}

func (s *Store) forgetNotes(e bridge.Emergency) (undo func()) {
	old, ok := s.emergencies[e.ID]
	if !ok || !old.Reviewed() {
		return func() {}
	}
	next := old
	next.Note, next.Review.Note = e.Note, e.Review.Note
	s.emergencies[e.ID] = next
	return func() { s.emergencies[e.ID] = old }
}

func (s *Store) settleAlert(w bridge.SettleAlert) (undo func()) {
	old, ok := s.emergencies[w.ID]
	if !ok {
		return func() {}
	}
	next := old
	next.Attempts, next.AlertDue = w.Attempts, w.Due.UTC().Round(0)
	s.emergencies[w.ID] = next
	return func() { s.emergencies[w.ID] = old }
}
