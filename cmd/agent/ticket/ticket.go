package ticket

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Tickets is the ticket of one OS session, at most one at a time. Its methods are safe for concurrent use.
type Tickets struct {
	Broker *Broker

	opening sync.Mutex // one sign-in at a time
	mu      sync.Mutex
	now     *opened
	beat    time.Time // of the last sign of life
}

func (t *Tickets) current() *opened {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *Tickets) set(s *opened) *opened {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.now
	t.now, t.beat = s, t.Broker.Now()
	return was
}

// Get returns the current ticket, or signs in for one. role is the id of a role profile; empty: as configured.
func (t *Tickets) Get(ctx context.Context, role string) (string, error) {
	if s := t.current(); s != nil {
		return s.ticket, nil
	}
	if !t.opening.TryLock() {
		return "", Error{ServerBusy, nil}
	}
	defer t.opening.Unlock()
	return t.open(ctx, role)
}

// GetNoAuth returns the current ticket, or TICKET_NOT_AVAILABLE.
func (t *Tickets) GetNoAuth() (string, error) {
	if s := t.current(); s != nil {
		return s.ticket, nil
	}
	return "", Error{NotAvailable, nil}
}

// GetNew signs in again, whatever there is. The old ticket ends when there is a new one.
func (t *Tickets) GetNew(ctx context.Context, role string) (string, error) {
	if !t.opening.TryLock() {
		return "", Error{ServerBusy, nil}
	}
	defer t.opening.Unlock()
	return t.open(ctx, role)
}

func (t *Tickets) open(ctx context.Context, role string) (string, error) {
	s, err := t.Broker.open(ctx, role)
	if err != nil {
		return "", err
	}
	if was := t.set(&s); was != nil {
		if err := t.Broker.close(ctx, *was); err != nil {
			return s.ticket, nil //nolint:nilerr // the old one dies by itself; the new one is good
		}
	}
	return s.ticket, nil
}

// Destroy ends the current ticket, as pulling the card does. There may be none. The ticket is forgotten whatever the broker says.
func (t *Tickets) Destroy(ctx context.Context) error {
	if was := t.set(nil); was != nil {
		return t.Broker.close(ctx, *was)
	}
	return nil
}

// Removed ends the ticket if it was signed in for with this card.
func (t *Tickets) Removed(ctx context.Context, certificate []byte) error {
	if s := t.current(); s != nil && bytes.Equal(s.certificate, certificate) {
		return t.Destroy(ctx)
	}
	return nil
}

// often is how often a broker that knows long lives hears of one.
const often = 5 * time.Minute

// Keep gives signs of life for the current ticket until ctx ends, at half its life or sooner. A ticket that the broker does not know any more
// is forgotten.
func (t *Tickets) Keep(ctx context.Context) {
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			t.beatOnce(ctx)
		}
	}
}

func (t *Tickets) beatOnce(ctx context.Context) {
	t.mu.Lock()
	s, due := t.now, t.now != nil && t.Broker.Now().Sub(t.beat) >= min(t.now.life/2, often)
	t.mu.Unlock()
	if !due {
		return
	}
	err := t.Broker.keep(ctx, *s)
	refused, _ := errors.AsType[Error](err)
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.now != s: // another one since
	case err == nil:
		t.beat = t.Broker.Now()
	case refused.Code == UserNotValid, t.Broker.Now().Sub(t.beat) > s.life:
		t.now = nil
	}
}
