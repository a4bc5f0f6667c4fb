package sqlstore

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Partners implements trust.PartnerStore. Records come in order of protocol and id, in one snapshot with the revision.
func (s *Store) Partners(ctx context.Context) ([]trust.Record, int64, error) {
	var out []trust.Record
	var revision int64
	err := s.read(ctx, allPartners, func(r row) error {
		var x trust.Record
		var protocol string
		var updated int64
		if err := r.Scan(&revision, &protocol, &x.ID, &x.Document, &x.Metadata, &x.Revision, &updated); err != nil {
			return err
		}
		if x.Revision != 0 { // else there are no partners, only a revision
			x.Protocol, x.Updated = trust.Protocol(protocol), instant(updated)
			out = append(out, x)
		}
		return nil
	})
	return out, revision, err
}

// Revision implements trust.PartnerStore.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	var revision int64
	err := s.read(ctx, readCounter, func(r row) error { return r.Scan(&revision) }, "registry")
	return revision, err
}

// SavePartner implements trust.PartnerStore.
func (s *Store) SavePartner(ctx context.Context, x trust.Record, expected int64, events ...ledger.Event) (int64, error) {
	r := newRequest(ctx)
	r.events = events
	revision := r.changePartner(x.Protocol, x.ID, expected, func(revision int64) *op { return partnerOp(x, revision) })
	if err := s.writer.submit(r); err != nil {
		return 0, err
	}
	return *revision, nil
}

// RemovePartner implements trust.PartnerStore.
func (s *Store) RemovePartner(ctx context.Context, protocol trust.Protocol, id string, expected int64, events ...ledger.Event) error {
	if expected == 0 {
		return trust.ErrConflict // there is nothing to remove, or somebody has just added it
	}
	r := newRequest(ctx)
	r.events = events
	r.changePartner(protocol, id, expected, func(int64) *op {
		return &op{stmt: removePartner, args: []any{string(protocol), id}}
	})
	return s.writer.submit(r)
}

func partnerOp(x trust.Record, revision int64) *op {
	return &op{stmt: savePartner, args: []any{string(x.Protocol), x.ID, x.Document, x.Metadata, revision, nano(x.Updated)}}
}

// changePartner makes a change to one partner, if its stored revision is the expected one, and moves the registry's revision on: to
// what the result points at, once the request is committed.
func (r *request) changePartner(protocol trust.Protocol, id string, expected int64, change func(revision int64) *op) *int64 {
	r.exclusive = append(r.exclusive, "registry")
	var stored, revision int64
	r.first = append(r.first,
		&op{stmt: partnerRevision, args: []any{string(protocol), id}, scan: func(r row) error { return r.Scan(&stored) }},
		&op{stmt: readCounter, args: []any{"registry"}, scan: func(r row) error { return r.Scan(&revision) }},
	)
	r.onReset(func() { stored = 0 })
	r.onDecide(func() ([]*op, error) {
		if stored != expected {
			return nil, trust.ErrConflict
		}
		revision++
		return []*op{change(revision), {stmt: moveCounter, args: []any{"registry", revision}}, {stmt: notifyRegistry}}, nil
	})
	return &revision
}
