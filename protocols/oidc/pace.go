package oidc

import (
	"sync"
	"time"
)

const pacesKept = 65536

// paces remembers how often waiting clients ask. Each process counts for itself and may forget.
type paces struct {
	mu    sync.Mutex
	byKey map[string]pace
}

type pace struct {
	last  time.Time
	every time.Duration
	until time.Time // when the request is over
}

// tooSoon notes that a client asks. When it asks before its interval is over, the interval grows by five seconds (RFC 8628,
// section 3.5; CIBA Core 1.0, section 11).
func (p *paces) tooSoon(key string, now, until time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byKey == nil {
		p.byKey = map[string]pace{}
	}
	was, known := p.byKey[key]
	if !known {
		if len(p.byKey) >= pacesKept {
			p.sweep(now)
		}
		if len(p.byKey) < pacesKept {
			p.byKey[key] = pace{now, pollInterval, until}
		}
		return false
	}
	soon := now.Sub(was.last) < was.every-pollSlack
	if soon {
		was.every += pollInterval
	}
	was.last = now
	p.byKey[key] = was
	return soon
}

// pollSlack is how much too early a client may ask: its seconds and the network's are not ours.
const pollSlack = 500 * time.Millisecond

func (p *paces) forget(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.byKey, key)
}

func (p *paces) sweep(now time.Time) {
	for key, was := range p.byKey {
		if !now.Before(was.until) {
			delete(p.byKey, key)
		}
	}
}

// Limits of wrong user codes, for a while.
const (
	triesFor     = 10 * time.Minute
	triesBrowser = 10
	triesPeer    = 1000 // many people may share one address
	triesKept    = 16384
)

// tries counts wrong user codes, for each browser and each peer. Each process counts for itself. Where there is no room, one that is
// counted makes way by chance.
type tries struct {
	mu     sync.Mutex
	counts map[string]tried
}

type tried struct {
	n     int
	since time.Time
}

// over reports whether too many were wrong.
func (t *tries) over(name string, limit int, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	was := t.counts[name]
	return was.n >= limit && now.Sub(was.since) < triesFor
}

// wrong counts one.
func (t *tries) wrong(name string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	was, ok := t.counts[name]
	switch {
	case t.counts == nil:
		t.counts = map[string]tried{}
	case !ok && len(t.counts) >= triesKept:
		for other := range t.counts {
			delete(t.counts, other)
			break
		}
	}
	if now.Sub(was.since) >= triesFor {
		was = tried{since: now}
	}
	was.n++
	t.counts[name] = was
}
