package sqlstore

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// ErrSchema is returned when a newer program changed the database so that this one must not use it.
var ErrSchema = errors.New("sqlstore: the database needs a newer version of this program")

type migration struct {
	version int64
	sql     string
}

// migrations lists all, oldest first. sequence is the dialect's type of a 64-bit primary key.
func migrations(sequence string) ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("sqlstore: list migrations: %w", err)
	}
	var out []migration
	for i, name := range names {
		digits, _, _ := strings.Cut(strings.TrimPrefix(name, "migrations/"), "_")
		version, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || version != int64(i)+1 {
			return nil, fmt.Errorf("sqlstore: migration %s is out of order", name)
		}
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("sqlstore: read migration: %w", err)
		}
		out = append(out, migration{version, strings.ReplaceAll(string(text), "@SEQUENCE", sequence)})
	}
	return out, nil
}

// readSchema works in both dialects. Every migration ends by inserting its own row.
const readSchema = `SELECT COALESCE(MAX(version), 0), COALESCE(MAX(least), 0) FROM schema_version`

// schemaTx is a transaction that nobody else migrates in.
type schemaTx interface {
	exists() (bool, error) // of the table schema_version
	version() (version, least int64, err error)
	exec(sql string) error
}

// migrate brings the schema up to what this program knows. A newer one is left alone.
func migrate(tx schemaTx, known []migration) error {
	var version, least int64
	exists, err := tx.exists()
	if err == nil && exists {
		version, least, err = tx.version()
	}
	if err != nil {
		return fmt.Errorf("sqlstore: read schema version: %w", err)
	}
	if least > int64(len(known)) {
		return fmt.Errorf("%w: schema %d, known %d", ErrSchema, version, len(known))
	}
	for _, m := range known {
		if m.version <= version {
			continue
		}
		if err := tx.exec(m.sql); err != nil {
			return fmt.Errorf("sqlstore: migration %d: %w", m.version, err)
		}
	}
	return nil
}
