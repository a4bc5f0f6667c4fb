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
	r.exclusive = []string{"registry"}
	var stored, revision int64
	r.first = []*op{
		{stmt: partnerRevision, args: []any{string(x.Protocol), x.ID}, scan: func(r row) error { return r.Scan(&stored) }},
		{stmt: readCounter, args: []any{"registry"}, scan: func(r row) error { return r.Scan(&revision) }},
	}
	r.onReset(func() { stored = 0 })
	r.onDecide(func() ([]*op, error) {
		if stored != expected {
			return nil, trust.ErrConflict
		}
		revision++
		return []*op{
			{stmt: savePartner, args: []any{string(x.Protocol), x.ID, x.Document, x.Metadata, revision, nano(x.Updated)}},
			{stmt: moveCounter, args: []any{"registry", revision}},
			{stmt: notifyRegistry},
		}, nil
	})
	if err := s.writer.submit(r); err != nil {
		return 0, err
	}
	return revision, nil
}
