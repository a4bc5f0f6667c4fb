package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestScreenIsNotDriven: on a terminal nothing that was repeated drives it; in a file it is as it was.
func TestScreenIsNotDriven(t *testing.T) {
	const hostile = "name\x1b]0;x\x07\u009b2J\u202eevil\u2066\u200b\r\x7f\tend\n"
	var seen bytes.Buffer
	n, err := fmt.Fprint(screen{&seen}, hostile)
	if got := seen.String(); err != nil || n != len(hostile) || got != "name\uFFFD]0;x\uFFFD\uFFFD2J\uFFFDevil\uFFFD\uFFFD\uFFFD\uFFFD\tend\n" {
		t.Errorf("%d %v %q", n, err, got)
	}
	device, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0) // for a terminal: it is a device of characters, too
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if out, ok := onScreen(device).(screen); !ok || out.Writer != device {
		t.Error("what is no file is not taken for a screen")
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprint(onScreen(f), hostile); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || string(got) != hostile {
		t.Errorf("%q %v", got, err)
	}
}
