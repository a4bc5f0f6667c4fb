package config

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Severity says whether a problem prevents the start.
type Severity int

// An Error prevents the start; a Warning does not.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Problem is one thing wrong with the configuration. It never contains the
// value of a secret.
type Problem struct {
	Severity Severity
	// Source is the file's path, or "LANYARD_X (environment)".
	Source string
	// Line and Col count from 1; Col counts characters. Both are 0 for the
	// environment and for a file that could not be read.
	Line, Col int
	Message   string
	// Excerpt is the line, when looking at it helps; Span is how many
	// characters from Col the mistake is long.
	Excerpt string
	Span    int
}

// Report lists every problem found: those of the file by place, then those of
// the environment by name.
type Report []Problem

// HasErrors says whether the configuration must not be used.
func (r Report) HasErrors() bool { return r.count(Error) > 0 }

// Err returns nil, or an error that prints as the whole report.
func (r Report) Err() error {
	if !r.HasErrors() {
		return nil
	}
	return invalid{r}
}

type invalid struct{ report Report }

func (e invalid) Error() string { return strings.TrimSuffix(e.report.String(), "\n") }

// String is what WriteTo writes.
func (r Report) String() string {
	var b strings.Builder
	for _, p := range r {
		p.write(&b)
	}
	if len(r) > 0 {
		b.WriteString(r.summary() + "\n")
	}
	return b.String()
}

// WriteTo prints every problem and a line that counts them; nothing when there
// is none.
func (r Report) WriteTo(w io.Writer) (int64, error) {
	return bytes.NewBufferString(r.String()).WriteTo(w)
}

// String prints the problem as one line, two more when it has an excerpt.
func (p Problem) String() string {
	var b strings.Builder
	p.write(&b)
	return strings.TrimSuffix(b.String(), "\n")
}

func (p Problem) write(b *strings.Builder) {
	b.WriteString(p.Source)
	if p.Line > 0 {
		fmt.Fprintf(b, ":%d:%d", p.Line, p.Col)
	}
	fmt.Fprintf(b, ": %s: %s\n", p.Severity, p.Message)
	if p.Excerpt == "" {
		return
	}
	fmt.Fprintf(b, "%4d | %s\n", p.Line, p.Excerpt)
	if p.Span > 0 {
		fmt.Fprintf(b, "     | %s%s\n", strings.Repeat(" ", p.Col-1), strings.Repeat("^", p.Span))
	}
}

func (r Report) summary() string {
	var parts []string
	for _, s := range []Severity{Error, Warning} {
		switch n := r.count(s); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+s.String())
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func (r Report) count(s Severity) int {
	n := 0
	for _, p := range r {
		if p.Severity == s {
			n++
		}
	}
	return n
}

func (r Report) sort() {
	slices.SortStableFunc(r, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(environmentLast(a), environmentLast(b)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Source, b.Source),
		)
	})
}

func environmentLast(p Problem) int {
	if strings.HasSuffix(p.Source, environmentSuffix) {
		return 1
	}
	return 0
}
