package sqlstore

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// migrationLock is the advisory lock that nodes starting at the same time queue for.
const migrationLock = 0x6c616e79617264

type postgresSchema struct {
	ctx context.Context
	tx  pgx.Tx
}

func migratePostgres(ctx context.Context, config *pgx.ConnConfig) error {
	known, err := migrations("BIGINT")
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return unavailable(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	tx, err := conn.Begin(ctx)
	if err != nil {
		return unavailable(err)
	}
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrationLock)); err != nil {
		return errors.Join(unavailable(err), tx.Rollback(ctx))
	}
	if err := migrate(postgresSchema{ctx, tx}, known); err != nil {
		return errors.Join(err, tx.Rollback(ctx))
	}
	if err := tx.Commit(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

func (x postgresSchema) exists() (bool, error) {
	var n int
	err := x.tx.QueryRow(x.ctx, `SELECT COUNT(*) FROM information_schema.tables
		WHERE table_schema = current_schema() AND table_name = 'schema_version'`).Scan(&n)
	return n > 0, err
}

func (x postgresSchema) version() (version, least int64, err error) {
	err = x.tx.QueryRow(x.ctx, readSchema).Scan(&version, &least)
	return version, least, err
}

func (x postgresSchema) exec(sql string) error {
	_, err := x.tx.Exec(x.ctx, sql)
	return err
}
