package people

import (
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Limits of an RBAC document. The national database has some hundreds of activities and job roles.
const (
	RBACBytes = 4 << 20
	rbacCodes = 10_000  // activities, and roles
	rbacLinks = 200_000 // entries of all lists includes and baseline together
)

// ReadRBAC reads an RBAC document: a mapping with the lists "activities", each with code, name and includes, and "roles", each
// with code, name and baseline. Every activity that is named anywhere must be listed, and none may include itself, directly
// or not. Unknown and repeated keys, and aliases, are errors. All errors are reported at once, joined, and wrap ErrImport.
func ReadRBAC(r io.Reader) (*RBAC, error) {
	root, err := readYAML(r, RBACBytes)
	if err != nil {
		return nil, err
	}
	g := &rbacReading{RBAC: RBAC{names: map[string]string{}, includes: map[string][]string{}, baseline: map[string][]string{}}, lines: map[string]int{}}
	g.mapping(root, "document", fields{
		"activities": g.list("activities", g.activity),
		"roles":      g.list("roles", g.role),
	})
	g.resolve()
	g.circles()
	if err := g.faults(); err != nil {
		return nil, err
	}
	return &g.RBAC, nil
}

// rbacReading is an RBAC document in the making.
type rbacReading struct {
	RBAC
	strict
	lines map[string]int // of each activity and role
	links []rbacLink
}

// rbacLink is one entry of a list includes or baseline.
type rbacLink struct {
	line int
	of   string // whose list it is
	code string
}

func (g *rbacReading) activity(n *yaml.Node) {
	var code, name string
	var includes *yaml.Node
	g.mapping(n, "activity", fields{
		"code": g.into(&code, "code"), "name": g.into(&name, "name"), "includes": func(n *yaml.Node) { includes = n },
	})
	if !rbacCode(code, 'B') || len(code) != len("B0825") {
		g.fail(n.Line, "activity: code %q is not a B and four digits", shown(code))
		return
	}
	if name == "" {
		g.fail(n.Line, "activity %s: name is missing", code)
	}
	if g.declare(n.Line, "activity", code, len(g.names)) {
		g.names[code] = name
		g.codes(includes, "includes", code, g.includes)
	}
}

func (g *rbacReading) role(n *yaml.Node) {
	var code, name string // the name is for whoever reads the document
	var baseline *yaml.Node
	g.mapping(n, "role", fields{
		"code": g.into(&code, "code"), "name": g.into(&name, "name"), "baseline": func(n *yaml.Node) { baseline = n },
	})
	if !rbacCode(code, 'R') {
		g.fail(n.Line, "role: code %q is not an R and at least four digits, the last part of a role code", shown(code))
		return
	}
	if baseline == nil {
		g.fail(n.Line, "role %s: baseline is missing", code)
	}
	if g.declare(n.Line, "role", code, len(g.baseline)) {
		g.baseline[code] = nil
		g.codes(baseline, "baseline", code, g.baseline)
	}
}

func rbacCode(s string, prefix byte) bool {
	return len(s) >= 5 && len(s) <= 12 && s[0] == prefix && strings.Trim(s[1:], "0123456789") == ""
}

// declare reports whether this is the first of its code, and not one too many.
func (g *rbacReading) declare(line int, what, code string, known int) bool {
	first, twice := g.lines[code]
	switch {
	case twice:
		g.fail(line, "%s %s is on line %d already", what, code, first)
	case known == rbacCodes:
		g.fail(line, "more than %d entries of kind %s", rbacCodes, what)
	default:
		g.lines[code] = line
		return true
	}
	return false
}

// codes reads the list of one activity or role; nil is none.
func (g *rbacReading) codes(n *yaml.Node, what, of string, into map[string][]string) {
	if n == nil {
		return
	}
	seen := map[string]bool{}
	g.list(what, func(n *yaml.Node) {
		code := g.scalar(n, what)
		switch {
		case seen[code]:
			g.fail(n.Line, "%s: %s lists %s twice", of, what, shown(code))
		case len(g.links) == rbacLinks:
			g.fail(n.Line, "more than %d entries in all lists together", rbacLinks)
		default:
			seen[code] = true
			g.links = append(g.links, rbacLink{n.Line, of, code})
			into[of] = append(into[of], code)
		}
	})(n)
}

// resolve wants every activity that a list names to be described: what is mistyped would silently be missing.
func (g *rbacReading) resolve() {
	for _, l := range g.links {
		if _, known := g.names[l.code]; !known {
			g.fail(l.line, "%s lists %q, which is no activity of this document", l.of, shown(l.code))
		}
	}
}

// circles reports every circle of inclusions by the activity that closes it: one that includes itself is a mistake, and there is
// no telling what was meant.
func (g *rbacReading) circles() {
	const done = -1
	at := make(map[string]int, len(g.names)) // place in path, from 1, while it is on it
	var path []string
	var visit func(code string)
	visit = func(code string) {
		path = append(path, code)
		at[code] = len(path)
		for _, next := range g.includes[code] {
			switch place := at[next]; {
			case place > 0:
				g.fail(g.lines[code], "%s includes itself: %s", next, circle(path[place-1:], next))
			case place == 0:
				visit(next)
			}
		}
		at[code], path = done, path[:len(path)-1]
	}
	for _, code := range slices.Sorted(maps.Keys(g.includes)) {
		if at[code] == 0 {
			visit(code)
		}
	}
}

// circle prints a path that comes back to where it began; of a long one, its two ends.
func circle(path []string, back string) string {
	if len(path) > 8 {
		path = append(append(slices.Clone(path[:4]), "..."), path[len(path)-3:]...)
	}
	return strings.Join(append(slices.Clone(path), back), " > ")
}
