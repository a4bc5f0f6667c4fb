package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"math/big"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Bounds of asking while somebody waits.
const (
	waitersAtOnce = 16               // sign-ins for which a responder is asked; more are not waited for
	waitNoMore    = 30 * time.Second // after the responder did not answer in time
)

// asking is what is asked for sign-ins that wait.
type asking struct {
	mu     sync.Mutex
	now    map[cardKey]chan struct{} // closed when it was answered, or was not
	resume time.Time                 // nobody waits before that: the responder did not answer
}

// AskNow asks the responder of the configuration, and no other, about a card that is shown for the first time, so that it need not be refused once: as
// long as there is no evidence about it by which the policy could go. It waits for as long as the options say, and returns at once where
// that is nothing, where evidence is there, or where the responder did not answer a moment ago: one that is down costs one wait, not one for
// each sign-in. What it brought counts at the next Decide. The path of the card must have been verified.
func (c *Cache) AskNow(ctx context.Context, issuer *x509.Certificate, serial *big.Int) {
	now := c.options.Clock()
	if c.options.Wait <= 0 || c.options.Responder == "" || !c.options.Policy.Mode.Answers() || !c.untold(issuer, serial, now) {
		return
	}
	key, ok := cardKeyOf(issuer, serial)
	if !ok {
		return
	}
	// Whoever goes away does not take the answer with them, nor make the responder look dead to others.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.options.Wait)
	defer cancel()
	done, first := c.asking.begin(key, now)
	switch {
	case done == nil:
	case first:
		defer c.asking.end(key) // whatever happens: nobody else may wait for it in vain
		c.askFor(ctx, issuer, serial)
	default:
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
}

// untold reports whether nothing is known of a card by which the policy could go.
func (c *Cache) untold(issuer *x509.Certificate, serial *big.Int, now time.Time) bool {
	d := c.Decide(issuer, serial, now)
	return d.Standing == bridge.StandingUnknown && !d.Evidence.Revoked
}

// askFor asks about one card. A responder that is not heard is not waited for again for a while; an answer that cannot be used is about this
// card alone.
func (c *Cache) askFor(ctx context.Context, issuer *x509.Certificate, serial *big.Int) {
	w := c.answers.watch(issuer, serial, c.options.Clock())
	if w == nil {
		return
	}
	err := c.ask(ctx, w)
	now := c.options.Clock()
	c.answers.asked(w, now, err != nil)
	if err == nil {
		return
	}
	c.warn("the OCSP responder, for a sign-in that waited", err)
	if !errors.Is(err, ErrAnswer) {
		c.asking.pause(now.Add(waitNoMore))
	}
}

// begin notes that a card is asked about, or finds who does already. nil: nobody waits.
func (a *asking) begin(key cardKey, now time.Time) (done chan struct{}, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if done, ok := a.now[key]; ok {
		return done, false
	}
	if now.Before(a.resume) || len(a.now) >= waitersAtOnce {
		return nil, false
	}
	if a.now == nil {
		a.now = map[cardKey]chan struct{}{}
	}
	done = make(chan struct{})
	a.now[key] = done
	return done, true
}

func (a *asking) end(key cardKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.now[key])
	delete(a.now, key)
}

func (a *asking) pause(until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resume = until
}
