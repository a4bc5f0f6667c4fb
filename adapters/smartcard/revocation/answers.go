package revocation

import (
	"crypto/x509"
	"math/big"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Bounds of the answers that are held.
const (
	maxAnswers = 100_000
	keepUnused = 30 * 24 * time.Hour // a card that was not used for so long is asked for no more
)

// answers holds what is known of single cards, and which cards are asked for.
type answers struct {
	fresh time.Duration // that an answer may be, by the policy
	mu    sync.Mutex
	held  map[cardKey]*watched
	wake  chan struct{} // a card is to be asked for now
}

// cardKey is issuer and serial number.
type cardKey struct {
	issuer issuerKey
	serial string
}

// watched is one card.
type watched struct {
	issuer *x509.Certificate
	serial *big.Int
	used   time.Time
	answer *answer // nil: none yet
	due    time.Time
	fails  int
}

func (a *answers) init(fresh time.Duration) {
	a.fresh, a.held, a.wake = fresh, map[cardKey]*watched{}, make(chan struct{}, 1)
}

func cardKeyOf(issuer *x509.Certificate, serial *big.Int) (cardKey, bool) {
	number, ok := octets(serial)
	return cardKey{keyOf(issuer), string(number)}, ok
}

// use finds the answer about a card that is used now; nil if there is none.
func (a *answers) use(issuer *x509.Certificate, serial *big.Int, now time.Time) *answer {
	w := a.watch(issuer, serial, now)
	if w == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return w.answer
}

// watch makes sure that a card is among those that are asked for; nil if there are too many.
func (a *answers) watch(issuer *x509.Certificate, serial *big.Int, used time.Time) *watched {
	key, ok := cardKeyOf(issuer, serial)
	if !ok {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.held[key]
	if w == nil {
		if len(a.held) >= maxAnswers {
			return nil
		}
		w = &watched{issuer: issuer, serial: serial}
		a.held[key] = w
	}
	if used.After(w.used) {
		w.used = used
	}
	if w.answer == nil && w.fails == 0 {
		select {
		case a.wake <- struct{}{}:
		default: // it was woken already
		}
	}
	return w
}

// What became of an answer.
type putOutcome int

const (
	putOlder putOutcome = iota // a newer one is held, or there are too many
	putSame                    // it is held already
	putNewer
)

// put holds an answer unless a newer one is held.
func (a *answers) put(issuer *x509.Certificate, serial *big.Int, fresh *answer, now time.Time) putOutcome {
	w := a.watch(issuer, serial, now)
	if w == nil {
		return putOlder
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if w.answer != nil {
		switch at := fresh.thisUpdate.Compare(w.answer.thisUpdate); {
		case at < 0:
			return putOlder
		case at == 0 && fresh.status == w.answer.status:
			return putSame
		case at == 0 && w.answer.status != ocsp.Good:
			return putOlder // of two of one moment the worse counts
		}
	}
	w.answer, w.fails, w.due = fresh, 0, a.middle(fresh)
	return putNewer
}

// holds reports whether this is the answer about a card that is held.
func (a *answers) holds(issuer *x509.Certificate, serial *big.Int, this *answer) bool {
	key, _ := cardKeyOf(issuer, serial)
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.held[key]
	return w != nil && w.answer == this
}

// due lists the cards to ask for now, those without an answer first, and forgets those that are not used any more.
func (a *answers) due(now time.Time) []*watched {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []*watched
	for key, w := range a.held {
		switch {
		case now.Sub(w.used) > keepUnused:
			delete(a.held, key)
		case !w.due.After(now):
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(x, y *watched) int {
		if (x.answer == nil) != (y.answer == nil) {
			if x.answer == nil {
				return -1
			}
			return 1
		}
		return x.due.Compare(y.due)
	})
	return out
}

// asked notes how asking for a card went: it is asked for again in the middle of its answer's life, later and later while it fails.
func (a *answers) asked(w *watched, now time.Time, failed bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if failed {
		w.fails++
		w.due = now.Add(backoff(w.fails))
		return
	}
	w.due = now.Add(time.Minute)
	if w.answer != nil { // a clock that jumped may have had the card forgotten, and watched anew, while it was asked about
		w.due = latest(a.middle(w.answer), w.due)
	}
}

// middle is the middle of an answer's life.
func (a *answers) middle(held *answer) time.Time {
	life := a.fresh
	if !held.nextUpdate.IsZero() {
		life = min(life, held.nextUpdate.Sub(held.thisUpdate))
	}
	return held.thisUpdate.Add(life / 2)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// backoff is how long to wait after so many failures in a row: from 30 seconds to half an hour.
func backoff(fails int) time.Duration {
	return min(30*time.Second<<min(fails-1, 10), 30*time.Minute)
}

// count tells of every issuer how many of its cards are watched, and gives the answers about those that have one, in one go.
func (a *answers) count() (cards map[issuerKey]int, all map[issuerKey][]*answer) {
	cards, all = map[issuerKey]int{}, map[issuerKey][]*answer{}
	a.mu.Lock()
	defer a.mu.Unlock()
	for k, w := range a.held {
		cards[k.issuer]++
		if w.answer != nil {
			all[k.issuer] = append(all[k.issuer], w.answer)
		}
	}
	return cards, all
}
