package lanyard_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// module is the path that imports of ours begin with.
const module = "github.com/lanyard-hub/lanyard"

// source is one parsed Go file.
type source struct {
	path string
	test bool
	text []byte
	file *ast.File
}

// room is one package directory, "." for the root.
type room struct {
	dir     string
	sources []source
}

// house is everything the rules look at. The real one is read from disk, planted ones from memory.
type house struct {
	fsys  fs.FS
	fset  *token.FileSet
	rooms []room
	files []string // every file that would be committed
}

// readHouse parses every Go file. Files that do not parse are an error: no rule holds for them.
func readHouse(fsys fs.FS, files []string) (house, error) {
	h := house{fsys: fsys, fset: token.NewFileSet(), files: files}
	rooms := map[string]*room{}
	for _, name := range files {
		if path.Ext(name) != ".go" || slices.Contains(strings.Split(name, "/"), "testdata") {
			continue
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return h, err
		}
		file, err := parser.ParseFile(h.fset, name, text, parser.ParseComments)
		if err != nil {
			return h, err
		}
		dir := path.Dir(name)
		if rooms[dir] == nil {
			rooms[dir] = &room{dir: dir}
		}
		rooms[dir].sources = append(rooms[dir].sources, source{name, strings.HasSuffix(name, "_test.go"), text, file})
	}
	for _, r := range rooms {
		h.rooms = append(h.rooms, *r)
	}
	sort.Slice(h.rooms, func(i, j int) bool { return h.rooms[i].dir < h.rooms[j].dir })
	return h, nil
}

// room finds a package directory; the zero room if there is none.
func (h house) room(dir string) room {
	for _, r := range h.rooms {
		if r.dir == dir {
			return r
		}
	}
	return room{}
}

// production lists the files that are not tests.
func (r room) production() []source {
	var out []source
	for _, s := range r.sources {
		if !s.test {
			out = append(out, s)
		}
	}
	return out
}

func (h house) line(p token.Pos) int { return h.fset.Position(p).Line }

// at is a place for a message.
func (h house) at(p token.Pos) string {
	pos := h.fset.Position(p)
	return fmt.Sprintf("%s:%d", pos.Filename, pos.Line)
}

// imports lists the import paths of a file.
func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		out = append(out, unquote(i.Path.Value))
	}
	return out
}

// importedAs maps the names by which a file knows other packages to their paths.
func (s source) importedAs() map[string]string {
	out := map[string]string{}
	for _, i := range s.file.Imports {
		p := unquote(i.Path.Value)
		name := path.Base(p)
		if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" {
			name = path.Base(path.Dir(p))
		}
		if i.Name != nil {
			name = i.Name.Name
		}
		out[name] = p
	}
	return out
}

func unquote(s string) string {
	out, err := strconv.Unquote(s)
	if err != nil {
		return s
	}
	return out
}

// within reports whether a path is a folder or below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }
