package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Fetcher asks the addresses in the configuration, and no others.
type Fetcher interface {
	// Download writes what is at the address to w, unless it is what the validator stands for: then changed is false. It returns
	// the validator of what it wrote.
	Download(ctx context.Context, address, validator string, w io.Writer) (next string, changed bool, err error)
	// Ask posts an OCSP request and returns the answer (RFC 6960, appendix A.1).
	Ask(ctx context.Context, address string, request []byte) ([]byte, error)
}

// Cards knows the cards that are registered here.
type Cards interface {
	// EachCard hands over those that were used or registered since then and are not revoked.
	EachCard(ctx context.Context, since time.Time, do func(keyID []byte, serial *big.Int)) error
}

// lookEvery is how often files are looked at, and whether anything is to be asked for.
const lookEvery = 30 * time.Second

// listCardsEvery is how often the registered cards are gone through.
const listCardsEvery = 24 * time.Hour

// sources is what is known of the addresses of lists.
type sources struct {
	mu     sync.Mutex
	all    []*source
	listed time.Time // when the registered cards were gone through
	answer source    // the responder
}

// source is one address.
type source struct {
	address   string
	validator string
	due       time.Time
	fails     int
	fault     string // of the last attempt; empty: it went well, or there was none
	good      time.Time
}

func (s *sources) init(o Options) {
	for _, address := range o.Lists {
		s.all = append(s.all, &source{address: address})
	}
	s.answer.address = o.Responder
}

// RunLists keeps lists up to date until ctx ends: it looks at files, and asks addresses that are due.
func (c *Cache) RunLists(ctx context.Context) {
	c.loop(ctx, nil, c.refreshLists)
}

// RunAnswers asks for answers about cards, before those that are held come to their end and as soon as a card is used about which
// there is none, until ctx ends. It is a loop of its own: a slow list does not hold it up. No sign-in waits for either.
func (c *Cache) RunAnswers(ctx context.Context) {
	if c.options.Responder != "" {
		c.loop(ctx, c.answers.wake, c.prefetch)
	}
}

func (c *Cache) loop(ctx context.Context, wake <-chan struct{}, do func(context.Context)) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

// refreshLists does once what RunLists does all the time.
func (c *Cache) refreshLists(ctx context.Context) {
	c.followFiles()
	now := c.options.Clock()
	for _, s := range c.sources.all {
		if ctx.Err() == nil && !s.due.After(now) {
			c.ended(s, c.download(ctx, s), now)
		}
	}
}

// ended notes how asking an address went. The same fault is told once.
func (c *Cache) ended(s *source, err error, now time.Time) {
	c.sources.mu.Lock()
	defer c.sources.mu.Unlock()
	if err == nil {
		s.due, s.fails, s.fault, s.good = now.Add(c.options.Every), 0, "", now
		return
	}
	s.fails++
	s.due = now.Add(min(backoff(s.fails), c.options.Every))
	if err.Error() != s.fault {
		c.warn(s.address, err)
	}
	s.fault = err.Error()
}

// download fetches a list into a file, and keeps it in the place of the one before if it is acceptable.
func (c *Cache) download(ctx context.Context, s *source) error {
	f, err := os.CreateTemp(c.options.Folder, fetching)
	if err != nil {
		return fmt.Errorf("revocation: fetch: %w", err)
	}
	next, changed, err := c.options.Fetch.Download(ctx, s.address, s.validator, f)
	if err != nil || !changed {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	l, issuer, err := c.takeFetched(f.Name())
	if err != nil {
		return errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	if c.options.Folder == "" {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	} else {
		err = settle(f, c.kept(keyOf(issuer), l.base != nil), nil)
	}
	if err == nil {
		s.validator = next
	}
	return err
}

// takeFetched wants one list, in DER or in PEM.
func (c *Cache) takeFetched(path string) (*list, *x509.Certificate, error) {
	lists, err := listsOf(path)
	if err != nil {
		return nil, nil, err
	}
	if len(lists) != 1 {
		return nil, nil, fmt.Errorf("%w: more than one at one address", ErrList)
	}
	return c.takeList(lists[0])
}

// Folder is where a Cache of this name keeps things below the data directory.
func Folder(data, name string) string { return filepath.Join(data, "cards", name) }
