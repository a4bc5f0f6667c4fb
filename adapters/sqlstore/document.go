package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

var errCorrupt = errors.New("sqlstore: stored document cannot be read")

// encode makes the JSON of a "doc" column. Field names are those of the Go types: renaming a field of
// bridge.Delivery, people.Person or people.Authenticator needs a migration.
func encode(v any) ([]byte, error) {
	doc, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	}
	return doc, nil
}

func decode(doc []byte, into any) error {
	if err := json.Unmarshal(doc, into); err != nil {
		return fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return nil
}

// revised reads documents that stand with a revision, which set puts into them.
func revised[T any](ctx context.Context, s *Store, which statement, set func(*T, int64), args ...any) ([]T, error) {
	var out []T
	err := s.read(ctx, which, func(r row) error {
		var x T
		var doc []byte
		var revision int64
		if err := r.Scan(&doc, &revision); err != nil {
			return err
		}
		if err := decode(doc, &x); err != nil {
			return err
		}
		set(&x, revision)
		out = append(out, x)
		return nil
	}, args...)
	return out, err
}
