package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestHintOfSystems: who applies a legacy system that may be mistaken for another, or for everybody, is told.
func TestHintOfSystems(t *testing.T) {
	h := newRehearsed(t)
	system := func(id, networks string) string {
		return "partner: " + id + "\nprotocol: ticket\nstage: live\nticket: { return_urls: ['https://" + id + ".example/cb'], networks: [" + networks + "] }\n"
	}
	h.with("", map[string]string{"lab.yaml": system("lab", "10.1.0.0/16"), "pas.yaml": system("pas", "10.2.0.0/16"), "stores.yaml": system("stores", "10.1.7.0/24"), "all.yaml": system("all", "0.0.0.0/0")})
	for _, c := range []struct {
		file, want string
		n          int
	}{
		{"lab.yaml", "", 0}, {"pas.yaml", "", 0}, {"lab.yaml", "", 0}, {"stores.yaml", "those of lab too", 1}, {"all.yaml", "every address", 4},
	} {
		_, hints, err := h.both("partner", "apply", "-f", filepath.Join(h.dir, c.file))
		if err != nil || strings.Count(hints, "hint: ") != c.n || !strings.Contains(hints, c.want) {
			t.Errorf("%s: %q, %v", c.file, hints, err)
		}
	}
}
