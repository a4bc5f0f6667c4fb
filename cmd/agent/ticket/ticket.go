package ticket

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// Tickets is the ticket of one OS session, at most one at a time. Its methods are safe for concurrent use.
type Tickets struct {
	Broker   *Broker
	Inserted func(certificate []byte) bool // whether a card is in a reader; nil: nobody can say

	opening sync.Mutex // one sign-in at a time
	mu      sync.Mutex
	now     *opened
	leaving []*opened // forgotten, and the broker was not told yet
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
	return t.GetNew(ctx, role)
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
	s, err := t.Broker.open(ctx, role)
	if err != nil {
		return "", err
	}
	if was := t.set(&s); was != nil {
		_ = t.Broker.close(ctx, *was) // the old one dies by itself; the new one is good
	}
	if t.Inserted != nil && !t.Inserted(s.certificate) { // it left in the meantime, and nobody knew then that there is a ticket to forget
		t.Forget(s.certificate)
		return "", errors.Join(Error{CardTransaction, card.ErrRemoved}, t.Leave(ctx))
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

// Forget forgets the ticket if it was signed in for with this card, which left its reader: nobody is given it from now on. Leave tells
// the broker, which may take time.
func (t *Tickets) Forget(certificate []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now != nil && bytes.Equal(t.now.certificate, certificate) {
		t.leaving, t.now = append(t.leaving, t.now), nil
	}
}

// Leave tells the broker of tickets that were forgotten.
func (t *Tickets) Leave(ctx context.Context) error {
	t.mu.Lock()
	leaving := t.leaving
	t.leaving = nil
	t.mu.Unlock()
	var errs []error
	for _, s := range leaving {
		errs = append(errs, t.Broker.close(ctx, *s))
	}
	return errors.Join(errs...)
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
