package components

import (
	"path"
	"path/filepath"
	"testing"
	"time"
)

// Build compiles a main package of this module, as `make build` does, and
// returns the program, which is removed with the test. Call it once and share
// the result.
func Build(tb testing.TB, pkg string) string {
	tb.Helper()
	file := filepath.Join(directory(tb, "bin"), path.Base(pkg))
	must(tb, Command{
		Path: "go", Args: []string{"build", "-trimpath", "-ldflags=-s", "-o", file, pkg},
		Env:  map[string]string{"CGO_ENABLED": "0"},
		Wait: 10 * time.Minute, // a cold cache on two shared cores
	})
	return file
}
