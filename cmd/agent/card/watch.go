package card

import (
	"context"
	"time"
)

// Happened is what happened in a reader.
type Happened string

// The events, by the names that the hub and pages know.
const (
	Inserted Happened = "inserted"
	Removed  Happened = "removed"
)

// Event is a card that came or went.
type Event struct {
	Happened    Happened
	Reader      string
	Certificate []byte // DER of the certificate it signs in with; nil if it has none
}

func (c *inserted) event(what Happened) Event {
	e := Event{Happened: what, Reader: c.place.reader}
	if len(c.certs) > 0 {
		e.Certificate = c.certs[0].Raw
	}
	return e
}

// Poll is how often readers are looked at. Modules that can wait for an event are quicker.
const Poll = 250 * time.Millisecond

// Watch reports what comes and goes until ctx ends. What was there before the first look comes as Inserted. Errors of modules go
// to failed, once for each time that they begin.
func (r *Readers) Watch(ctx context.Context, report func(Event), failed func(error)) {
	woken := make(chan struct{}, 1)
	for _, m := range r.Modules {
		if w, ok := m.(Waiter); ok {
			go wait(ctx, w, woken)
		}
	}
	tick := time.NewTicker(Poll)
	defer tick.Stop()
	broken, again := false, false
	for {
		events, err := r.Refresh(again)
		for _, e := range events {
			if e.Happened == Removed {
				r.kept.forget()
			}
			report(e)
		}
		if err != nil && !broken {
			failed(err)
		}
		broken = err != nil
		select {
		case <-ctx.Done():
			return
		case <-woken:
			again = true
		case <-tick.C:
			again = false
		}
	}
}

// tooQuick is how fast a wait returns that was none.
const tooQuick = 20 * time.Millisecond

// wait wakes the watch whenever its module saw something, until ctx ends (the last wait with the next event, or with the process). A module that
// cannot wait returns at once, twice in a row: then the ticks have to do.
func wait(ctx context.Context, w Waiter, woken chan<- struct{}) {
	for quick := 0; quick < 2 && ctx.Err() == nil; {
		began := time.Now()
		w.Wait()
		if time.Since(began) < tooQuick {
			quick++
		} else {
			quick = 0
		}
		select {
		case woken <- struct{}{}:
		default:
		}
	}
}
