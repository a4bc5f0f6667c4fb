package lanyard_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// fact is something a source declares that a reference must name in backquotes.
type fact struct {
	document, what string
	names          []string
}

// checkReferences wants the hand-written references to name every key, set, variable and column there is.
func (h house) checkReferences() []string {
	const partner, people = "docs/reference/partner.md", "docs/reference/people.md"
	document, rule, release, saml := h.source("trust/document.go"), h.source("trust/rule.go"), h.source("trust/release.go"), h.source("trust/samlset.go")
	effective := h.source("trust/effective.go")
	csv, yaml := h.source("trust/people/import_csv.go"), h.source("trust/people/import_yaml.go")
	facts := []fact{
		{partner, "key", tags(document, "yaml")},
		{partner, "field of an expression", slices.Concat(tags(rule, "cel"), tags(effective, "cel"))},
		{partner, "release set", slices.Concat(tableKeys(release, "scopes"), tableKeys(release, "sets"), tableKeys(saml, "samlSets"), tableKeys(effective, "effectiveSets"))},
		{partner, "released name", slices.Concat(fieldTexts(release, "Name"), fieldTexts(saml, "Name"), fieldTexts(effective, "Name"))},
		{"docs/architecture.md", "port", interfaces(h.source("bridge/ports.go"))},
		{"docs/architecture.md", "room", h.productRooms()},
		{"docs/how-to/read-a-reference.md", "step of a trace", h.traceSteps()},
		{people, "column", returned(csv, "csvColumns")},
		{people, "key", fieldsOf(yaml)},
		{"docs/reference/rbac.md", "key", fieldsOf(h.source("trust/people/rbac_yaml.go"))},
	}
	var out []string
	for _, f := range facts {
		text, err := fs.ReadFile(h.fsys, f.document)
		if err != nil {
			continue // the links rule speaks of missing documents
		}
		for _, name := range f.names {
			if !regexp.MustCompile("`(?:[a-z]+\\.)*" + regexp.QuoteMeta(name) + "`").Match(text) {
				out = append(out, fmt.Sprintf("%s: does not name the %s %s", f.document, f.what, name))
			}
		}
	}
	return out
}

// interfaces are the exported ones that a source declares.
func interfaces(s source) []string {
	var out []string
	inspect(s, func(n ast.Node) {
		if t, ok := n.(*ast.TypeSpec); ok && t.Name.IsExported() && t.Name.Name != "Write" {
			if _, ok := t.Type.(*ast.InterfaceType); ok {
				out = append(out, t.Name.Name)
			}
		}
	})
	return out
}

// productRooms are the rooms that are not for tests alone.
func (h house) productRooms() []string {
	var out []string
	for _, r := range h.rooms {
		if r.dir != "." && !within(r.dir, "e2e") {
			out = append(out, r.dir)
		}
	}
	return out
}

// traceSteps are the words that the core and the front ends write into traces.
func (h house) traceSteps() []string {
	var out []string
	for _, r := range h.rooms {
		for _, s := range r.production() {
			inspect(s, func(n ast.Node) {
				call, ok := n.(*ast.CallExpr)
				if !ok || len(call.Args) < 2 {
					return
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if lit, isText := call.Args[1].(*ast.BasicLit); ok && isText && strings.EqualFold(sel.Sel.Name, "trace") {
					out = append(out, unquote(lit.Value))
				}
			})
		}
	}
	return out
}

func inspect(s source, visit func(ast.Node)) {
	if s.file == nil {
		return
	}
	ast.Inspect(s.file, func(n ast.Node) bool { visit(n); return true })
}

// tags are the names in the struct tags of one kind.
func tags(s source, kind string) []string {
	tag := regexp.MustCompile(kind + `:"([a-z0-9_]+)`)
	var out []string
	inspect(s, func(n ast.Node) {
		if f, ok := n.(*ast.Field); ok && f.Tag != nil {
			if m := tag.FindStringSubmatch(f.Tag.Value); m != nil {
				out = append(out, m[1])
			}
		}
	})
	return out
}

// tableKeys are the keys of a package variable that is a map from strings.
func tableKeys(s source, name string) []string {
	var out []string
	inspect(s, func(n ast.Node) {
		v, ok := n.(*ast.ValueSpec)
		if !ok || v.Names[0].Name != name || len(v.Values) != 1 {
			return
		}
		if lit, ok := v.Values[0].(*ast.CompositeLit); ok {
			out = append(out, literalKeys(lit)...)
		}
	})
	return out
}

func literalKeys(lit *ast.CompositeLit) []string {
	var out []string
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.BasicLit); ok {
				out = append(out, unquote(key.Value))
			}
		}
	}
	return out
}

// fieldTexts are the literal values of a field in composite literals.
func fieldTexts(s source, field string) []string {
	var out []string
	inspect(s, func(n ast.Node) {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			key, isField := kv.Key.(*ast.Ident)
			if lit, ok := kv.Value.(*ast.BasicLit); ok && isField && key.Name == field && !slices.Contains(out, unquote(lit.Value)) {
				out = append(out, unquote(lit.Value))
			}
		}
	})
	return out
}

// returned are the strings that a function returns.
func returned(s source, function string) []string {
	var out []string
	inspect(s, func(n ast.Node) {
		if f, ok := n.(*ast.FuncDecl); ok && f.Name.Name == function {
			ast.Inspect(f, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok {
					out = append(out, unquote(lit.Value))
				}
				return true
			})
		}
	})
	return out
}

// fieldsOf are the keys of the composite literals of type fields.
func fieldsOf(s source) []string {
	var out []string
	inspect(s, func(n ast.Node) {
		if lit, ok := n.(*ast.CompositeLit); ok {
			if t, ok := lit.Type.(*ast.Ident); ok && t.Name == "fields" {
				for _, key := range literalKeys(lit) {
					if !strings.Contains(key, " ") {
						out = append(out, key)
					}
				}
			}
		}
	})
	return out
}
