package sqlstore

import (
	"context"

	"github.com/lanyard-hub/lanyard/bridge/trace"
)

// SaveTraces implements trace.Store.
func (s *Store) SaveTraces(ctx context.Context, entries []trace.Entry) error {
	r := newRequest(ctx)
	for i, e := range entries {
		fields, err := encode(e.Fields)
		if err != nil {
			return err
		}
		r.writes = append(r.writes, &op{stmt: saveTrace, args: []any{e.Ref, nano(e.At), int64(i), e.Step, fields, nano(e.Expires)}})
	}
	return s.writer.submit(r)
}

// Traces implements trace.Store.
func (s *Store) Traces(ctx context.Context, ref string) ([]trace.Entry, error) {
	var out []trace.Entry
	err := s.read(ctx, tracesOf, func(r row) error {
		var e trace.Entry
		var at, expires int64
		var fields []byte
		if err := r.Scan(&e.Ref, &at, &e.Step, &fields, &expires); err != nil {
			return err
		}
		e.At, e.Expires = instant(at), instant(expires)
		if err := decode(fields, &e.Fields); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	}, ref)
	return out, err
}
