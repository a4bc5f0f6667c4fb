package oidc

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write golden files anew")

// golden compares JSON with a file, indented.
func golden(t *testing.T, name, got string) {
	t.Helper()
	var text bytes.Buffer
	must(t, json.Indent(&text, []byte(got), "", "  "))
	text.WriteByte('\n')
	file := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(file, text.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if !bytes.Equal(want, text.Bytes()) {
		t.Errorf("%s: got %s", file, text.String())
	}
}
