package revocation

import (
	"bytes"
	"context"
	"errors"
	"math/big"
	"sync"
	"time"
)

// Bounds of asking a responder.
const (
	askAtOnce  = 4
	giveUpFrom = 3 // failures in a row end a round: the responder is down, and the rest would only wait for it
)

// prefetch asks the responder for the cards that are due.
func (c *Cache) prefetch(ctx context.Context) {
	now := c.options.Clock()
	c.listCards(ctx, now)
	if c.sources.answer.due.After(now) {
		return
	}
	due := c.answers.due(now)
	if len(due) == 0 {
		return
	}
	r := &round{cards: due}
	var workers sync.WaitGroup
	for range min(askAtOnce, len(due)) {
		workers.Go(func() {
			for w := r.next(); w != nil && ctx.Err() == nil; w = r.next() {
				err := c.ask(ctx, w)
				c.answers.asked(w, c.options.Clock(), err != nil)
				r.done(err)
			}
		})
	}
	workers.Wait()
	if ctx.Err() == nil {
		c.ended(&c.sources.answer, r.fault, now)
		if r.fault == nil || r.heard {
			c.sources.answer.due = now // each card has its own time
		}
	}
}

// ask gets an answer about one card.
func (c *Cache) ask(ctx context.Context, w *watched) error {
	body, err := request(w.issuer, w.serial)
	if err != nil {
		return err
	}
	raw, err := c.options.Fetch.Ask(ctx, c.options.Responder, body)
	if err != nil {
		return err
	}
	return c.takeAnswer(w.issuer, w.serial, raw, c.options.Clock())
}

// listCards goes through the registered cards from time to time, so that the first sign-in with one finds an answer.
func (c *Cache) listCards(ctx context.Context, now time.Time) {
	if c.options.Cards == nil || now.Sub(c.sources.listed) < listCardsEvery {
		return
	}
	c.sources.listed = now
	err := c.options.Cards.EachCard(ctx, now.Add(-keepUnused), func(keyID []byte, serial *big.Int) {
		for _, issuer := range c.options.Issuers {
			if bytes.Equal(IssuerKeyID(issuer), keyID) {
				c.answers.watch(issuer, serial, now)
				return
			}
		}
	})
	if err != nil && ctx.Err() == nil {
		c.warn("the registered cards", err)
		c.sources.listed = now.Add(time.Minute - listCardsEvery)
	}
}

// round is one go through the cards that are due.
type round struct {
	mu    sync.Mutex
	cards []*watched
	at    int
	row   int   // failures in a row
	heard bool  // something came back, if only an answer that cannot be used
	fault error // the last one
}

func (r *round) next() *watched {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at >= len(r.cards) || r.row >= giveUpFrom {
		return nil
	}
	r.at++
	return r.cards[r.at-1]
}

func (r *round) done(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.row, r.heard = 0, true
		return
	}
	// An answer that is not acceptable is about one card: the others may fare better.
	r.fault = err
	if errors.Is(err, ErrAnswer) {
		r.heard = true
	} else {
		r.row++
	}
}
