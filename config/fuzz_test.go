package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzLoad feeds any bytes as file and any text as environment. Nothing may
// panic; every problem of the file has a place inside it and one line of text;
// a configuration without errors loads again to the same.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/reports/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, "LANYARD_SESSION__IDLE=15")
	}
	f.Add([]byte(minimal), "LANYARD_STORE__DSN=x\nLANYARD_=")
	f.Add([]byte("a: &a [*a, *a]\n<<: *a\n"), "LANYARD_AUTHENTICATORS=,")
	f.Add([]byte("? {a: b}\n: !!binary x\n\"\\u2028\": |\n  x\n"), "")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, file []byte, env string) {
		path := filepath.Join(dir, "lanyard.yaml")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		opts := Options{SkipFiles: true}
		variables := strings.Split(env, "\n")
		c, report := Load(path, variables, opts)
		lines := strings.Count(string(file), "\n") + strings.Count(string(file), "\r") + strings.Count(string(file), "\u0085") +
			strings.Count(string(file), "\u2028") + strings.Count(string(file), "\u2029") + 1
		for _, p := range report {
			inFile := p.Source == path && len(file) <= maxSize
			if inFile && (p.Line < 1 || p.Line > lines || p.Col < 1) {
				t.Errorf("%d:%d of %d lines: %s", p.Line, p.Col, lines, p.Message)
			}
			if p.Message == "" || strings.ContainsAny(p.Message+p.Excerpt+p.Source, "\n\x1b") {
				t.Errorf("%q %q %q", p.Source, p.Message, p.Excerpt)
			}
		}
		again, second := Load(path, variables, opts)
		if report.String() != second.String() || Show(c) != Show(again) {
			t.Error("two loads of the same bytes differ")
		}
		if !report.HasErrors() && (c.Version != 1 || c.Host() == "" || c.Data == "" || c.Keys.Signing == "") {
			t.Errorf("accepted without a required key: %+v", c)
		}
	})
}
