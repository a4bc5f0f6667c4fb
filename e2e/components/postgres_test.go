package components_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestPostgresKeepsWhatWasCommitted(t *testing.T) {
	components.Gate(t)
	ctx := context.Background()
	pg := components.StartPostgres(t)
	query := func(sql string) (value string) {
		conn, err := pgx.Connect(ctx, pg.DSN)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if err := conn.QueryRow(ctx, sql).Scan(&value); err != nil {
			t.Fatal(err)
		}
		return value
	}
	if got := query("SELECT current_setting('fsync')"); got != "on" {
		t.Errorf("fsync is %s", got)
	}
	conn, err := pgx.Connect(ctx, pg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE TABLE t (v text)", "INSERT INTO t VALUES ('kept')"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatal(err)
		}
	}
	_ = conn.Close(ctx)
	pg.Kill()
	pg.Resume(t)
	if got := query("SELECT v FROM t"); got != "kept" {
		t.Errorf("after a crash: %q", got)
	}
	if other := pg.Database(t, "other"); other == pg.DSN {
		t.Errorf("a second database has the first one's DSN: %s", other)
	}
}
