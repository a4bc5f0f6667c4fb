package components

import (
	"fmt"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const postgresAccount = "postgres"

// Postgres is a PostgreSQL server with an empty data directory of its own and
// the durability settings of a fresh installation (fsync on).
type Postgres struct {
	*Process
	DSN    string // postgres:// URL of the database "lanyard", over TCP
	Socket string // directory of the Unix socket
	Port   int
	data   string
	bin    string
}

// StartPostgres initialises and starts a server.
func StartPostgres(tb testing.TB) *Postgres {
	tb.Helper()
	dir := directory(tb, "pg")
	pg := &Postgres{
		Socket: dir,
		Port:   FreePort(tb),
		data:   filepath.Join(dir, "data"),
		bin:    filepath.Dir(program(tb, "/usr/lib/postgresql/*/bin/postgres")),
	}
	give(tb, dir, postgresAccount)
	must(tb, pg.command("initdb", "-D", pg.data, "-U", "lanyard", "-A", "trust", "-E", "UTF8", "--no-locale"))
	pg.Resume(tb)
	pg.DSN = pg.Database(tb, "lanyard")
	return pg
}

// Resume starts the server on the data it has: after Close or Kill.
func (pg *Postgres) Resume(tb testing.TB) {
	tb.Helper()
	c := pg.command("postgres", "-D", pg.data, "-k", pg.Socket, "-p", strconv.Itoa(pg.Port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200")
	c.Stop = syscall.SIGINT // fast shutdown: does not wait for clients
	pg.Process = Start(tb, c)
	pg.waitFor(30*time.Second, "pg_isready", func() bool {
		_, _, code := Run(tb, pg.command("pg_isready", "-q", "-h", pg.Socket, "-p", strconv.Itoa(pg.Port), "-d", "postgres", "-U", "lanyard"))
		return code == 0
	})
}

// Database creates an empty database and returns its DSN.
func (pg *Postgres) Database(tb testing.TB, name string) string {
	tb.Helper()
	must(tb, pg.command("createdb", "-h", pg.Socket, "-p", strconv.Itoa(pg.Port), "-U", "lanyard", name))
	return fmt.Sprintf("postgres://lanyard@127.0.0.1:%d/%s?sslmode=disable", pg.Port, name)
}

func (pg *Postgres) command(name string, args ...string) Command {
	return Command{
		Path: filepath.Join(pg.bin, name), Args: args, Dir: "/", User: postgresAccount,
		Env: map[string]string{"LC_ALL": "C", "TZ": "UTC"},
	}
}
