package trace

import (
	"context"
	"log/slog"
	"testing"
	"time"
)

type fakeStore struct{ saved []Entry }

func (f *fakeStore) SaveTraces(_ context.Context, es []Entry) error {
	f.saved = append(f.saved, es...)
	return nil
}
func (f *fakeStore) Traces(context.Context, string) ([]Entry, error) { return f.saved, nil }

func TestRecorderSavesWithoutSecrets(t *testing.T) {
	store := &fakeStore{}
	now := time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	r := NewRecorder(store, time.Hour, func() time.Time { return now }, slog.New(slog.DiscardHandler))
	r.Trace("", "nobody can ask for this")
	r.Trace("7K4M-2Q9X", "token", "client", "epr", "code", "canary-secret")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.Run(ctx)
	if len(store.saved) != 1 {
		t.Fatalf("saved %d entries, want 1", len(store.saved))
	}
	got := store.saved[0]
	if got.Fields[1] != "epr" || got.Fields[3] != "(hidden)" {
		t.Errorf("fields = %q", got.Fields)
	}
	if !got.Expires.Equal(now.Add(time.Hour)) {
		t.Errorf("expires %v", got.Expires)
	}
}

func TestRecorderDropsWhenFull(t *testing.T) {
	r := NewRecorder(&fakeStore{}, time.Hour, time.Now, slog.New(slog.DiscardHandler))
	for range maxPending + 5 {
		r.Trace("7K4M-2Q9X", "step")
	}
	if r.Dropped() != 5 {
		t.Errorf("dropped %d, want 5", r.Dropped())
	}
}
