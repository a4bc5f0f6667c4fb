package card

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Prompt asks a person for a PIN.
type Prompt interface {
	// AskPIN returns the PIN; the caller wipes it. ErrCancelled if the person gave none. When the question says that it is the
	// last try, the person has to agree to that before the PIN is asked.
	AskPIN(ctx context.Context, q Question) ([]byte, error)
}

// Question is what a person is told when the PIN is asked.
type Question struct {
	Purpose string // what for, a sentence
	Reader  string
	Holder  string // whose card, as its certificate says
	Wrong   bool   // the last PIN of this question was wrong
	Tries   Tries
}

// Tries is what a card says about the tries that are left.
type Tries int

// The card does not say how many are left, only these steps (PKCS#11, CK_TOKEN_INFO flags).
const (
	TriesAll   Tries = iota // none was spent
	TriesFewer              // a wrong PIN was entered since the last right one
	TriesLast               // one more wrong PIN locks it
)

// Sentence tells the tries to a person; empty when there is nothing to tell.
func (t Tries) Sentence() string {
	switch t {
	case TriesFewer:
		return "A wrong PIN was entered before. The card locks after a few more."
	case TriesLast:
		return "This is the last try: one more wrong PIN locks the card."
	}
	return ""
}

// maxAsked is how often one signature asks for the PIN.
const maxAsked = 3

// Sign signs the message with the card that was inserted last, and asks for its PIN. One signature at a time: ErrBusy.
func (r *Readers) Sign(ctx context.Context, purpose string, message []byte) (Certificate, []byte, error) {
	if !r.signing.TryLock() {
		return Certificate{}, nil, ErrBusy
	}
	defer r.signing.Unlock()
	c, err := r.current()
	if err != nil {
		return Certificate{}, nil, err
	}
	m := r.Modules[c.place.module]
	q := Question{Purpose: purpose, Reader: c.place.reader, Holder: c.certs[0].Subject.CommonName}
	for range maxAsked {
		t, err := tokenIn(m, c)
		if err != nil {
			return Certificate{}, nil, err
		}
		if q.Tries, err = t.tries(); err != nil {
			return Certificate{}, nil, err
		}
		cert, signature, err := r.try(ctx, m, c, t, q, message)
		if !errors.Is(err, ErrPIN) {
			return cert, signature, err
		}
		q.Wrong = true
	}
	return Certificate{}, nil, ErrPIN
}

// tokenIn asks the card anew: the tries that are left may have changed in the meantime, or the card.
func tokenIn(m Module, c inserted) (Token, error) {
	t, err := m.Token(c.slot)
	if err == nil && t.Serial != c.serial {
		err = ErrRemoved
	}
	return t, err
}

func (t Token) tries() (Tries, error) {
	switch {
	case t.Locked:
		return TriesLast, ErrPINLocked
	case t.FinalTry:
		return TriesLast, nil
	case t.CountLow:
		return TriesFewer, nil
	}
	return TriesAll, nil
}

// try asks for the PIN once, or takes the one that is kept, and signs.
func (r *Readers) try(ctx context.Context, m Module, c inserted, t Token, q Question, message []byte) (Certificate, []byte, error) {
	pin, err := r.pin(ctx, c, t, q)
	if err != nil {
		return Certificate{}, nil, err
	}
	defer clear(pin)
	keys := make([]Key, len(c.certs))
	for i, cert := range c.certs {
		keys[i] = cert.key
	}
	which, signature, err := m.Sign(c.slot, pin, keys, message)
	if err != nil {
		r.kept.forget()
		return Certificate{}, nil, err
	}
	if r.Cache > 0 && !t.Protected {
		r.kept.keep(c.serial, pin, r.Now().Add(r.Cache))
	}
	r.used(c, which)
	return c.certs[which], signature, nil
}

// used puts the certificate that signed first among those of its card: it is the one that is told of when the card leaves.
func (r *Readers) used(c inserted, which int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.cards[c.place]; which > 0 && now != nil && now.order == c.order {
		now.certs = slices.Concat(c.certs[which:which+1], c.certs[:which], c.certs[which+1:])
	}
}

// pin is nil for a reader that asks for the PIN itself.
func (r *Readers) pin(ctx context.Context, c inserted, t Token, q Question) ([]byte, error) {
	if t.Protected {
		if q.Tries == TriesLast {
			return r.agree(ctx, q)
		}
		return nil, nil
	}
	// A kept PIN may have become wrong: where a try was spent already, the person is asked.
	if q.Tries == TriesAll && !q.Wrong {
		if pin := r.kept.take(c.serial, r.Now()); pin != nil {
			return pin, nil
		}
	}
	pin, err := r.Prompt.AskPIN(ctx, q)
	if err == nil && len(pin) == 0 {
		return nil, ErrCancelled // an empty PIN would mean that the reader asks for it
	}
	return pin, err
}

// agree lets the person agree to the last try on a reader's own keys.
func (r *Readers) agree(ctx context.Context, q Question) ([]byte, error) {
	a, ok := r.Prompt.(Agreement)
	if !ok {
		return nil, ErrCancelled
	}
	return nil, a.Agree(ctx, q)
}

// Agreement is a Prompt that can also ask a question of yes and no.
type Agreement interface {
	// Agree returns ErrCancelled unless the person agrees.
	Agree(ctx context.Context, q Question) error
}

// kept is a PIN that policy lets the program keep for a while, of one card.
type kept struct {
	mu     sync.Mutex
	serial string
	pin    []byte
	until  time.Time
}

func (k *kept) keep(serial string, pin []byte, until time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.pin)
	k.serial, k.pin, k.until = serial, bytes.Clone(pin), until
}

// take returns a copy; nil if there is none for this card.
func (k *kept) take(serial string, now time.Time) []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pin == nil || k.serial != serial {
		return nil
	}
	if !now.Before(k.until) || !now.Round(0).Before(k.until.Round(0)) { // the clock that only goes forward stands still in sleep
		clear(k.pin)
		k.pin = nil
		return nil
	}
	return bytes.Clone(k.pin)
}

func (k *kept) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.pin)
	k.serial, k.pin = "", nil
}
