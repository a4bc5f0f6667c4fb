package components

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Gate skips the test unless LANYARD_COMPONENTS=1, which `make test` sets.
// Past the gate nothing is skipped: a missing program fails the test.
func Gate(tb testing.TB) {
	tb.Helper()
	if os.Getenv("LANYARD_COMPONENTS") != "1" {
		tb.Skip("needs real components: run `make test`, or set LANYARD_COMPONENTS=1")
	}
}

// program returns the path of the first candidate that is installed; names
// with a slash are glob patterns, others are searched in PATH and the sbin
// directories that an unprivileged PATH leaves out.
func program(tb testing.TB, candidates ...string) string {
	tb.Helper()
	for _, c := range candidates {
		if filepath.IsAbs(c) {
			if found, _ := filepath.Glob(c); len(found) > 0 {
				return found[len(found)-1]
			}
			continue
		}
		if path, err := exec.LookPath(c); err == nil {
			return path
		}
		for _, dir := range []string{"/usr/sbin", "/sbin"} {
			if path, err := exec.LookPath(filepath.Join(dir, c)); err == nil {
				return path
			}
		}
	}
	tb.Fatalf("not installed: %v; run .ci/install-components", candidates)
	return ""
}

// directory makes a short-named temporary directory that every account
// may enter, and removes it with the test. Short, because
// a Unix socket's path is limited to 107 bytes.
func directory(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "lanyard-"+name+"-")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Logf("left behind: %v", err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// write puts text into dir/name and returns the path; the mode is 0644.
func write(tb testing.TB, dir, name, text string) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}
