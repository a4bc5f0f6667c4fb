package trust

import (
	"strings"
	"testing"
)

// oidcDocuments compiles documents of an OIDC partner that differ in one place: in the template it is marked by %.
func oidcDocuments(t *testing.T, template string) func(string) (Partner, error) {
	t.Helper()
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	return func(section string) (Partner, error) {
		t.Helper()
		docs, err := ReadDocuments(strings.NewReader(strings.Replace(template, "%", strings.ReplaceAll(section, "; ", "\n  "), 1)))
		if err != nil {
			t.Fatal(err)
		}
		return compiler.Compile(docs[0], nil, CompileOptions{})
	}
}
