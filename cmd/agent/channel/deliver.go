package channel

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// KeepFor is how long an undelivered removal is kept: the hub takes none that is older.
const KeepFor = 24 * time.Hour

// maxKept bounds the removals that wait; the oldest give way.
const maxKept = 1000

// Outbox keeps removals on disk until the hub took them. It is safe for concurrent use.
type Outbox struct {
	path string
	now  func() time.Time

	mu      sync.Mutex
	waiting []Event
	wake    chan struct{}
}

// OpenOutbox reads what an earlier run left. A damaged file is an error: it may hold removals.
func OpenOutbox(dir string, now func() time.Time) (*Outbox, error) {
	o := &Outbox{path: filepath.Join(dir, outboxFile), now: now, wake: make(chan struct{}, 1)}
	return o, load(o.path, &o.waiting)
}

// Put keeps a removal, durably, and has it delivered.
func (o *Outbox) Put(e Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = append(o.waiting, e)
	if len(o.waiting) > maxKept {
		o.waiting = o.waiting[len(o.waiting)-maxKept:]
	}
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return o.write()
}

// Waiting is how many the hub did not take yet.
func (o *Outbox) Waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting)
}

func (o *Outbox) write() error { return store(o.path, o.waiting) }

// first returns the oldest that may still be delivered.
func (o *Outbox) first() (Event, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting = slices.DeleteFunc(o.waiting, func(e Event) bool { return o.now().Sub(e.At) > KeepFor })
	if len(o.waiting) == 0 {
		return Event{}, false
	}
	return o.waiting[0], true
}

// drop forgets an event that is settled.
func (o *Outbox) drop(e Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.IndexFunc(o.waiting, func(have Event) bool { return have.At.Equal(e.At) && have.Reader == e.Reader }); i >= 0 {
		o.waiting = slices.Delete(o.waiting, i, i+1)
	}
	return o.write()
}

// Waits between attempts while the hub is silent.
const (
	firstWait = 250 * time.Millisecond
	longWait  = 30 * time.Second
)

// Deliver sends what waits, in order, until ctx ends. told hears of each verdict and of each failure; it has no say.
func (o *Outbox) Deliver(ctx context.Context, send func(context.Context, Event) (Verdict, error), told func(Event, Verdict, error)) {
	wait := firstWait
	for {
		e, ok := o.first()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-o.wake:
				continue
			}
		}
		verdict, err := send(ctx, e)
		if err == nil || final(err) {
			err = errors.Join(err, o.drop(e))
			wait = firstWait
			told(e, verdict, err)
			continue
		}
		told(e, verdict, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, longWait)
		}
	}
}

// final: the hub will never take this message. That it does not believe the workstation now may pass: its clock may be wrong, or
// an administrator at work.
func final(err error) bool {
	refused, ok := errors.AsType[Refusal](err)
	return ok && refused.Status == 400
}
