package sqlstore

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Workstation implements trust.WorkstationStore.
func (s *Store) Workstation(ctx context.Context, id string) (trust.Workstation, error) {
	found, err := s.workstations(ctx, workstationByID, id)
	switch {
	case err != nil:
		return trust.Workstation{}, err
	case len(found) != 1:
		return trust.Workstation{}, trust.ErrUnknownWorkstation
	}
	return found[0], nil
}

// Workstations implements trust.WorkstationStore.
func (s *Store) Workstations(ctx context.Context) ([]trust.Workstation, error) {
	return s.workstations(ctx, allWorkstations)
}

func (s *Store) workstations(ctx context.Context, which statement, args ...any) ([]trust.Workstation, error) {
	return revised(ctx, s, which, func(w *trust.Workstation, revision int64) { w.Revision = revision }, args...)
}

// SaveWorkstation implements trust.WorkstationStore.
func (s *Store) SaveWorkstation(ctx context.Context, w trust.Workstation, expected int64, events ...ledger.Event) (int64, error) {
	r := newRequest(ctx)
	r.events = events
	w.Until, w.Added, w.Revoked, w.Revision = w.Until.UTC().Round(0), w.Added.UTC().Round(0), w.Revoked.UTC().Round(0), 0
	doc, err := encode(w)
	if err != nil {
		return 0, err
	}
	r.exclusive = []string{"workstation " + w.ID}
	write := &op{stmt: addWorkstation, args: []any{w.ID, doc}}
	if expected != 0 {
		write = &op{stmt: updateWorkstation, args: []any{w.ID, doc, expected}}
	}
	r.require(write, trust.ErrConflict)
	if err := s.writer.submit(r); err != nil {
		return 0, err
	}
	return expected + 1, nil
}
