package sqlstore

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lanyard-hub/lanyard/adapters/storetest"
	"github.com/lanyard-hub/lanyard/e2e/components"
)

// server is a PostgreSQL server on which every store of a test gets a schema of its own.
type server struct {
	dsn  string
	next atomic.Int64
}

// startServer takes the given one, or starts one for this test.
func startServer(tb testing.TB) *server {
	tb.Helper()
	if dsn := os.Getenv("LANYARD_TEST_POSTGRES"); dsn != "" {
		return &server{dsn: dsn}
	}
	if os.Getenv("LANYARD_COMPONENTS") != "1" {
		tb.Skip("PostgreSQL is not tested: set LANYARD_TEST_POSTGRES to a DSN, or LANYARD_COMPONENTS=1 to start a server")
	}
	return &server{dsn: components.StartPostgres(tb).DSN}
}

// schema makes an empty schema and returns a DSN that leads into it.
func (x *server) schema(tb testing.TB) string {
	tb.Helper()
	name := fmt.Sprintf("lanyard_test_%d_%d", os.Getpid(), x.next.Add(1))
	x.exec(tb, "CREATE SCHEMA "+name)
	tb.Cleanup(func() { x.exec(tb, "DROP SCHEMA "+name+" CASCADE") })
	switch {
	case !strings.Contains(x.dsn, "://"):
		return x.dsn + " search_path=" + name
	case strings.Contains(x.dsn, "?"):
		return x.dsn + "&search_path=" + name
	}
	return x.dsn + "?search_path=" + name
}

func (x *server) exec(tb testing.TB, sql string) {
	tb.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, x.dsn)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatal(err)
	}
}

func openNode(tb testing.TB, dsn string) *Store {
	tb.Helper()
	s, err := OpenPostgres(context.Background(), dsn, Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestContractPostgres(t *testing.T) {
	x := startServer(t)
	storetest.All(t, func(t *testing.T) storetest.Store { return openNode(t, x.schema(t)) })
}

func BenchmarkCommitPostgres(b *testing.B) {
	x := startServer(b)
	benchmarkCommit(b, func(b *testing.B) *Store { return openNode(b, x.schema(b)) })
}

func TestNodesPostgres(t *testing.T) {
	x := startServer(t)
	storetest.Nodes(t, func(t *testing.T) (a, b storetest.Store) {
		dsn := x.schema(t)
		return openNode(t, dsn), openNode(t, dsn)
	})
}
