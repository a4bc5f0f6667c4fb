package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"regexp"

	"modernc.org/sqlite"
)

// sqliteConn is one connection with its prepared statements, used by one goroutine at a time. It speaks to
// the driver without database/sql, whose pool and conversions cost more than SQLite itself does here.
type sqliteConn struct {
	conn  driver.Conn
	stmts [statements]driver.Stmt
	args  []driver.NamedValue
}

func openSQLiteConn(dsn string, pragmas ...string) (*sqliteConn, error) {
	conn, err := (&sqlite.Driver{}).Open(dsn)
	if err != nil {
		return nil, fmt.Errorf("sqlstore: open: %w", err)
	}
	c := &sqliteConn{conn: conn}
	for _, p := range pragmas {
		if err := c.script("PRAGMA " + p); err != nil {
			return nil, errors.Join(fmt.Errorf("sqlstore: pragma %s: %w", p, err), c.close())
		}
	}
	return c, nil
}

// parameter finds $1 and the like. SQLite's own form of a numbered parameter is ?1.
const parameter = `\$([0-9]+)`

func sqliteText(s statement) string {
	switch s {
	case begin:
		return `BEGIN IMMEDIATE`
	case lockHead: // BEGIN IMMEDIATE has locked already, and the last number is the record's own: no row more to write
		return `SELECT COALESCE(MAX(seq), 0) FROM audit`
	case readCounter:
		return `SELECT CASE name WHEN 'audit' THEN (SELECT COALESCE(MAX(seq), 0) FROM audit) ELSE value END FROM counters WHERE name = ?1`
	case moveHead:
		return `SELECT 1`
	case notifyRegistry: // the others look at the counter
		return `SELECT 1`
	}
	return regexp.MustCompile(parameter).ReplaceAllString(sqlText(s), "?$1")
}

func (c *sqliteConn) prepared(s statement) (driver.Stmt, error) {
	if c.stmts[s] == nil {
		stmt, err := c.conn.Prepare(sqliteText(s))
		if err != nil {
			return nil, err
		}
		c.stmts[s] = stmt
	}
	return c.stmts[s], nil
}

// run executes one op to its end.
func (c *sqliteConn) run(o *op) error {
	stmt, err := c.prepared(o.stmt)
	if err != nil {
		return err
	}
	c.args = c.args[:0]
	for i, a := range o.args {
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	// A context that can end would cost a goroutine a statement; each is short and the writer has its own limit.
	ctx := context.Background()
	if o.scan == nil {
		res, err := stmt.(driver.StmtExecContext).ExecContext(ctx, c.args)
		if err != nil {
			return err
		}
		o.rows, err = res.RowsAffected()
		return err
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, c.args)
	if err != nil {
		return err
	}
	return errors.Join(o.collect(rows), rows.Close())
}

func (o *op) collect(rows driver.Rows) error {
	r := make(sqliteRow, len(rows.Columns()))
	for o.rows = 0; ; o.rows++ {
		err := rows.Next(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := o.scan(r); err != nil {
			return err
		}
	}
}

func (c *sqliteConn) script(sql string) error {
	_, err := c.conn.(driver.ExecerContext).ExecContext(context.Background(), sql, nil)
	return err
}

// ask returns the integers of the first row.
func (c *sqliteConn) ask(sql string, dest ...any) error {
	rows, err := c.conn.(driver.QueryerContext).QueryContext(context.Background(), sql, nil)
	if err != nil {
		return err
	}
	o := &op{scan: func(r row) error { return r.Scan(dest...) }}
	return errors.Join(o.collect(rows), rows.Close())
}

func (c *sqliteConn) close() error {
	var errs []error
	for _, s := range c.stmts {
		if s != nil {
			errs = append(errs, s.Close())
		}
	}
	return errors.Join(append(errs, c.conn.Close())...)
}

type sqliteRow []driver.Value

func (r sqliteRow) Scan(dest ...any) error {
	if len(dest) != len(r) {
		return fmt.Errorf("sqlstore: %d columns for %d variables", len(r), len(dest))
	}
	for i, d := range dest {
		if !assign(d, r[i]) {
			return fmt.Errorf("sqlstore: column %d is a %T, not a %T", i, r[i], d)
		}
	}
	return nil
}

func assign(dest any, v driver.Value) bool {
	switch d := dest.(type) {
	case *int64:
		n, ok := v.(int64)
		*d = n
		return ok
	case *string:
		s, ok := v.(string)
		*d = s
		return ok
	case *[]byte:
		b, ok := v.([]byte)
		*d = b
		return ok || v == nil
	}
	return false
}
