package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	file, err := filepath.Abs("testdata/show.golden")
	if err != nil {
		t.Fatal(err)
	}
	dir := trial(t)
	text := minimal + `
listen: ":8443"
session: { idle: 90m }
store: { driver: postgres, dsn_file: dsn }
`
	t.Chdir(dir)
	write(t, dir, "lanyard.yaml", text, 0o600)
	c, report := Load("lanyard.yaml", []string{"LANYARD_LOG__LEVEL=debug", "LANYARD_ORGANISATION__HELP=ext # 4444"}, Options{})
	if len(report) > 0 {
		t.Fatal(report)
	}
	golden(t, file, Show(c))
	b, err := json.Marshal(Values(c))
	if err != nil || strings.Contains(string(b), "hunter2") {
		t.Error(err, string(b))
	}
}

// TestSecretIsMasked tries every usual way of printing.
func TestSecretIsMasked(t *testing.T) {
	s := Secret("hunter2")
	c := Config{Store: Store{DSN: s}}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	logger.Info("x", "dsn", s, "config", c)
	for name, got := range map[string]string{
		"v": fmt.Sprintf("%v %s %q", s, s, s), "plus": fmt.Sprintf("%+v", c), "sharp": fmt.Sprintf("%#v", c), "json": string(asJSON), "slog": log.String(),
	} {
		if strings.Contains(got, "hunter2") || !strings.Contains(got, "f52f") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if s.Reveal() != "hunter2" || Secret("").String() != "" {
		t.Error("Reveal or the empty secret")
	}
}
