package lanyard_test

import (
	"go/ast"
	"go/token"
	"strings"
)

// checkState finds hidden state: init functions, and package variables that change.
func (h house) checkState() []string {
	var out []string
	for _, r := range h.rooms {
		vars := map[string]bool{}
		for _, s := range r.production() {
			for name, spec := range packageVars(s.file) {
				vars[name] = true
				if why := mutable(s, spec); why != "" {
					out = append(out, h.at(spec.Pos())+": "+name+": "+why)
				}
			}
		}
		for _, s := range r.production() {
			out = append(out, h.writes(s, vars)...)
		}
	}
	return out
}

func packageVars(f *ast.File) map[string]*ast.ValueSpec {
	out := map[string]*ast.ValueSpec{}
	for _, d := range f.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.VAR {
			continue
		}
		for _, spec := range g.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range v.Names {
					if name.Name != "_" {
						out[name.Name] = v
					}
				}
			}
		}
	}
	return out
}

// mutable says why a package variable is one that changes by its nature; empty if it isn't.
func mutable(s source, v *ast.ValueSpec) string {
	types := []ast.Expr{v.Type}
	for _, value := range v.Values {
		if u, ok := value.(*ast.UnaryExpr); ok {
			value = u.X
		}
		if lit, ok := value.(*ast.CompositeLit); ok {
			types = append(types, lit.Type)
		}
		if call, ok := value.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && (f.Name == "make" || f.Name == "new") && len(call.Args) > 0 {
				types = append(types, call.Args[0])
				if _, array := call.Args[0].(*ast.ArrayType); !array {
					return "made to be written to"
				}
			}
		}
	}
	as := s.importedAs()
	for _, t := range types {
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if _, ok := t.(*ast.ChanType); ok {
			return "a channel is state"
		}
		if sel, ok := t.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && (as[x.Name] == "sync" || as[x.Name] == "sync/atomic") {
				return x.Name + "." + sel.Sel.Name + " is state"
			}
		}
	}
	return ""
}

// writes finds init functions, and assignments to package variables of this and other packages.
func (h house) writes(s source, vars map[string]bool) []string {
	var out []string
	as := s.importedAs()
	own := packageVars(s.file)
	assigned := func(e ast.Expr) {
		id, selected := root(e)
		if id == nil {
			return
		}
		switch {
		case id.Obj != nil && own[id.Name] != nil && id.Obj.Decl == any(own[id.Name]), id.Obj == nil && vars[id.Name]:
			out = append(out, h.at(e.Pos())+": "+id.Name+": a package variable does not change")
		case id.Obj == nil && selected && as[id.Name] != "":
			out = append(out, h.at(e.Pos())+": a variable of package "+id.Name+" is not ours to change")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil && x.Name.Name == "init" {
				out = append(out, h.at(x.Pos())+": func init: wiring is done in cmd/hub, in order")
			}
		case *ast.AssignStmt:
			if x.Tok != token.DEFINE {
				for _, e := range x.Lhs {
					assigned(e)
				}
			}
		case *ast.IncDecStmt:
			assigned(x.X)
		case *ast.RangeStmt:
			if x.Tok == token.ASSIGN {
				assigned(x.Key)
				if x.Value != nil {
					assigned(x.Value)
				}
			}
		case *ast.CallExpr:
			if f, ok := x.Fun.(*ast.Ident); ok && f.Obj == nil && (f.Name == "delete" || f.Name == "clear") && len(x.Args) > 0 {
				assigned(x.Args[0])
			}
		}
		return true
	})
	return out
}

// root is the variable at the bottom of an expression such as x.f[i].
func root(e ast.Expr) (id *ast.Ident, selected bool) {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x, selected
		case *ast.SelectorExpr:
			e, selected = x.X, true
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil, false
		}
	}
}

// checkReasons wants every Reason to have a code, and a case in every front end's one switch.
func (h house) checkReasons() []string {
	var out []string
	reasons, codes := h.reasons()
	if len(reasons) == 0 {
		return []string{"bridge/refusal.go: declares no Reason"}
	}
	for _, r := range reasons {
		if !codes[r] {
			out = append(out, "bridge/refusal.go: reasonCodes has none for "+r)
		}
	}
	for _, f := range h.refusalFiles() {
		s := h.source(f)
		if s.file == nil {
			out = append(out, f+": is missing; a front end translates refusals there")
			continue
		}
		out = append(out, switchCovers(s, reasons)...)
	}
	return out
}

// refusalFiles are where front ends translate refusals.
func (h house) refusalFiles() []string {
	out := []string{"web/refuse.go"}
	for _, r := range h.rooms {
		if name, ok := strings.CutPrefix(r.dir, "protocols/"); ok && !strings.Contains(name, "/") {
			out = append(out, r.dir+"/refusal.go")
		}
	}
	return out
}

func (h house) source(p string) source {
	for _, r := range h.rooms {
		for _, s := range r.sources {
			if s.path == p {
				return s
			}
		}
	}
	return source{}
}

// reasons are the constants of type Reason, and the keys of the table of their codes.
func (h house) reasons() (names []string, codes map[string]bool) {
	codes = map[string]bool{}
	s := h.source("bridge/refusal.go")
	if s.file == nil {
		return nil, codes
	}
	for _, d := range s.file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		typed := false
		for _, spec := range g.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			if g.Tok == token.CONST {
				if v.Type != nil || len(v.Values) > 0 {
					t, ok := v.Type.(*ast.Ident)
					typed = ok && t.Name == "Reason"
				}
				for _, name := range v.Names {
					if typed && name.Name != "_" {
						names = append(names, name.Name)
					}
				}
				continue
			}
			if len(v.Names) == 1 && v.Names[0].Name == "reasonCodes" && len(v.Values) == 1 {
				ast.Inspect(v.Values[0], func(n ast.Node) bool {
					if kv, ok := n.(*ast.KeyValueExpr); ok {
						if key, ok := kv.Key.(*ast.Ident); ok {
							codes[key.Name] = true
						}
					}
					return true
				})
			}
		}
	}
	return names, codes
}

// switchCovers wants a switch of the file to name every reason, and no switch over reasons to have a default.
func switchCovers(s source, reasons []string) []string {
	var best []string // what the fullest switch leaves out
	var out []string
	first := true
	ast.Inspect(s.file, func(n ast.Node) bool {
		sw, ok := n.(*ast.SwitchStmt)
		if !ok {
			return true
		}
		named, fallback := map[string]bool{}, false
		for _, c := range sw.Body.List {
			clause, ok := c.(*ast.CaseClause)
			if !ok {
				continue
			}
			fallback = fallback || clause.List == nil
			for _, e := range clause.List {
				if sel, ok := e.(*ast.SelectorExpr); ok {
					if x, ok := sel.X.(*ast.Ident); ok && x.Name == "bridge" {
						named[sel.Sel.Name] = true
					}
				}
			}
		}
		var left []string
		for _, r := range reasons {
			if !named[r] {
				left = append(left, r)
			}
		}
		if len(left) == len(reasons) {
			return true // a switch over something else
		}
		if fallback {
			out = append(out, s.path+": a switch over reasons has a default, so a new reason would go unseen")
		}
		if first || len(left) < len(best) {
			first, best = false, left
		}
		return true
	})
	if first {
		return append(out, s.path+": has no switch over reasons")
	}
	if len(best) > 0 {
		out = append(out, s.path+": the switch leaves out "+strings.Join(best, ", "))
	}
	return out
}
