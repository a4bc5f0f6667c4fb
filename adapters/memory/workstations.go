package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Workstation implements trust.WorkstationStore.
func (s *Store) Workstation(_ context.Context, id string) (trust.Workstation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.workstations[id]
	if !ok {
		return trust.Workstation{}, trust.ErrUnknownWorkstation
	}
	return copyWorkstation(w), nil
}

// Workstations implements trust.WorkstationStore.
func (s *Store) Workstations(context.Context) ([]trust.Workstation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []trust.Workstation
	for _, w := range s.workstations {
		out = append(out, copyWorkstation(w))
	}
	slices.SortFunc(out, func(a, b trust.Workstation) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// SaveWorkstation implements trust.WorkstationStore.
func (s *Store) SaveWorkstation(_ context.Context, w trust.Workstation, expected int64, events ...ledger.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workstations[w.ID].Revision != expected {
		return 0, trust.ErrConflict
	}
	if err := s.appendAll(events); err != nil {
		return 0, err
	}
	w.Revision = expected + 1
	s.workstations[w.ID] = copyWorkstation(w)
	return w.Revision, nil
}

func copyWorkstation(w trust.Workstation) trust.Workstation {
	w.Key, w.Hash = slices.Clone(w.Key), slices.Clone(w.Hash)
	w.Until, w.Added, w.Revoked = w.Until.UTC().Round(0), w.Added.UTC().Round(0), w.Revoked.UTC().Round(0)
	return w
}
