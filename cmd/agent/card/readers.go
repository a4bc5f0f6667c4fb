package card

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"
)

// Reader is a reader as people see it, whatever number of slots a module makes of it.
type Reader struct {
	Name string `json:"name"`
	Card bool   `json:"card"`
}

// Readers are all readers of all modules.
type Readers struct {
	Modules []Module
	Now     func() time.Time
	Prompt  Prompt
	Cache   time.Duration // how long a right PIN is kept for the next signature; 0: not at all

	mu      sync.Mutex
	cards   map[place]*inserted
	names   map[place]bool // readers, and whether there is a card
	order   int            // of insertion
	kept    kept
	signing sync.Mutex
}

// place is a reader of a module.
type place struct {
	module int
	reader string
}

// inserted is a card in a reader.
type inserted struct {
	place  place
	order  int
	serial string
	certs  []Certificate
	slot   uint  // of the certificates
	err    error // why there are none
}

// List returns the readers in order of name.
func (r *Readers) List() []Reader {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []Reader{}
	for p, present := range r.names {
		out = append(out, Reader{p.reader, present})
	}
	slices.SortFunc(out, func(a, b Reader) int { return cmp.Compare(a.Name, b.Name) })
	return slices.Compact(out)
}

// Current is the certificate to sign in with of the card that was inserted last; the errors say why there is none.
func (r *Readers) Current() (Certificate, error) {
	c, err := r.current()
	if err != nil {
		return Certificate{}, err
	}
	return c.certs[0], nil
}

// Inserted reports whether the card with this certificate is in a reader now.
func (r *Readers) Inserted(certificate []byte) bool {
	return slices.ContainsFunc(r.Certificates(), func(have Certificate) bool { return bytes.Equal(have.Raw, certificate) })
}

// Certificates are the certificates to sign in with of all cards that are in readers now.
func (r *Readers) Certificates() []Certificate {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Certificate
	for _, c := range r.cards {
		out = append(out, c.certs...)
	}
	return out
}

func (r *Readers) current() (inserted, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var best, broken *inserted
	for _, c := range r.cards {
		switch {
		case c.err == nil && (best == nil || c.order > best.order):
			best = c
		case c.err != nil && (broken == nil || c.order > broken.order):
			broken = c
		}
	}
	switch {
	case best != nil:
		return *best, nil
	case broken != nil:
		return inserted{}, broken.err
	case len(r.names) == 0:
		return inserted{}, ErrNoReader
	}
	return inserted{}, ErrNoCard
}

// Refresh looks at every reader and returns what came and went since the last time. That a card was exchanged for another between two
// looks is seen only when again is true: then the cards are asked, not the readers alone. What a module cannot say now is left as it
// was known, and told as an error.
func (r *Readers) Refresh(again bool) ([]Event, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cards == nil {
		r.cards, r.names = map[place]*inserted{}, map[place]bool{}
	}
	var events []Event
	var errs []error
	for i, m := range r.Modules {
		slots, err := m.Slots()
		if err != nil {
			errs = append(errs, err)
			continue
		}
		events = append(events, r.compare(i, m, slots, again)...)
	}
	return events, errors.Join(errs...)
}

// compare takes what a module sees now.
func (r *Readers) compare(module int, m Module, slots []Slot, again bool) []Event {
	found := map[place][]Slot{}
	for _, s := range slots {
		p := place{module, s.Reader}
		found[p] = append(found[p], s)
	}
	var events []Event
	for p, was := range r.cards {
		if p.module == module && (!present(found[p]) || again && !was.stays(m)) {
			delete(r.cards, p)
			events = append(events, was.event(Removed))
		}
	}
	for p := range r.names {
		if p.module == module && found[p] == nil {
			delete(r.names, p)
		}
	}
	for p, slots := range found {
		r.names[p] = present(slots)
		if !r.names[p] || r.cards[p] != nil {
			continue
		}
		r.order++
		c := r.look(m, &inserted{place: p, order: r.order}, slots)
		r.cards[p] = c
		events = append(events, c.event(Inserted))
	}
	return events
}

func present(slots []Slot) bool {
	return slices.ContainsFunc(slots, func(s Slot) bool { return s.Present })
}

// stays reports whether the card is still the same; one that nothing is known of is.
func (c *inserted) stays(m Module) bool {
	if c.err != nil {
		return true
	}
	t, err := m.Token(c.slot)
	return err != nil || t.Serial == c.serial
}

// look reads the certificates of a card that came.
func (r *Readers) look(m Module, c *inserted, slots []Slot) *inserted {
	c.err = ErrNotRecognised
	for _, s := range slots {
		if !s.Present {
			continue
		}
		t, err := m.Token(s.ID)
		if err == nil && !t.Known {
			continue
		}
		var objects []Object
		if err == nil {
			objects, err = m.Certificates(s.ID)
		}
		if err != nil {
			c.err = err
			continue
		}
		if c.certs, c.err = choose(objects, r.Now()); c.err == nil {
			c.slot, c.serial = s.ID, t.Serial
			return c
		}
	}
	return c
}
