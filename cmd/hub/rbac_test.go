package hub

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestRBACDocumentIsFollowed: what changed is read, and what cannot be read leaves the last good document in force.
func TestRBACDocumentIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rbac.yaml")
	var log bytes.Buffer
	h := &Hub{options: Options{Config: config.Config{RBAC: config.RBAC{File: path}}, Log: slog.New(slog.NewTextHandler(&log, nil))}}
	if err := h.wireRBAC(t.Context()); err != nil || h.rbac.inForce.Load() != nil || !strings.Contains(log.String(), "no RBAC document is in force") {
		t.Fatalf("a missing document: %v, log %s", err, log.String())
	}
	const one, two = "activities: [{ code: B0001, name: N }]\n", "activities: [{ code: B0001, name: N }, { code: B0002, name: N }]\n"
	when := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		write string // empty: leave it; "-": remove it
		want  int    // activities in force
		fails error
	}{
		{one, 1, nil}, {"", 1, nil}, {two, 2, nil}, {"activities: 1\n", 2, people.ErrImport}, {"", 2, people.ErrImport}, {"-", 2, fs.ErrNotExist}, {one, 1, nil},
	} {
		switch step.write {
		case "":
		case "-":
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		default:
			when = when.Add(time.Second)
			if err := errors.Join(os.WriteFile(path, []byte(step.write), 0o600), os.Chtimes(path, when, when)); err != nil {
				t.Fatal(err)
			}
		}
		log.Reset()
		err := h.rbac.follow(t.Context())
		if !errors.Is(err, step.fails) {
			t.Errorf("step %d: %v, want %v", i, err, step.fails)
		}
		if got, _ := h.rbac.inForce.Load().Size(); got != step.want {
			t.Errorf("step %d: %d activities in force, want %d", i, got, step.want)
		}
		if read := strings.Contains(log.String(), "RBAC document in force"); read != (step.write != "" && step.fails == nil) {
			t.Errorf("step %d: read %v", i, read)
		}
	}
	if err := (&Hub{}).wireRBAC(t.Context()); err != nil {
		t.Error(err)
	}
	if b, err := ReadRBAC(config.RBAC{}); b != nil || err != nil {
		t.Errorf("none configured: %v, %v", b, err)
	}
}
