package channel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

func removal(reader string, at time.Time) Event {
	return Event{Event: "removed", Reader: reader, Certificate: []byte{1}, At: at}
}

// TestOutboxSurvives: what was put is there after a crash, until it is delivered.
func TestOutboxSurvives(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	clock := func() time.Time { return now }
	o, err := OpenOutbox(dir, clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(o.Put(removal("A", now)), o.Put(removal("B", now.Add(time.Second)))); err != nil {
		t.Fatal(err)
	}
	again, err := OpenOutbox(dir, clock) // the first was never closed
	if err != nil || again.Waiting() != 2 {
		t.Fatalf("%d wait, %v", again.Waiting(), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var got []string
	again.Deliver(ctx, func(_ context.Context, e Event) (Verdict, error) {
		got = append(got, e.Reader+string(e.Certificate))
		return Verdict{Act: "logout"}, nil
	}, func(Event, Verdict, error) {
		if again.Waiting() == 0 {
			cancel()
		}
	})
	if len(got) != 2 || got[0] != "A\x01" || got[1] != "B\x01" {
		t.Errorf("delivered %q", got)
	}
	if last, err := OpenOutbox(dir, clock); err != nil || last.Waiting() != 0 {
		t.Errorf("%d wait, %v", last.Waiting(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, outboxFile), []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenOutbox(dir, clock); err == nil {
		t.Error("a damaged outbox is taken for an empty one")
	}
}

func TestDeliver(t *testing.T) {
	deliver := func(t *testing.T, answers ...error) (attempts int, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			o, err := OpenOutbox(t.TempDir(), time.Now)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			began := time.Now()
			if err := o.Put(removal("A", began)); err != nil {
				t.Fatal(err)
			}
			o.Deliver(ctx, func(context.Context, Event) (Verdict, error) {
				attempts++
				return Verdict{}, answers[min(attempts, len(answers))-1]
			}, func(Event, Verdict, error) {
				if o.Waiting() == 0 {
					took = time.Since(began)
					cancel()
				}
			})
		})
		return attempts, took
	}
	if n, took := deliver(t, nil); n != 1 || took != 0 {
		t.Errorf("%d attempts in %s", n, took)
	}
	if n, took := deliver(t, ErrSilent, ErrSilent, nil); n != 3 || took != firstWait*3 {
		t.Errorf("%d attempts in %s", n, took)
	}
	if n, _ := deliver(t, Refusal{Status: 400}); n != 1 {
		t.Errorf("%d attempts for a message that is never taken", n)
	}
	if n, took := deliver(t, Refusal{Status: 401}); n < 100 || took != 0 {
		t.Errorf("%d attempts, settled after %s: a workstation may be believed again", n, took)
	}
}

func TestOutboxForgetsTheOld(t *testing.T) {
	now := time.Now()
	o, err := OpenOutbox(t.TempDir(), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Put(removal("A", now.Add(-25*time.Hour))); err != nil {
		t.Fatal(err)
	}
	if e, ok := o.first(); ok {
		t.Errorf("%v is still to be delivered", e)
	}
	for i := range maxKept + 5 {
		o.waiting = append(o.waiting, removal("B", now.Add(time.Duration(i)*time.Second)))
	}
	if err := o.Put(removal("C", now)); err != nil || o.Waiting() != maxKept {
		t.Errorf("%d wait, %v", o.Waiting(), err)
	}
}
