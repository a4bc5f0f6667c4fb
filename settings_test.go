package lanyard_test

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// checkSettings wants every key of the configuration to be read by somebody: a setting that does nothing is a
// promise that is not kept. A key with one allowed value has nothing to be read.
func (h house) checkSettings() []string {
	var out []string
	read := h.selections()
	groups, keys := h.settings()
	for _, k := range keys {
		found := read["."+k.field]
		for parent, t := range groups {
			if t == k.group && read[parent+"."+k.field] {
				found = true
			}
		}
		if !found {
			out = append(out, "config: "+k.group+"."+k.field+" is read by nobody")
		}
	}
	slices.Sort(out)
	return out
}

// setting is a field of a configuration struct.
type setting struct{ group, field string }

var oneValue = regexp.MustCompile(`enum:"[^" ]*"`)

// settings returns the structs of the configuration by the fields that hold them, and all fields that hold values.
func (h house) settings() (groups map[string]string, keys []setting) {
	structs := map[string]bool{}
	inspect(h.source("config/config.go"), func(n ast.Node) {
		if t, ok := n.(*ast.TypeSpec); ok {
			if _, ok := t.Type.(*ast.StructType); ok {
				structs[t.Name.Name] = true
			}
		}
	})
	groups = map[string]string{}
	inspect(h.source("config/config.go"), func(n ast.Node) {
		t, ok := n.(*ast.TypeSpec)
		if !ok {
			return
		}
		s, ok := t.Type.(*ast.StructType)
		if !ok {
			return
		}
		for _, f := range s.Fields.List {
			if f.Tag == nil || !strings.Contains(f.Tag.Value, `key:"`) || oneValue.MatchString(f.Tag.Value) {
				continue
			}
			of, _ := f.Type.(*ast.Ident)
			for _, name := range f.Names {
				switch {
				case of != nil && structs[of.Name]:
					groups[name.Name] = of.Name
				case name.Name != "Version": // the reader's own
					keys = append(keys, setting{t.Name.Name, name.Name})
				}
			}
		}
	})
	return groups, keys
}

// selections are the fields that rooms which import config read: "Session.Idle" for c.Session.Idle, and ".Idle" for
// a variable that holds the group. Assignments do not count.
func (h house) selections() map[string]bool {
	out := map[string]bool{}
	for _, r := range h.rooms {
		for _, s := range r.production() {
			if !slices.Contains(s.imports(), module+"/config") && r.dir != "cmd/hub" && r.dir != "cmd/lanyard" {
				continue
			}
			written := map[ast.Expr]bool{}
			ast.Inspect(s.file, func(n ast.Node) bool {
				switch x := n.(type) {
				case *ast.AssignStmt:
					for _, e := range x.Lhs {
						written[e] = true
					}
				case *ast.SelectorExpr:
					if written[x] {
						return true
					}
					switch on := x.X.(type) {
					case *ast.SelectorExpr:
						out[on.Sel.Name+"."+x.Sel.Name] = true
						if on.Sel.Name == "Config" {
							out["."+x.Sel.Name] = true
						}
					case *ast.Ident:
						out["."+x.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	return out
}
