package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Options of a store. The zero value is usable.
type Options struct {
	Clock   func() time.Time // tells a living artifact from an expired one when it is replaced; nil: time.Now
	Keep    time.Duration    // how long ended and forgotten sessions and finished deliveries are kept; 0: a week
	Readers int              // connections that read at the same time; 0: 4
}

func (o Options) withDefaults() Options {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Keep <= 0 {
		o.Keep = 7 * 24 * time.Hour
	}
	if o.Readers <= 0 {
		o.Readers = 4
	}
	return o
}

// Store implements every storage port. It is safe for many goroutines, and the same database may be opened
// by many processes.
type Store struct {
	engine  engine
	writer  *writer
	options Options
	persons personCache
}

func newStore(e engine, o Options) *Store {
	return &Store{engine: e, writer: startWriter(e), options: o}
}

// Close writes what is queued and releases the database. Everything after it returns bridge.ErrUnavailable.
func (s *Store) Close() error {
	s.writer.close()
	return s.engine.close()
}

// Watch calls changed at once and whenever the partner registry changed, whoever changed it, until ctx is
// done. It may call once too often, never too seldom.
func (s *Store) Watch(ctx context.Context, changed func()) { s.engine.watch(ctx, changed) }

// read runs a statement and calls scan for every row. Errors of the driver become bridge.ErrUnavailable.
func (s *Store) read(ctx context.Context, stmt statement, scan func(row) error, args ...any) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err)
	}
	return unavailable(s.engine.read(ctx, &op{stmt: stmt, args: args, scan: scan}))
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", bridge.ErrUnavailable, err)
}
