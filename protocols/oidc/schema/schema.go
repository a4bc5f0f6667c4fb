package schema

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.json
var files embed.FS

// Names lists the schemas.
func Names() []string {
	found, err := fs.Glob(files, "*.json")
	if err != nil {
		panic("schema: " + err.Error()) // the pattern is a constant
	}
	out := make([]string, 0, len(found))
	for _, f := range found {
		out = append(out, strings.TrimSuffix(path.Base(f), ".json"))
	}
	return out
}

// Read returns a schema by name; false if there is none.
func Read(name string) ([]byte, bool) {
	if strings.ContainsAny(name, "/.") {
		return nil, false
	}
	data, err := files.ReadFile(name + ".json")
	return data, err == nil
}
