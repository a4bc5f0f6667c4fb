package metadata

import "time"

// Severity orders findings.
type Severity int

// The severities: an error blocks the import.
const (
	Warning Severity = iota + 1
	Error
)

// Finding is one thing that an administrator should know about an entity.
type Finding struct {
	Severity Severity
	Code     string // stable
	Message  string // plain words
}

// Lint checks an entity for production use.
func Lint(e Entity, now time.Time) []Finding { return nil }
