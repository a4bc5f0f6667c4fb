package lanyard_test

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// page is a Markdown file taken apart.
type page struct {
	path    string
	prose   []numbered // lines outside of fences
	fenced  []numbered // lines inside
	anchors map[string]bool
}

type numbered struct {
	n    int
	text string
}

func (h house) pages() []page {
	var out []page
	for _, name := range h.files {
		if path.Ext(name) != ".md" || strings.Contains(name, "testdata/") {
			continue
		}
		text, err := fs.ReadFile(h.fsys, name)
		if err == nil {
			out = append(out, readPage(name, string(text)))
		}
	}
	return out
}

var notAnchor = regexp.MustCompile(`[^a-z0-9 _-]`)

func readPage(name, text string) page {
	p := page{path: name, anchors: map[string]bool{}}
	fence := false
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fence = !fence
			continue
		}
		if fence {
			p.fenced = append(p.fenced, numbered{n, line})
			continue
		}
		p.prose = append(p.prose, numbered{n, line})
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			anchor := notAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			p.anchors[strings.ReplaceAll(anchor, " ", "-")] = true
		}
	}
	return p
}

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)(?:\s+"[^"]*")?\)`)
	codeSpan = regexp.MustCompile("`[^`]*`")
)

// checkLinks wants relative links to lead to files, and fragments to headings.
func (h house) checkLinks() []string {
	var out []string
	pages := map[string]page{}
	for _, p := range h.pages() {
		pages[p.path] = p
	}
	for _, p := range pages {
		for _, line := range p.prose {
			for _, m := range link.FindAllStringSubmatch(codeSpan.ReplaceAllString(line.text, ""), -1) {
				if why := h.judgeLink(p, m[1], pages); why != "" {
					out = append(out, fmt.Sprintf("%s:%d: %s: %s", p.path, line.n, m[1], why))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func (h house) judgeLink(from page, target string, pages map[string]page) string {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return ""
	}
	file, fragment, _ := strings.Cut(target, "#")
	name := from.path
	if file != "" {
		name = path.Join(path.Dir(from.path), file)
		if _, err := fs.Stat(h.fsys, name); err != nil {
			return "there is no such file"
		}
	}
	if fragment != "" && path.Ext(name) == ".md" && !pages[name].anchors[fragment] {
		return "there is no such heading"
	}
	return ""
}

// named finds what looks like the path of a file of ours in backquotes.
var named = regexp.MustCompile("`((?:[a-z0-9_-]+/)+[a-z0-9_.-]+\\.(?:go|md|sql|yaml|json|html|js))(?::([A-Za-z.]+))?`")

// checkNamedFiles wants the files that the documents name in backquotes to exist.
func (h house) checkNamedFiles() []string {
	var out []string
	for _, p := range h.pages() {
		if !within(p.path, "docs") && p.path != "README.md" && p.path != "CONTRIBUTING.md" {
			continue
		}
		for _, line := range p.prose {
			for _, m := range named.FindAllStringSubmatch(line.text, -1) {
				if _, err := fs.Stat(h.fsys, m[1]); err != nil {
					out = append(out, fmt.Sprintf("%s:%d: names %s, which does not exist", p.path, line.n, m[1]))
				}
			}
		}
	}
	return out
}

// walk is a table row of a life-of document: a file, and functions of it.
var (
	walked   = regexp.MustCompile("^\\|[^|]*\\|\\s*`([a-z0-9_/.-]+\\.go)`\\s*\\|([^|]*)\\|")
	function = regexp.MustCompile("`([A-Za-z]+(?:\\.[A-Za-z]+)?)`")
)

// checkWalks wants every step of a life-of document to name a file and functions that the file declares.
func (h house) checkWalks() []string {
	var out []string
	for _, p := range h.pages() {
		if !strings.HasPrefix(p.path, "docs/life-of-") {
			continue
		}
		steps := 0
		for _, line := range p.prose {
			m := walked.FindStringSubmatch(line.text)
			if m == nil {
				continue
			}
			steps++
			s := h.source(m[1])
			if s.file == nil {
				out = append(out, fmt.Sprintf("%s:%d: there is no file %s", p.path, line.n, m[1]))
				continue
			}
			declared := declarations(s.file)
			for _, f := range function.FindAllStringSubmatch(m[2], -1) {
				if !declared[f[1]] {
					out = append(out, fmt.Sprintf("%s:%d: %s does not declare %s", p.path, line.n, m[1], f[1]))
				}
			}
		}
		if steps == 0 {
			out = append(out, p.path+": walks through nothing")
		}
	}
	return out
}

// declarations are the names a file declares, methods both with and without their type.
func declarations(f *ast.File) map[string]bool {
	out := map[string]bool{}
	for _, d := range f.Decls {
		switch x := d.(type) {
		case *ast.FuncDecl:
			out[x.Name.Name] = true
			if x.Recv != nil {
				if id, _ := root(x.Recv.List[0].Type); id != nil {
					out[id.Name+"."+x.Name.Name] = true
				}
			}
		case *ast.GenDecl:
			for _, spec := range x.Specs {
				switch y := spec.(type) {
				case *ast.TypeSpec:
					out[y.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range y.Names {
						out[name.Name] = true
					}
				}
			}
		}
	}
	return out
}

var kindHeading = regexp.MustCompile("^### `([a-z_]+)`$")

// kinds are the constants of the catalogue of audit events.
func (h house) kinds() map[string]bool {
	kinds := map[string]bool{}
	for _, s := range h.room("trust/ledger").production() {
		ast.Inspect(s.file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) == 0 {
				return true
			}
			if t, ok := v.Type.(*ast.Ident); ok && t.Name == "Kind" {
				kinds[textOf(v.Values[0], nil)] = true
			}
			return true
		})
	}
	return kinds
}

// checkKinds compares the catalogue of audit events with the document that describes it.
func (h house) checkKinds() []string {
	const document = "docs/audit-events.md"
	kinds := h.kinds()
	if len(kinds) == 0 {
		return []string{"trust/ledger: declares no Kind"}
	}
	var out []string
	described := map[string]bool{}
	for _, p := range h.pages() {
		if p.path != document {
			continue
		}
		for _, line := range p.prose {
			if m := kindHeading.FindStringSubmatch(line.text); m != nil {
				described[m[1]] = true
				if !kinds[m[1]] {
					out = append(out, document+": describes "+m[1]+", which is no kind of event")
				}
			}
		}
	}
	for k := range kinds {
		if !described[k] {
			out = append(out, document+": does not describe "+k)
		}
	}
	slices.Sort(out)
	return out
}

var hazardRow = regexp.MustCompile(`^\| (H[0-9]+) \|`)

// checkHazards finds hazards that share a number: a case that cites one would mean either.
func (h house) checkHazards() []string {
	const document = "docs/hazards.md"
	var out []string
	seen := map[string]bool{}
	for _, p := range h.pages() {
		if p.path != document {
			continue
		}
		for _, line := range p.prose {
			if m := hazardRow.FindStringSubmatch(line.text); m != nil {
				if seen[m[1]] {
					out = append(out, document+": "+m[1]+" stands for two hazards")
				}
				seen[m[1]] = true
			}
		}
	}
	return out
}
