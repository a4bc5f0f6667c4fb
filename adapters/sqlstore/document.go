package sqlstore

import (
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
