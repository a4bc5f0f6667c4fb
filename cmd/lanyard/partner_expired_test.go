package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestListWarnsOfExpiredMetadata: a partner that is not answered any more for the age of its metadata is listed, and that is said. It can
// be suspended.
func TestListWarnsOfExpiredMetadata(t *testing.T) {
	h := newRehearsed(t)
	for _, name := range []string{"old", "new"} {
		if err := h.apply(name, ""); err != nil {
			t.Fatal(err)
		}
	}
	if _, said, err := h.both("partner", "list"); err != nil || strings.Contains(said, "not answered") {
		t.Fatalf("%s %v", said, err)
	}
	h.grow("https://old.example/sp")
	out, said, err := h.both("partner", "list")
	if err != nil || !strings.Contains(out, "https://old.example/sp") || strings.Count(said, "warning: not answered: the metadata of https://old.example/sp was good until 2020-01-01 00:00 UTC") != 1 ||
		strings.Contains(said, "new.example") || strings.Contains(said, "not served") {
		t.Errorf("%s\n%s %v", out, said, err)
	}
	h.must("partner", "suspend", "https://old.example/sp")
	if _, said, err := h.both("partner", "list"); err != nil || strings.Contains(said, "not answered") {
		t.Errorf("nobody asks about one that is suspended: %s %v", said, err)
	}
}

// grow has the stored metadata of a partner expire.
func (h rehearsed) grow(id string) {
	h.t.Helper()
	store, done := h.store()
	defer done()
	all, _, err := store.Partners(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range all {
		if r.ID != id {
			continue
		}
		r.Metadata = bytes.Replace(r.Metadata, []byte(" entityID"), []byte(` validUntil="2020-01-01T00:00:00Z" entityID`), 1)
		if _, err := store.SavePartner(h.t.Context(), r, r.Revision); err != nil {
			h.t.Fatal(err)
		}
	}
}
