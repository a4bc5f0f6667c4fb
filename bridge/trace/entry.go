package trace

import (
	"context"
	"time"
)

// Entry is one step of a transaction, redacted by whoever made it.
type Entry struct {
	Ref     string // the reference a user can read out
	At      time.Time
	Step    string
	Fields  []string  // names and values in turn
	Expires time.Time // when it may be forgotten
}

// Store keeps entries. They are an aid, not evidence: losing some in a crash is acceptable.
type Store interface {
	// SaveTraces adds all of them or none.
	SaveTraces(ctx context.Context, entries []Entry) error
	// Traces of one reference, oldest first; none is not an error.
	Traces(ctx context.Context, ref string) ([]Entry, error)
}
