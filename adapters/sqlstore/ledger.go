package sqlstore

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Events implements ledger.Reader. What was appended but not indexed yet is indexed first.
func (s *Store) Events(ctx context.Context, q ledger.Query) ([]ledger.Event, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	stmt, args := eventsQuery(q)
	if stmt != eventsAfter {
		if err := s.indexAudit(ctx); err != nil {
			return nil, err
		}
	}
	return readDocs[ledger.Event](ctx, s, stmt, args...)
}

// eventsQuery picks the statement by the most selective field; the rest of the query filters what it finds.
func eventsQuery(q ledger.Query) (statement, []any) {
	args := []any{q.After, q.Subject, q.Partner, q.Ref, string(q.Kind), int64(q.Limit)}
	switch {
	case q.Ref != "":
		return eventsByRef, args
	case q.Subject != "":
		return eventsBySubject, args
	case q.Partner != "":
		return eventsByPartner, args
	case q.Kind != "":
		return eventsByKind, args
	}
	return eventsAfter, []any{q.After, int64(q.Limit)}
}

// indexAudit brings the index up to the last event there is now.
func (s *Store) indexAudit(ctx context.Context) error {
	const batch = 1000
	counter := func(name string, into *int64) *op {
		return &op{stmt: readCounter, args: []any{name}, scan: func(r row) error { return r.Scan(into) }}
	}
	var last int64
	if err := s.engine.read(ctx, counter("audit", &last)); err != nil {
		return unavailable(err)
	}
	for {
		var indexed, end int64
		if err := s.engine.read(ctx, counter("indexed", &indexed)); err != nil {
			return unavailable(err)
		}
		if indexed >= last {
			return nil
		}
		r := newRequest(ctx)
		r.exclusive = []string{"audit index"}
		r.first = []*op{counter("indexed", &indexed), counter("audit", &end)}
		r.onDecide(func() ([]*op, error) {
			return []*op{
				{stmt: indexEvents, args: []any{indexed, int64(batch)}},
				{stmt: moveCounter, args: []any{"indexed", min(indexed+batch, end)}},
			}, nil
		})
		if err := s.writer.submit(r); err != nil {
			return err
		}
	}
}
