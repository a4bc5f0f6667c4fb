package hub

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// registeredCards goes through the cards of everybody, for OCSP answers to be there before the cards are used.
type registeredCards struct {
	store interface {
		people.Store
		people.AuthenticatorStore
	}
	clock func() time.Time
}

// peopleAtOnce is how many persons are read at a time.
const peopleAtOnce = 200

// EachCard implements revocation.Cards.
func (c registeredCards) EachCard(ctx context.Context, since time.Time, do func(keyID []byte, serial *big.Int)) error {
	for after := ""; ; {
		page, err := c.store.Persons(ctx, after, peopleAtOnce)
		if err != nil {
			return fmt.Errorf("hub: persons: %w", err)
		}
		for _, person := range page {
			if after = person.UID; person.Status != people.Active {
				continue
			}
			if err := c.cardsOf(ctx, person.UID, since, do); err != nil {
				return err
			}
		}
		if len(page) < peopleAtOnce {
			return nil
		}
	}
}

func (c registeredCards) cardsOf(ctx context.Context, uid string, since time.Time, do func([]byte, *big.Int)) error {
	all, err := c.store.AuthenticatorsOf(ctx, uid)
	if err != nil {
		return fmt.Errorf("hub: cards: %w", err)
	}
	for _, a := range all {
		if a.Kind != people.Smartcard || !a.UsableAt(c.clock()) || a.Used.Before(since) && a.Added.Before(since) {
			continue
		}
		if keyID, serial, ok := people.ParseCardHandle(a.Handle); ok {
			do(keyID, serial)
		}
	}
	return nil
}
