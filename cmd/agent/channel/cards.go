package channel

import (
	"bytes"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// maxCards bounds the cards that are remembered; a terminal has a few readers.
const maxCards = 64

// KnownCard is a card that was in a reader when the agent last looked.
type KnownCard struct {
	Reader      string    `json:"reader"`
	Certificate []byte    `json:"certificate"` // DER
	Seen        time.Time `json:"seen"`        // when it was known to be in, last
	now         bool      // by this run
}

// Cards remembers on disk which cards are in, so that the next run tells of one that left meanwhile. It is safe for concurrent use.
type Cards struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	here []KnownCard
}

// OpenCards reads what an earlier run left. A damaged file is an error: it may hold a card that left.
func OpenCards(dir string, now func() time.Time) (*Cards, error) {
	c := &Cards{path: filepath.Join(dir, cardsFile), now: now}
	return c, load(c.path, &c.here)
}

// Came remembers a card that is in a reader, durably.
func (c *Cards) Came(reader string, certificate []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(certificate)
	c.here = append(c.here, KnownCard{Reader: reader, Certificate: certificate, Seen: c.now(), now: true})
	if len(c.here) > maxCards {
		c.here = c.here[len(c.here)-maxCards:]
	}
	return c.write()
}

// Left forgets a card. It is called when its removal is on disk.
func (c *Cards) Left(certificate []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.forget(certificate) {
		return nil
	}
	return c.write()
}

func (c *Cards) forget(certificate []byte) bool {
	before := len(c.here)
	c.here = slices.DeleteFunc(c.here, func(k KnownCard) bool { return bytes.Equal(k.Certificate, certificate) })
	return len(c.here) < before
}

// Still notes that those that in says are in are so now.
func (c *Cards) Still(in func(certificate []byte) bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	any := false
	for i := range c.here {
		if in(c.here[i].Certificate) {
			c.here[i].Seen, any = c.now(), true
		}
	}
	if !any {
		return nil
	}
	return c.write()
}

// Earlier lists the cards that an earlier run knew to be in and this one has not seen.
func (c *Cards) Earlier() []KnownCard {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(c.here), func(k KnownCard) bool { return k.now })
}

func (c *Cards) write() error { return store(c.path, c.here) }
