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

// LintOptions loosen the rules for demonstrations and tests.
type LintOptions struct {
	Lab bool // permit http and *.localhost endpoints
}

// Lint checks an entity for production use.
func Lint(e Entity, now time.Time, o LintOptions) []Finding { return nil }
