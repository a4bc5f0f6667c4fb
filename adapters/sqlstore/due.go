package sqlstore

import (
	"context"
	"time"
)

// due is a kind of row that falls due, and is taken by one node alone.
type due[T any] struct {
	find, move statement
	exclusive  string // one taking at a time
	scan       func(r row, out *[]T) error
	put        func(x *T, until time.Time) (id string) // what move writes, in x
}

// take lists at most so many that are due, oldest first, and moves them to until.
func (d due[T]) take(ctx context.Context, s *Store, now, until time.Time, limit int) ([]T, error) {
	// Most often there is nothing to do; then nothing is written.
	var waiting []T
	if err := s.read(ctx, d.find, func(r row) error { return d.scan(r, &waiting) }, nano(now), int64(1)); err != nil || len(waiting) == 0 {
		return nil, err
	}
	r := newRequest(ctx)
	r.exclusive = []string{d.exclusive}
	var taken []T
	r.first = []*op{{stmt: d.find, args: []any{nano(now), int64(limit)}, scan: func(r row) error { return d.scan(r, &taken) }}}
	r.onReset(func() { taken = nil })
	r.onDecide(func() ([]*op, error) {
		var ops []*op
		for i := range taken {
			ops = append(ops, &op{stmt: d.move, args: []any{d.put(&taken[i], until), nano(until)}})
		}
		return ops, nil
	})
	if err := s.writer.submit(r); err != nil {
		return nil, err
	}
	return taken, nil
}
