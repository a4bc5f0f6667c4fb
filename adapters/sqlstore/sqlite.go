package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// pollEvery is how often Watch looks whether another process wrote to the file.
const pollEvery = 200 * time.Millisecond

// OpenSQLite opens the database file, and creates it, readable by its owner alone, if there is none.
// Journal mode is WAL with synchronous=FULL: a commit is on the disk before it is acknowledged.
func OpenSQLite(ctx context.Context, path string, o Options) (*Store, error) {
	o = o.withDefaults()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("sqlstore: %w", err)
	}
	dsn, err := sqliteFile(path)
	if err != nil {
		return nil, err
	}
	write, err := openSQLiteConn(dsn, "busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL", "cache_size = -8000", "wal_autocheckpoint = 4000")
	if err != nil {
		return nil, err
	}
	if err := migrateSQLite(write); err != nil {
		return nil, errors.Join(err, write.close())
	}
	e := &sqliteEngine{dsn: dsn, write: write, readers: make(chan *sqliteConn, o.Readers), closed: make(chan struct{})}
	for range o.Readers {
		r, err := openSQLiteConn(dsn, readPragmas()...)
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		e.readers <- r
	}
	if index, ok := openWALIndex(path); ok { // there is one now that the migrations were read
		e.cache = &rowCache{index: index}
	}
	return newStore(e, o), nil
}

func readPragmas() []string { return []string{"busy_timeout = 10000", "query_only = 1"} }

// sqliteFile makes sure of the file and its mode, and returns the URI form of its name. SQLite gives the
// files of the journal the mode of the database.
func sqliteFile(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("sqlstore: %w", err)
	}
	f, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", fmt.Errorf("sqlstore: %w", err)
	}
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return "", fmt.Errorf("sqlstore: %w", err)
	}
	u := url.URL{Scheme: "file", Path: abs}
	return strings.Replace(u.String(), "file://", "file:", 1), nil
}

type sqliteEngine struct {
	dsn     string
	write   *sqliteConn
	readers chan *sqliteConn
	cache   *rowCache // nil: none
	open    bool      // a transaction of the writer
	ran     []*op     // in it

	once   sync.Once
	closed chan struct{}
}

func (e *sqliteEngine) begin(_ context.Context, ops []*op) error {
	if err := e.write.run(&op{stmt: begin}); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	e.open, e.ran = true, e.ran[:0]
	e.cache.begin()
	saved := false
	for _, o := range ops {
		if err := e.cache.first(o, saved, e.write.run); err != nil {
			return err
		}
		saved = saved || o.stmt == saveSession
	}
	e.ran = append(e.ran, ops...)
	return nil
}

func (e *sqliteEngine) finish(_ context.Context, ops []*op) error {
	for _, o := range ops {
		if o.stmt == moveHead { // see sqliteText
			continue
		}
		if err := e.write.run(o); err != nil {
			return err
		}
	}
	if err := e.write.run(&op{stmt: commit}); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	e.open = false
	e.cache.commit(append(e.ran, ops...))
	clear(e.ran)
	return nil
}

// rollback fails only when SQLite has rolled back by itself, e.g. because the disk is full.
func (e *sqliteEngine) rollback() {
	if e.open {
		_ = e.write.script("ROLLBACK")
		e.open = false
	}
}

func (e *sqliteEngine) read(ctx context.Context, o *op) error {
	return e.cache.read(o, func(o *op) error { return e.query(ctx, o) })
}

func (e *sqliteEngine) query(ctx context.Context, o *op) error {
	select {
	case c := <-e.readers:
		defer func() { e.readers <- c }()
		return c.run(o)
	case <-e.closed:
		return errors.New("sqlstore: store is closed")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// watch asks a connection of its own for PRAGMA data_version, which changes when anybody else has written,
// and only then for the counter.
func (e *sqliteEngine) watch(ctx context.Context, changed func()) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	var c *sqliteConn
	defer func() {
		if c != nil {
			_ = c.close()
		}
	}()
	seen, version := int64(-1), int64(-1)
	for {
		if c == nil {
			c, _ = openSQLiteConn(e.dsn, readPragmas()...) // tried again at the next tick
		}
		if c != nil && c.moved(&version, &seen) {
			changed()
		}
		select {
		case <-ctx.Done():
			return
		case <-e.closed:
			return
		case <-tick.C:
		}
	}
}

// moved reports whether the registry's counter differs from seen.
func (c *sqliteConn) moved(version, seen *int64) bool {
	var now int64
	if err := c.ask("PRAGMA data_version", &now); err != nil || now == *version {
		return false
	}
	var revision int64
	o := &op{stmt: readCounter, args: []any{"registry"}, scan: func(r row) error { return r.Scan(&revision) }}
	if err := c.run(o); err != nil {
		return false
	}
	different := revision != *seen
	*version, *seen = now, revision
	return different
}

func (e *sqliteEngine) close() error {
	var err error
	e.once.Do(func() {
		close(e.closed)
		for range cap(e.readers) {
			select {
			case c := <-e.readers:
				err = errors.Join(err, c.close())
			case <-time.After(time.Second): // a reader that is still busy closes with the process
			}
		}
		err = errors.Join(err, e.write.close())
	})
	return err
}

type sqliteSchema struct{ c *sqliteConn }

func migrateSQLite(c *sqliteConn) error {
	known, err := migrations("INTEGER")
	if err != nil {
		return err
	}
	if err := c.script("BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("%w: %w", bridge.ErrUnavailable, err)
	}
	if err := migrate(sqliteSchema{c}, known); err != nil {
		return errors.Join(err, c.script("ROLLBACK"))
	}
	return c.script("COMMIT")
}

func (x sqliteSchema) exists() (bool, error) {
	var n int64
	err := x.c.ask(`SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_version'`, &n)
	return n > 0, err
}

func (x sqliteSchema) version() (version, least int64, err error) {
	err = x.c.ask(readSchema, &version, &least)
	return version, least, err
}

func (x sqliteSchema) exec(sql string) error { return x.c.script(sql) }
