package lanyard_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// attackRows are the rows of the attack catalogue that the hub as built answers, by first and last number. Rows 24 to 26 and 126
// to 130 are about Responses of other identity providers, which the hub does not take; row 117 is the partners' to answer.
var attackRows = [][2]int{
	{1, 23}, {27, 63}, {65, 66}, {68, 68}, {71, 116}, {118, 125}, {149, 196}, {198, 210},
	{213, 219}, {226, 234}, {236, 238},
}

var rowName = regexp.MustCompile(`^(\d{1,3})($|[ /:-])`)

// TestAttackRowsAreTested looks for a test named after each row: a string that begins with the row's number,
// inside or beside a function called TestSecurity.
func TestAttackRowsAreTested(t *testing.T) {
	tested := map[int]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, n := range rowsNamed(file) {
			tested[n] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range attackRows {
		for n := r[0]; n <= r[1]; n++ {
			if !tested[n] {
				t.Errorf("no test is named after row %d of the attack catalogue", n)
			}
		}
	}
}

func rowsNamed(file *ast.File) []int {
	var names []int
	security := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			security = security || strings.HasPrefix(x.Name.Name, "TestSecurity") || strings.Contains(strings.ToLower(x.Name.Name), "attack") || strings.Contains(strings.ToLower(x.Name.Name), "rows")
		case *ast.BasicLit:
			if x.Kind != token.STRING {
				return true
			}
			s, err := strconv.Unquote(x.Value)
			if m := rowName.FindStringSubmatch(s); err == nil && m != nil {
				if row, err := strconv.Atoi(m[1]); err == nil {
					names = append(names, row)
				}
			}
		}
		return true
	})
	if !security {
		return nil
	}
	return names
}

// TestRowsNamedCatches proves that the search above can fail.
func TestRowsNamedCatches(t *testing.T) {
	parse := func(src string) []int {
		file, err := parser.ParseFile(token.NewFileSet(), "x_test.go", "package x\n"+src, 0)
		if err != nil {
			t.Fatal(err)
		}
		return rowsNamed(file)
	}
	if got := parse(`func TestSecurity(t *testing.T) { t.Run("013", f); t.Run("97 evil", f); t.Run("1024 bits", f) }`); len(got) != 2 || got[0] != 13 || got[1] != 97 {
		t.Errorf("rows %v, want 13 and 97", got)
	}
	if got := parse(`func TestOther(t *testing.T) { t.Run("013", f) }`); got != nil {
		t.Errorf("rows %v, want none", got)
	}
}
