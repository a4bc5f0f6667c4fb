package channel

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCardsSurvive: what was in is known after a crash, with the time that it was seen last, until it was told of or comes again.
func TestCardsSurvive(t *testing.T) {
	dir, now := t.TempDir(), time.Unix(1_700_000_000, 0)
	open := func() *Cards {
		t.Helper()
		c, err := OpenCards(dir, func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	if err := errors.Join(c.Came("A", []byte{1}), c.Came("B", []byte{2}), c.Came("C", []byte{3})); err != nil {
		t.Fatal(err)
	}
	if got := c.Earlier(); len(got) != 0 {
		t.Errorf("%v: this run saw them", got)
	}
	now = now.Add(time.Hour)
	if err := errors.Join(c.Still(func(card []byte) bool { return card[0] == 2 }), c.Left([]byte{3}), c.Left([]byte{9})); err != nil {
		t.Fatal(err)
	}
	again := open() // the first was never closed
	got := again.Earlier()
	if len(got) != 2 || got[0].Reader != "A" || !got[0].Seen.Equal(now.Add(-time.Hour)) || got[1].Reader != "B" || !got[1].Seen.Equal(now) {
		t.Errorf("%+v", got)
	}
	if err := again.Came("elsewhere", []byte{2}); err != nil {
		t.Fatal(err)
	}
	if got := again.Earlier(); len(got) != 1 || got[0].Reader != "A" {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(filepath.Join(dir, cardsFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := os.WriteFile(filepath.Join(dir, cardsFile), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCards(dir, time.Now); err == nil {
		t.Error("a damaged file is taken for an empty one")
	}
}

func TestCardsAreBounded(t *testing.T) {
	c, err := OpenCards(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range maxCards + 5 {
		if err := c.Came("A", []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.here) != maxCards || c.here[0].Certificate[0] != 5 {
		t.Errorf("%d, first %v", len(c.here), c.here[0])
	}
}
