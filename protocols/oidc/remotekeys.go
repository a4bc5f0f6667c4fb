package oidc

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// Times of key sets that are fetched.
const (
	keysFresh   = 10 * time.Minute // how long a set is taken as it is, where the answer does not say
	keysLeast   = time.Minute      // the same, whatever the answer says
	keysMost    = 24 * time.Hour
	keysPause   = 10 * time.Second // between two attempts, whatever came of the first
	keysGood    = 24 * time.Hour   // how long the last good set serves while no other can be had
	keysTimeout = 4 * time.Second  // of one attempt
	keysWaiting = 4                // requests that may wait for the set of one client at one time

	// Places of those that wait at one time: each is one of the requests in work, of which there are 32 for each processor.
	placesOfStrangers = 8
	placesOfOthers    = 12
)

// remoteKeys are the keys of one client that names where they are (jwks_uri). One fetch is in flight at a time; who comes meanwhile
// takes the last good set, or waits for the end of it.
type remoteKeys struct {
	uri     string
	guarded bool

	mu      sync.Mutex
	set     jose.KeySet
	fetched time.Time // when set was; zero: never
	until   time.Time // set is fresh
	tried   time.Time // when the last attempt began
	why     error     // of the last attempt; nil: it succeeded
	flight  chan struct{}
	waiting int // requests that wait for the end of it, and the one that makes it
}

var (
	errKeysBusy = errors.New("oidc: too many wait for keys of clients")
	errNoKeys   = errors.New("oidc: keys of the client cannot be had")
)

// keysRefusal says that a client's keys are not there.
func keysRefusal(err error) *bridge.Refusal {
	if errors.Is(err, errKeysBusy) {
		return bridge.Refuse(bridge.Unavailable, "The keys of this client are being fetched. Try again.").WithCode("keys_busy").Because(err)
	}
	return refuseAssertion("keys", "The keys of this client cannot be fetched: its jwks_uri must answer with 200, a JWK Set, within a few seconds and without redirect.").Because(err)
}

// withKeys tries the registered keys of a client. If none of them fits, a set that is fetched is looked for once more and tried again:
// the client may have changed its keys.
func (p *Provider) withKeys(ctx context.Context, c *client, try func(jose.KeySet) (fits bool)) error {
	if c.remote == nil {
		if c.broken == nil {
			try(c.keys)
		}
		return c.broken
	}
	set, fetched, err := p.remoteSet(ctx, c.remote, time.Time{})
	if err != nil || try(set) {
		return err
	}
	if newer, then, err := p.remoteSet(ctx, c.remote, fetched); err == nil && then.After(fetched) {
		try(newer)
	}
	return nil
}

// verifyOf verifies what a client signed, with its registered keys only: what a header says of keys is never followed (RFC 8725,
// section 3.10).
func (p *Provider) verifyOf(ctx context.Context, c *client, token string, rules jose.Rules) (v jose.Verified, err error) {
	none := p.withKeys(ctx, c, func(set jose.KeySet) bool {
		v, err = jose.Verify(token, set, rules)
		return !errors.Is(err, jose.ErrKeyID) && !errors.Is(err, jose.ErrSignature)
	})
	if none != nil {
		return jose.Verified{}, none
	}
	return v, err
}

// remoteSet is a set that was fetched after a time, or the last good one. It fetches if there is reason to, and not too often.
func (p *Provider) remoteSet(ctx context.Context, k *remoteKeys, after time.Time) (jose.KeySet, time.Time, error) {
	now, at := p.hub.Clock(), p.placesFor(k.guarded)
	k.mu.Lock()
	good := !k.fetched.IsZero() && now.Before(k.fetched.Add(keysGood))
	wanted := !good || !now.Before(k.until) || !after.IsZero() && !k.fetched.After(after)
	switch {
	case !wanted, k.flight == nil && now.Before(k.tried.Add(keysPause)), k.flight != nil && good && after.IsZero():
		defer k.mu.Unlock()
		return k.last(good)
	case k.waiting == keysWaiting || !at.enter():
		defer k.mu.Unlock()
		if good {
			return k.last(good)
		}
		return jose.KeySet{}, time.Time{}, errKeysBusy
	}
	defer at.leave()
	k.waiting++
	if flight := k.flight; flight != nil {
		k.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
		}
	} else {
		k.flight, k.tried = make(chan struct{}), now
		k.mu.Unlock()
		p.fetchKeys(ctx, k)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting--
	return k.last(!k.fetched.IsZero() && now.Before(k.fetched.Add(keysGood)))
}

// last is the last good set, or why there is none. k.mu is held.
func (k *remoteKeys) last(good bool) (jose.KeySet, time.Time, error) {
	if good {
		return k.set, k.fetched, nil
	}
	why := k.why
	if why == nil {
		why = errors.New("oidc: not fetched yet")
	}
	return jose.KeySet{}, time.Time{}, fmt.Errorf("%w: %w", errNoKeys, why)
}

// fetchKeys makes one attempt. It goes on when whoever asked has gone, so that nobody can spoil it by leaving.
func (p *Provider) fetchKeys(ctx context.Context, k *remoteKeys) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	var set jose.KeySet
	var body []byte
	var fresh time.Duration
	err := errors.New("oidc: nothing is fetched by this hub")
	if p.fetcher != nil {
		body, fresh, err = p.fetcher.Fetch(ctx, k.uri, k.guarded)
	}
	if err == nil {
		set, err = jose.ReadKeySet(body)
	}
	if fresh == 0 {
		fresh = keysFresh
	}
	now := p.hub.Clock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.why = err; err == nil {
		k.set, k.fetched, k.until = set, now, now.Add(min(max(fresh, keysLeast), keysMost))
	}
	close(k.flight)
	k.flight = nil
}

// places bound how many wait for other servers at one time.
type places chan struct{}

func (p places) enter() bool {
	select {
	case p <- struct{}{}:
		return true
	default:
		return false
	}
}

func (p places) leave() { <-p }

// placesFor keeps those apart whose addresses are only their own word: a stranger whose server is slow keeps nobody waiting but strangers.
func (p *Provider) placesFor(guarded bool) places {
	if guarded {
		return p.doubtful
	}
	return p.waiting
}
