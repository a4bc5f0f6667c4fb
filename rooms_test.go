package lanyard_test

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// checkDocs wants a doc.go with the package comment in every room but the root.
func (h house) checkDocs() []string {
	var out []string
	for _, r := range h.rooms {
		if r.dir == "." {
			continue
		}
		documented := false
		for _, s := range r.sources {
			if path.Base(s.path) == "doc.go" && s.file.Doc.Text() != "" {
				documented = true
			}
		}
		if !documented {
			out = append(out, r.dir+": has no doc.go with a package comment")
		}
	}
	return out
}

// checkNames refuses drawers for everything.
func (h house) checkNames() []string {
	var out []string
	for _, r := range h.rooms {
		for _, name := range []string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared", "base"} {
			if path.Base(r.dir) == name || slices.ContainsFunc(r.sources, func(s source) bool { return s.file.Name.Name == name }) {
				out = append(out, r.dir+": a package is named after what it is, not "+name)
			}
		}
	}
	return out
}

var (
	methods  = `(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)`
	docRoute = regexp.MustCompile(`^\s+(` + methods + `(?:\s+` + methods + `)*)\s+(/\S*)`)
)

// checkRoutes compares the routes a room serves with those its doc.go prints.
func (h house) checkRoutes() []string {
	var out []string
	for _, r := range h.rooms {
		served := h.servedRoutes(r)
		if len(served) == 0 {
			continue
		}
		printed := map[string]bool{}
		for _, s := range r.sources {
			if path.Base(s.path) != "doc.go" {
				continue
			}
			for line := range strings.Lines(s.file.Doc.Text()) {
				if m := docRoute.FindStringSubmatch(line); m != nil {
					for _, method := range strings.Fields(m[1]) {
						printed[method+" "+pathParameter.ReplaceAllString(m[2], "{$1}")] = true
					}
				}
			}
		}
		for route := range served {
			if !printed[route] {
				out = append(out, r.dir+"/doc.go: does not print "+route)
			}
		}
		texts := h.constants(r)
		for route := range printed {
			_, p, _ := strings.Cut(route, " ")
			if !served[route] && !(ownHosts(r) && slices.Contains(slices.Collect(maps.Values(texts)), p)) {
				out = append(out, r.dir+"/doc.go: prints "+route+", which is not served")
			}
		}
	}
	sort.Strings(out)
	return out
}

var pathParameter = regexp.MustCompile(`:([a-z]+)`)

// servedRoutes reads the composite literals that have a Method and a Path, and calls of local functions that
// return one with the path they are given.
func (h house) servedRoutes(r room) map[string]bool {
	texts := h.constants(r)
	out := map[string]bool{}
	add := func(method, p string) { out[method+" "+pathParameter.ReplaceAllString(p, "{$1}")] = true }
	for _, s := range r.production() {
		makers := map[string]string{} // local functions that take a path first, to the method
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.AssignStmt:
				f, ok := x.Rhs[0].(*ast.FuncLit)
				id, named := x.Lhs[0].(*ast.Ident)
				if ok && named && len(f.Body.List) == 1 {
					if method := routeMaker(f, texts); method != "" {
						makers[id.Name] = method
						return false
					}
				}
			case *ast.CallExpr:
				if id, ok := x.Fun.(*ast.Ident); ok && makers[id.Name] != "" && len(x.Args) > 0 {
					add(makers[id.Name], textOf(x.Args[0], texts))
				}
			case *ast.CompositeLit:
				if method, p := routeOf(x); method != nil && p != nil {
					add(textOf(method, texts), textOf(p, texts))
				}
			}
			return true
		})
	}
	return out
}

// routeOf finds method and path of a composite literal that is a route.
func routeOf(lit *ast.CompositeLit) (method, p ast.Expr) {
	handled := false
	for _, e := range lit.Elts {
		kv, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		key, ok := kv.Key.(*ast.Ident)
		switch {
		case !ok:
		case key.Name == "Method":
			method = kv.Value
		case key.Name == "Path":
			p = kv.Value
		case key.Name == "Handler":
			handled = true
		}
	}
	if !handled {
		return nil, nil
	}
	return method, p
}

// routeMaker is the method of the route that a function literal returns for the path it is given.
func routeMaker(f *ast.FuncLit, texts map[string]string) string {
	ret, ok := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(ret.Results) != 1 || len(f.Type.Params.List) == 0 {
		return ""
	}
	lit, ok := ret.Results[0].(*ast.CompositeLit)
	if !ok {
		return ""
	}
	method, p := routeOf(lit)
	id, ok := p.(*ast.Ident)
	if !ok || id.Name != f.Type.Params.List[0].Names[0].Name {
		return ""
	}
	return textOf(method, texts)
}

// ownHosts reports whether a room serves hosts of its own, with a handler that is in no table of routes.
func ownHosts(r room) bool {
	found := false
	for _, s := range r.production() {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok {
				if sel, ok := lit.Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Route" {
					method, p := routeOf(lit)
					found = found || method == nil && p == nil
				}
			}
			return true
		})
	}
	return found
}

// constants are the string constants that a room's sources can name.
func (h house) constants(r room) map[string]string {
	out := map[string]string{}
	for _, other := range h.rooms {
		texts := map[string]string{}
		for _, s := range other.production() {
			constants(s.file, texts)
		}
		for name, text := range texts {
			out[path.Base(other.dir)+"."+name] = text
			if other.dir == r.dir {
				out[name] = text
			}
		}
	}
	return out
}

// constants collects the string constants of a file.
func constants(f *ast.File, into map[string]string) {
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range v.Names {
				if i < len(v.Values) {
					if text := textOf(v.Values[i], into); text != "" {
						into[name.Name] = text
					}
				}
			}
		}
	}
}

// textOf reads a string expression: a literal, a constant, a sum of them, or a constant of net/http.
func textOf(e ast.Expr, known map[string]string) string {
	switch x := e.(type) {
	case *ast.BasicLit:
		return unquote(x.Value)
	case *ast.Ident:
		return known[x.Name]
	case *ast.BinaryExpr:
		return textOf(x.X, known) + textOf(x.Y, known)
	case *ast.SelectorExpr:
		if verb, ok := strings.CutPrefix(x.Sel.Name, "Method"); ok {
			return strings.ToUpper(verb)
		}
		if id, ok := x.X.(*ast.Ident); ok {
			return known[id.Name+"."+x.Sel.Name]
		}
	}
	return ""
}

// testRooms are libraries for tests: nothing else imports them (see reserved).
var testRooms = []string{"adapters/storetest", "e2e/components", "metadata/xmlsec/mutate"}

// checkLength bounds functions that are not tests.
func (h house) checkLength() []string {
	var out []string
	for _, r := range h.rooms {
		limit := 60
		if slices.Contains(testRooms, r.dir) {
			continue
		}
		if r.dir == "cmd/hub" {
			limit = 80
		}
		for _, s := range r.production() {
			for _, d := range s.file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					if n := h.line(f.End()) - h.line(f.Pos()) + 1; n > limit {
						out = append(out, fmt.Sprintf("%s: %s has %d lines, more than %d", h.at(f.Pos()), f.Name.Name, n, limit))
					}
				}
			}
		}
	}
	return out
}

// The size at which a room needs a decision: split, or say why not.
const (
	maxLines = 2500
	maxNames = 60
)

// checkSize wants an ADR that names a room which has grown: a line "Large room: `bridge`".
func (h house) checkSize() []string {
	var out []string
	excused := h.largeRooms()
	for _, r := range h.rooms {
		lines, names := 0, 0
		for _, s := range r.production() {
			lines += strings.Count(string(s.text), "\n")
			names += exportedNames(s.file)
		}
		if (lines > maxLines || names > maxNames) && !excused[r.dir] {
			out = append(out, fmt.Sprintf("%s: %d lines and %d exported names, and no ADR says why it is not split", r.dir, lines, names))
		}
	}
	return out
}

func exportedNames(f *ast.File) int {
	n := 0
	count := func(name string) {
		if ast.IsExported(name) {
			n++
		}
	}
	for _, d := range f.Decls {
		switch x := d.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil {
				count(x.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range x.Specs {
				switch y := spec.(type) {
				case *ast.TypeSpec:
					count(y.Name.Name)
				case *ast.ValueSpec:
					for _, name := range y.Names {
						count(name.Name)
					}
				}
			}
		}
	}
	return n
}

var largeRoom = regexp.MustCompile("^Large room: `([a-z0-9/]+)`")

func (h house) largeRooms() map[string]bool {
	out := map[string]bool{}
	for _, name := range h.files {
		if path.Dir(name) != "docs/adr" {
			continue
		}
		text, err := fs.ReadFile(h.fsys, name)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if m := largeRoom.FindStringSubmatch(line); m != nil {
				out[m[1]] = true
			}
		}
	}
	return out
}

// checkCorpora wants a committed corpus for every fuzz target.
func (h house) checkCorpora() []string {
	var out []string
	for _, r := range h.rooms {
		for _, s := range r.sources {
			for _, d := range s.file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok || !s.test || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Fuzz") {
					continue
				}
				corpus := path.Join(r.dir, "testdata/fuzz", f.Name.Name)
				if !slices.ContainsFunc(h.files, func(name string) bool { return path.Dir(name) == corpus }) {
					out = append(out, h.at(f.Pos())+": no corpus in "+corpus)
				}
			}
		}
	}
	return out
}

// checkModule judges what `go mod edit -json` says.
func checkModule(m moduleFile) []string {
	var out []string
	if m.Module.Path != module {
		out = append(out, "go.mod: the module is "+m.Module.Path)
	}
	if len(m.Replace) > 0 {
		out = append(out, "go.mod: replace is for a working copy, not for a commit")
	}
	if m.Go != "1.26" && !strings.HasPrefix(m.Go, "1.26.") {
		out = append(out, "go.mod: go "+m.Go+", not 1.26")
	}
	var found string
	for _, r := range m.Require {
		if r.Path == "github.com/russellhaering/goxmldsig" {
			found = r.Version
		}
	}
	var major, minor, patch int
	if n, err := fmt.Sscanf(found, "v%d.%d.%d", &major, &minor, &patch); n != 3 || err != nil || major*1_000_000+minor*1_000+patch < 1_006_001 {
		out = append(out, "go.mod: goxmldsig is "+found+"; older than v1.6.1 accepts signatures it must not")
	}
	return out
}

// moduleFile is what the rules want of `go mod edit -json`.
type moduleFile struct {
	Module  struct{ Path string }
	Go      string
	Require []struct{ Path, Version string }
	Replace []any
}

// checkWords finds words of the place where the work was done.
func (h house) checkWords(words []string) []string {
	var out []string
	for _, name := range h.files {
		text, err := fs.ReadFile(h.fsys, name)
		if err != nil {
			out = append(out, err.Error())
			continue
		}
		n := 0
		in := bufio.NewScanner(strings.NewReader(string(text)))
		in.Buffer(nil, len(text)+1)
		for in.Scan() {
			n++
			for _, word := range words {
				if strings.Contains(strings.ToLower(in.Text()), strings.ToLower(word)) {
					out = append(out, fmt.Sprintf("%s:%d: speaks of %q", name, n, word))
				}
			}
		}
	}
	return out
}
