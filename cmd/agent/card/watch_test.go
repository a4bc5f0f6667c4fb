package card_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

func (m *middleware) set(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// TestSecurityCardsLeave is row 234 of the attack catalogue, as far as the reader sees it.
func TestSecurityCardsLeave(t *testing.T) {
	t.Run("234 card removed", testWatch)
	t.Run("234 card exchanged for another", testWatchWaits)
}

// testWatch: what comes and goes is seen within one poll, with the certificate of the card that went.
func testWatch(t *testing.T) {
	_, m, _ := ward(t)
	raw, valid := m.objects[0].DER, time.Now() // a bubble has a clock of its own
	synctest.Test(t, func(t *testing.T) {
		r := &card.Readers{Modules: []card.Module{m}, Now: func() time.Time { return valid }}
		ctx, cancel := context.WithCancel(t.Context())
		events, failures := make(chan card.Event, 9), make(chan error, 9)
		go r.Watch(ctx, func(e card.Event) { events <- e }, func(err error) { failures <- err })
		want := func(what card.Happened) {
			t.Helper()
			began := time.Now()
			select {
			case e := <-events:
				if e.Happened != what || e.Reader != "Reader A" || string(e.Certificate) != string(raw) {
					t.Errorf("%s in %s", e.Happened, e.Reader)
				}
			case <-time.After(time.Second):
				t.Fatalf("%s was not seen", what)
			}
			if took := time.Since(began); took > 300*time.Millisecond {
				t.Errorf("%s was seen after %s", what, took)
			}
		}
		want(card.Inserted)
		m.set(func() { m.present = false })
		want(card.Removed)
		m.set(func() { m.present = true })
		want(card.Inserted)
		m.set(func() { m.err = errors.New("the service is restarting") })
		time.Sleep(time.Second)
		m.set(func() { m.err = nil })
		time.Sleep(time.Second)
		if len(failures) != 1 || len(events) != 0 {
			t.Errorf("%d failures told, %d events: a silent module is no removal", len(failures), len(events))
		}
		cancel()
		synctest.Wait()
	})
}

// waiter is a module that can wait.
type waiter struct {
	*middleware
	seen  chan struct{}
	waits chan struct{}
}

func (w waiter) Wait() {
	w.waits <- struct{}{}
	<-w.seen
}

func testWatchWaits(t *testing.T) {
	_, m, _ := ward(t)
	valid := time.Now()
	synctest.Test(t, func(t *testing.T) {
		w := waiter{m, make(chan struct{}), make(chan struct{}, 99)}
		r := &card.Readers{Modules: []card.Module{w}, Now: func() time.Time { return valid }}
		ctx, cancel := context.WithCancel(t.Context())
		events := make(chan card.Event, 9)
		go r.Watch(ctx, func(e card.Event) { events <- e }, func(error) {})
		<-events
		time.Sleep(30 * time.Millisecond)
		m.set(func() { m.present = false })
		began := time.Now()
		w.seen <- struct{}{}
		<-events
		if took := time.Since(began); took > 0 {
			t.Errorf("seen after %s, although the module said so", took)
		}
		m.set(func() { m.present = true })
		<-events
		m.set(func() { m.serial = "2" }) // another card between two looks
		w.seen <- struct{}{}
		if a, b := <-events, <-events; a.Happened != card.Removed || b.Happened != card.Inserted {
			t.Errorf("%s, %s when the card was exchanged", a.Happened, b.Happened)
		}
		cancel()
		close(w.seen)
		synctest.Wait()
		if n := len(w.waits); n > 5 {
			t.Errorf("%d waits: a module that cannot wait must not be asked for ever", n)
		}
	})
}
