package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write golden files, the schema and the reference again")

// golden compares text with a file, or writes the file with -update.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s has drifted; run go test ./config -update and look at the difference.\ngot:\n%s\nwant:\n%s", file, got, want)
	}
}

// write puts a file into a directory with an exact mode.
func write(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// printed is the report with the temporary directory called /etc/lanyard.
func printed(r Report, dir string) string {
	return strings.ReplaceAll(r.String(), dir, "/etc/lanyard")
}

// TestGoldenReports prints the report for every file in testdata/reports. The
// comments on top of a file say what its environment and its options are.
func TestGoldenReports(t *testing.T) {
	files, err := filepath.Glob("testdata/reports/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := trial(t)
			path := write(t, dir, "lanyard.yaml", string(text), 0o600)
			env, opts := directives(string(text))
			_, report := Load(path, env, opts)
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", printed(report, dir))
		})
	}
}

// directives reads "#env NAME=VALUE" and "#options production,lab" lines.
func directives(text string) (env []string, opts Options) {
	for _, line := range strings.Split(text, "\n") {
		if v, ok := strings.CutPrefix(line, "#env "); ok {
			env = append(env, v)
		}
		if v, ok := strings.CutPrefix(line, "#options "); ok {
			opts.Production = strings.Contains(v, "production")
			opts.Lab = strings.Contains(v, "lab")
			opts.SkipFiles = strings.Contains(v, "skip-files")
		}
	}
	return env, opts
}

// trial is a directory with all files a complete configuration names.
func trial(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cert, key := selfSigned(t, "sso.trust.example", "*.card.sso.trust.example")
	write(t, dir, "tls.crt", cert, 0o644)
	write(t, dir, "tls.key", key, 0o600)
	write(t, dir, "card-ca.pem", cert, 0o644)
	write(t, dir, "card.crl", "list", 0o644)
	write(t, dir, "signing.pem", key+cert, 0o600)
	write(t, dir, "encryption.pem", key+cert, 0o600)
	write(t, dir, "open.pem", key+cert, 0o640)
	write(t, dir, "dsn", "postgres://hub:hunter2@db/lanyard\n", 0o600)
	return dir
}
