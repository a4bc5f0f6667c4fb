package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

const reviewers = `people:
  - { uid: "555021935107", name: Test Doctor, identity: 3 }
  - { uid: "555021935108", name: Test Nurse, identity: 3 }
`

// openings puts openings of emergency access into the store, as a running hub would.
func (h rehearsed) openings(all ...bridge.Emergency) {
	h.t.Helper()
	store, done := h.store()
	defer done()
	for _, e := range all {
		if err := store.(bridge.Journal).Commit(h.t.Context(), bridge.AddEmergency{Emergency: e}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// TestEmergencyReviewCommand: what waits is listed, shown, reviewed once, by somebody else.
func TestEmergencyReviewCommand(t *testing.T) {
	h := newRehearsed(t)
	people := filepath.Join(h.dir, "people.yaml")
	if err := os.WriteFile(people, []byte(reviewers), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("people", "import", people)
	opened := time.Now().Add(-time.Hour)
	e := bridge.Emergency{ID: "e1", UID: "555021935107", Session: "s", Partner: "pas", Refused: "no_role", Reason: "life", Note: "Arrest \"bay 4\".\nSecond line", Ref: "7K4M-2Q9X", Opened: opened, Until: opened.Add(time.Minute)}
	later := e
	later.ID, later.Opened, later.AlertDue = "e2", opened.Add(time.Minute), opened
	h.openings(e, later)

	note := filepath.Join(h.dir, "note.txt")
	if err := os.WriteFile(note, []byte("Confirmed with the ward.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	review := func(id, by, outcome, file string) error {
		_, err := h.run("emergency", "review", id, "--by", by, "--outcome", outcome, "--note-file", file)
		return err
	}
	for name, tc := range map[string]struct {
		err  error
		code int
	}{
		"one's own":       {review("e1", "555021935107", "justified", note), exitRefused},
		"by nobody":       {review("e1", "555021935109", "justified", note), exitRefused},
		"without outcome": {review("e1", "555021935108", "maybe", note), exitUsage},
		"without note":    {review("e1", "555021935108", "justified", filepath.Join(h.dir, "nowhere")), exitMissing},
		"of nothing":      {review("e9", "555021935108", "justified", note), exitMissing},
		"good":            {review("e1", "555021935108", "not_justified", note), 0},
	} {
		var exit exitError
		if errors.As(tc.err, &exit); exit.code != tc.code || (tc.err == nil) != (tc.code == 0) {
			t.Errorf("%s: %v, want exit %d", name, tc.err, tc.code)
		}
	}
	var exit exitError
	if err := review("e1", "555021935108", "justified", note); !errors.As(err, &exit) || exit.code != exitRefused {
		t.Errorf("a second review: %v", err)
	}

	if out := h.must("emergency", "list"); strings.Contains(out, "e1") || !strings.Contains(out, "e2") || !strings.Contains(out, "waiting") {
		t.Errorf("list:\n%s", out)
	}
	var rows []emergencyRow
	if err := json.Unmarshal([]byte(h.must("emergency", "list", "--all", "--json")), &rows); err != nil || len(rows) != 2 || rows[0].ID != "e2" || rows[0].Review != nil ||
		rows[1].Review == nil || rows[1].Review.By != "555021935108" || rows[1].Review.Outcome != "not_justified" || rows[1].Review.Note != "Confirmed with the ward." || rows[1].Note != e.Note {
		t.Errorf("%v: %+v", err, rows)
	}
	if out := h.must("emergency", "show", "e1"); !strings.Contains(out, `"Arrest \"bay 4\".\nSecond line"`) || !strings.Contains(out, "not_justified") {
		t.Errorf("show:\n%s", out)
	}
	if out := h.must("audit", "query", "--kind", "emergency_reviewed"); strings.Count(out, "\n") != 1 || !strings.Contains(out, `"by":"555021935108"`) || strings.Contains(out, "Confirmed") {
		t.Errorf("record:\n%s", out)
	}
}

// TestEmergencyPages: what a list has no room for is found past its last one.
func TestEmergencyPages(t *testing.T) {
	h := newRehearsed(t)
	opened := time.Now().Add(-time.Hour)
	for i, id := range []string{"e1", "e2", "e3"} {
		h.openings(bridge.Emergency{ID: id, UID: "555021935107", Reason: "life", Note: "n", Opened: opened.Add(-time.Duration(i) * time.Minute), Until: opened})
	}
	list := func(args ...string) (ids string) {
		t.Helper()
		var rows []emergencyRow
		if err := json.Unmarshal([]byte(h.must(append([]string{"emergency", "list", "--json"}, args...)...)), &rows); err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			ids += r.ID + " "
		}
		return ids
	}
	if got := list("--limit", "2"); got != "e1 e2 " {
		t.Errorf("%q", got)
	}
	if got := list("--limit", "2", "--past", "e2"); got != "e3 " {
		t.Errorf("%q", got)
	}
	if _, err := h.run("emergency", "list", "--past", "nowhere"); exitCode(err) != exitMissing {
		t.Error(err)
	}
}
