package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	channel   = "lanyard_registry" // NOTIFY channel: the registry changed, look at the counter
	watchPoll = 5 * time.Second    // a lost notification is noticed after this long
)

// OpenPostgres connects to a database given as a libpq URL or keyword string. Commits are acknowledged when
// the server has flushed them, whatever its default for synchronous_commit.
func OpenPostgres(ctx context.Context, dsn string, o Options) (*Store, error) {
	o = o.withDefaults()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: dsn: %w", err)
	}
	config.MaxConns = int32(min(o.Readers, 1000))
	config.ConnConfig.RuntimeParams["application_name"] = "lanyard"
	if err := migratePostgres(ctx, config.ConnConfig.Copy()); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, unavailable(err)
	}
	e := &postgresEngine{config: config.ConnConfig.Copy(), pool: pool, closed: make(chan struct{})}
	e.config.RuntimeParams["synchronous_commit"] = "on"
	for s := range statements {
		e.texts[s] = postgresText(s)
	}
	return newStore(e, o), nil
}

func postgresText(s statement) string {
	switch s {
	case begin:
		return `BEGIN`
	case lockHead: // also keeps the writers of all nodes apart, until the end of the transaction
		return `SELECT value FROM counters WHERE name = 'audit' FOR UPDATE`
	case notifyRegistry:
		return `SELECT pg_notify('` + channel + `', '')`
	}
	return sqlText(s)
}

type postgresEngine struct {
	config *pgx.ConnConfig
	pool   *pgxpool.Pool
	texts  [statements]string
	write  *pgx.Conn // the writer's; nil until the first group and after a failure
	closed chan struct{}
}

func (e *postgresEngine) begin(ctx context.Context, ops []*op) error {
	if e.write == nil || e.write.IsClosed() {
		conn, err := pgx.ConnectConfig(ctx, e.config.Copy())
		if err != nil {
			return fmt.Errorf("%w: %w", errGone, err)
		}
		e.write = conn
	}
	return e.pipeline(ctx, append([]*op{{stmt: begin}}, ops...))
}

func (e *postgresEngine) finish(ctx context.Context, ops []*op) error {
	return e.pipeline(ctx, append(ops, &op{stmt: commit}))
}

// pipeline sends all ops at once and reads all results.
func (e *postgresEngine) pipeline(ctx context.Context, ops []*op) error {
	batch := &pgx.Batch{}
	for _, o := range ops {
		batch.Queue(e.texts[o.stmt], clean(o.args)...)
	}
	results := e.write.SendBatch(ctx, batch)
	var err error
	for _, o := range ops {
		if err = o.result(results); err != nil {
			break
		}
	}
	return classify(errors.Join(err, results.Close()))
}

func (o *op) result(results pgx.BatchResults) error {
	if o.scan == nil {
		tag, err := results.Exec()
		o.rows = tag.RowsAffected()
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return o.each(rows)
}

func (o *op) each(rows pgx.Rows) error {
	defer rows.Close()
	for o.rows = 0; rows.Next(); o.rows++ {
		if err := o.scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// classify tells an error of a statement from one of the connection, after which the outcome of a commit is
// unknown and the connection is of no use.
func classify(err error) error {
	var server *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &server) && !strings.HasPrefix(server.Code, "57"): // 57: shutdown, crash
		return err
	case errors.Is(err, errCorrupt):
		return err
	}
	return fmt.Errorf("%w: %w", errGone, err)
}

// rollback gives the connection up if even that fails.
func (e *postgresEngine) rollback() {
	if e.write == nil || e.write.IsClosed() || e.write.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, err := e.write.Exec(ctx, "ROLLBACK"); err != nil {
		_ = e.write.Close(ctx)
		e.write = nil
	}
}

func (e *postgresEngine) read(ctx context.Context, o *op) error {
	rows, err := e.pool.Query(ctx, e.texts[o.stmt], clean(o.args)...)
	if err != nil {
		return err
	}
	return o.each(rows)
}

// clean makes text acceptable to PostgreSQL, which refuses NUL and anything that is not UTF-8. What the
// protocols accept holds neither, so only what looks for a stranger's names is altered, and finds nothing.
func clean(args []any) []any {
	for i, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0) {
			args[i] = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
		}
	}
	return args
}

// watch listens on a connection of its own, and makes a new one when it is lost.
func (e *postgresEngine) watch(ctx context.Context, changed func()) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-e.closed:
			stop()
		case <-ctx.Done():
		}
	}()
	for ctx.Err() == nil {
		e.listen(ctx, changed)
		select { // then the connection was lost
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (e *postgresEngine) listen(ctx context.Context, changed func()) {
	conn, err := pgx.ConnectConfig(ctx, e.config.Copy())
	if err != nil {
		return
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return
	}
	seen := int64(-1)
	for {
		var revision int64
		if err := conn.QueryRow(ctx, e.texts[readCounter], "registry").Scan(&revision); err != nil {
			return
		}
		if revision != seen {
			seen = revision
			changed()
		}
		wait, cancel := context.WithTimeout(ctx, watchPoll)
		_, err := conn.WaitForNotification(wait)
		timeout := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if err != nil && !timeout {
			return
		}
	}
}

func (e *postgresEngine) close() error {
	select {
	case <-e.closed:
		return nil
	default:
	}
	close(e.closed)
	e.pool.Close()
	if e.write == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	return e.write.Close(ctx)
}
