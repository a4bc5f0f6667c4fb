package decode

import (
	"fmt"
	"io"
	"strings"
)

// Report explains one input. Parts are in the order in which they were found.
type Report struct {
	Parts []Part `json:"parts"`
}

// Part is one thing that was recognised.
type Part struct {
	Name     string   `json:"name"`               // the parameter it came in; empty: the input itself
	Kind     string   `json:"kind"`               // ID token, SAML Response ...
	Facts    []Fact   `json:"facts"`              // in the order of the input
	Good     []string `json:"good,omitempty"`     // what was checked and holds
	Problems []string `json:"problems,omitempty"` // what a partner or the hub would refuse
	Open     []string `json:"open,omitempty"`     // what could not be checked
}

// Fact is one value and what it means.
type Fact struct {
	Depth int    `json:"depth,omitempty"`
	Name  string `json:"name"`
	Value string `json:"value"`
	Note  string `json:"note,omitempty"`
}

func (p *Part) fact(name, value, note string) { p.Facts = append(p.Facts, Fact{0, name, value, note}) }
func (p *Part) good(format string, args ...any) {
	p.Good = append(p.Good, fmt.Sprintf(format, args...))
}
func (p *Part) problem(format string, args ...any) {
	p.Problems = append(p.Problems, fmt.Sprintf(format, args...))
}

func (p *Part) open(format string, args ...any) {
	p.Open = append(p.Open, fmt.Sprintf(format, args...))
}

// Sound reports whether no part has a problem.
func (r Report) Sound() bool {
	for _, p := range r.Parts {
		if len(p.Problems) > 0 {
			return false
		}
	}
	return true
}

const (
	widestName  = 32
	widestValue = 100
)

// WriteTo prints the report as text.
func (r Report) WriteTo(out io.Writer) (int64, error) {
	var b strings.Builder
	for i, p := range r.Parts {
		if i > 0 {
			b.WriteByte('\n')
		}
		title := p.Kind
		if p.Name != "" {
			title = p.Name + ": " + p.Kind
		}
		fmt.Fprintln(&b, title)
		for _, f := range p.Facts {
			p.writeFact(&b, f)
		}
		for _, s := range p.Good {
			fmt.Fprintln(&b, "  ok       "+s)
		}
		for _, s := range p.Problems {
			fmt.Fprintln(&b, "  problem  "+s)
		}
		for _, s := range p.Open {
			fmt.Fprintln(&b, "  open     "+s)
		}
	}
	n, err := io.WriteString(out, b.String())
	return int64(n), err
}

func (p *Part) writeFact(b *strings.Builder, f Fact) {
	indent := strings.Repeat("  ", f.Depth+1)
	value := printable(f.Value)
	if r := []rune(value); len(r) > widestValue {
		value = fmt.Sprintf("%s… (%d characters)", string(r[:widestValue]), len(r))
	}
	line := fmt.Sprintf("%s%-*s %s", indent, max(1, widestName-2*f.Depth), f.Name, value)
	if f.Note != "" {
		line += "   " + f.Note
	}
	fmt.Fprintln(b, strings.TrimRight(line, " "))
}

// printable keeps what strangers sent from moving the cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}
