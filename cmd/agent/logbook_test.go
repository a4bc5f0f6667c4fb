package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestLogbook(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	read := func(name string) []byte {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	line := append(bytes.Repeat([]byte("x"), 1023), '\n')
	for range 2 { // an agent, and the one after it
		l, err := openLogbook(dir)
		if err != nil {
			t.Fatal(err)
		}
		for range maxLog / len(line) * 3 / 4 {
			if n, err := l.Write(line); err != nil || n != len(line) {
				t.Fatal(n, err)
			}
		}
		if err := l.file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	old, now := read(oldLog), read(logFile)
	if len(old) != maxLog || len(now) != maxLog/2 {
		t.Errorf("%d and %d bytes", len(old), len(now))
	}
	if _, err := openLogbook(""); err == nil {
		t.Error("a log nowhere")
	}
}
