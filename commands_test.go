package lanyard_test

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// command is one cobra command as the sources declare it.
type command struct {
	name     string
	children []*command
	calls    []string // functions that return further children
}

// cli is what cmd/lanyard offers: its tree of commands, and the names of all flags.
type cli struct {
	root  *command
	flags map[string]bool
}

// readCLI reads the cobra commands out of the sources: a package main cannot be imported.
func (h house) readCLI() cli {
	by := map[string]*command{}
	out := cli{flags: map[string]bool{"help": true}}
	for _, s := range h.room("cmd/lanyard").production() {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
				readFlags(f.Body, out.flags)
				if c := readCommand(f.Body); c != nil {
					by[f.Name.Name] = c
				}
			}
		}
	}
	for _, c := range by {
		for _, f := range c.calls {
			if child := by[f]; child != nil {
				c.children = append(c.children, child)
			}
		}
		if c.name == "lanyard" {
			out.root = c
		}
	}
	return out
}

// readCommand finds the command a function makes: the one it does not add to another.
func readCommand(body *ast.BlockStmt) *command {
	local := map[string]*command{}
	var all []*command
	made := map[*ast.CompositeLit]*command{}
	added := map[*command]bool{}
	var top *command
	ast.Inspect(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CompositeLit:
			if name := useOf(x); name != "" {
				made[x] = &command{name: name}
				all = append(all, made[x])
			}
		}
		return true
	})
	ast.Inspect(body, func(n ast.Node) bool {
		if x, ok := n.(*ast.AssignStmt); ok && len(x.Lhs) == 1 && len(x.Rhs) == 1 {
			if id, ok := x.Lhs[0].(*ast.Ident); ok {
				if c := made[literal(x.Rhs[0])]; c != nil {
					local[id.Name] = c
				}
			}
		}
		return true
	})
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "AddCommand" {
			return true
		}
		id, _ := sel.X.(*ast.Ident)
		if id == nil || local[id.Name] == nil {
			return true
		}
		parent := local[id.Name]
		for _, arg := range call.Args {
			switch x := arg.(type) {
			case *ast.Ident:
				if c := local[x.Name]; c != nil {
					parent.children, added[c] = append(parent.children, c), true
				}
			case *ast.CallExpr:
				if f, ok := x.Fun.(*ast.SelectorExpr); ok {
					parent.calls = append(parent.calls, f.Sel.Name)
				} else if f, ok := x.Fun.(*ast.Ident); ok {
					parent.calls = append(parent.calls, f.Name)
				}
			default:
				if c := made[literal(arg)]; c != nil {
					parent.children, added[c] = append(parent.children, c), true
				}
			}
		}
		return true
	})
	for _, c := range all {
		if !added[c] && top == nil {
			top = c
		}
	}
	return top
}

func literal(e ast.Expr) *ast.CompositeLit {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	lit, _ := e.(*ast.CompositeLit)
	return lit
}

func useOf(lit *ast.CompositeLit) string {
	sel, ok := lit.Type.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Command" {
		return ""
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Use" {
				name, _, _ := strings.Cut(textOf(kv.Value, nil), " ")
				return name
			}
		}
	}
	return ""
}

// readFlags collects the string literals that name flags: fs.StringVar(&x, "name", ...).
func readFlags(body *ast.BlockStmt, into map[string]bool) {
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 3 {
			return true
		}
		sel, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !regexp.MustCompile(`^(String|Bool|Int|Int64|Uint16|Duration|StringSlice|StringArray)(Var)?P?$`).MatchString(sel.Sel.Name) {
			return true
		}
		name := call.Args[0]
		if strings.Contains(sel.Sel.Name, "Var") {
			name = call.Args[1]
		}
		if lit, ok := name.(*ast.BasicLit); ok {
			into[unquote(lit.Value)] = true
		}
		return true
	})
}

func (c *command) child(name string) *command {
	for _, x := range c.children {
		if x.name == name {
			return x
		}
	}
	return nil
}

var (
	invoked = regexp.MustCompile(`^\s*(?:\$ |# )?(?:sudo (?:-u \S+ )?)?(?:go run \./cmd/lanyard|\./bin/lanyard|\./lanyard|bin/lanyard|lanyard) (.*)$`)
	word    = regexp.MustCompile(`^[a-z][a-z-]*$`)
	flag    = regexp.MustCompile(`(?:^|\s)--([a-z][a-z-]*)`)
)

// checkCommands wants the commands in fenced blocks, and their flags, to exist.
func (h house) checkCommands() []string {
	var out []string
	c := h.readCLI()
	for _, p := range h.pages() {
		for _, line := range p.fenced {
			m := invoked.FindStringSubmatch(line.text)
			if m == nil {
				continue
			}
			if why := c.judge(m[1]); why != "" {
				out = append(out, fmt.Sprintf("%s:%d: %s: %s", p.path, line.n, strings.TrimSpace(line.text), why))
			}
		}
	}
	return out
}

func (c cli) judge(line string) string {
	if c.root == nil {
		return "cmd/lanyard declares no command"
	}
	line, _, _ = strings.Cut(line, " #")
	at := c.root
	for _, w := range strings.Fields(line) {
		if !word.MatchString(w) || len(at.children) == 0 {
			break
		}
		next := at.child(w)
		if next == nil {
			return "there is no command " + w
		}
		at = next
	}
	if len(at.children) > 0 && !strings.Contains(line, "--help") {
		return at.name + " needs a further word"
	}
	for _, m := range flag.FindAllStringSubmatch(line, -1) {
		if !c.flags[m[1]] {
			return "there is no flag --" + m[1]
		}
	}
	return ""
}

// checkCommandReference wants docs/reference/commands.md to have a heading for every command.
func (h house) checkCommandReference() []string {
	const document = "docs/reference/commands.md"
	var headings []string
	for _, p := range h.pages() {
		if p.path == document {
			for _, line := range p.prose {
				headings = append(headings, line.text)
			}
		}
	}
	var out []string
	var visit func(c *command, prefix string)
	visit = func(c *command, prefix string) {
		name := strings.TrimSpace(prefix + " " + c.name)
		if len(c.children) == 0 && !slices.Contains(headings, "### `"+name+"`") {
			out = append(out, document+": does not describe `"+name+"`")
		}
		for _, x := range c.children {
			visit(x, name)
		}
	}
	if root := h.readCLI().root; root != nil {
		visit(root, "")
	}
	slices.Sort(out)
	return out
}
