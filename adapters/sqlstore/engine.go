package sqlstore

import "context"

// op is one execution of a statement.
type op struct {
	stmt statement
	args []any // string, int64 or []byte
	rows int64 // result: rows changed, or rows read
	scan func(row) error
}

// row is the current row of a result. Scan takes *string, *int64 and *[]byte, one for each column.
type row interface{ Scan(dest ...any) error }

// engine is one dialect. begin, finish and rollback are called by the writer goroutine alone.
type engine interface {
	// begin opens a transaction that no other writer's overlaps, on any node, and runs ops in it.
	begin(ctx context.Context, ops []*op) error
	// finish runs ops in the transaction and commits it durably. When it fails the transaction is to be rolled back.
	finish(ctx context.Context, ops []*op) error
	rollback()
	// read runs one statement that only reads, outside the writer's transaction.
	read(ctx context.Context, o *op) error
	// watch calls changed when the registry may have changed, until ctx is done.
	watch(ctx context.Context, changed func())
	close() error
}
