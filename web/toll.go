package web

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// TollLimits bound what a peer without a session may ask for.
type TollLimits struct {
	Rate  int // requests a second in the long run; 0: no limit
	Burst int // requests at once
	Peers int // peers that are told apart; default 16,384
}

// Tolls keeps an account for each peer: an IPv4 address, or an IPv6 network of 64 bits. It fills by Rate up to
// Burst. A new sign-on without a session takes one; every refusal that is recorded takes one more, down to a debt
// of Burst. A peer in debt has no new sign-ons without a session, one in full debt no calls at all.
//
// Many people may share one address, so the limits are generous, and a browser with a session pays nothing.
type Tolls struct {
	limits TollLimits
	clock  func() time.Time

	mu       sync.Mutex
	accounts map[netip.Prefix]*account
	others   account // all peers for which there was no room
	swept    time.Time

	sessions   sessions
	turnedAway atomic.Uint64
}

// account is what a peer has left, as of a moment.
type account struct {
	left  float64
	at    time.Time
	noted time.Time // when it was last noted that this peer was turned away
}

// NewTolls makes accounts for nobody yet.
func NewTolls(l TollLimits, clock func() time.Time) *Tolls {
	if l.Peers == 0 {
		l.Peers = 16384
	}
	return &Tolls{limits: l, clock: clock, accounts: map[netip.Prefix]*account{}, others: account{left: float64(l.Burst), at: clock()}}
}

// Network is what counts as one peer: the IPv4 address, or the first 64 bits of an IPv6 address, which one
// subscriber may change at will.
func Network(peer string) netip.Prefix {
	addr, err := netip.ParseAddr(peer)
	if err != nil {
		return netip.Prefix{}
	}
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // cannot fail: the length fits
	return p
}

// pay takes one from the peer's account, if there is one left.
func (t *Tolls) pay(peer string) bool {
	return t.with(peer, func(a *account) bool {
		if a.left < 1 {
			return false
		}
		a.left--
		return true
	})
}

// good says whether a peer is not in full debt.
func (t *Tolls) good(peer string) bool {
	return t.with(peer, func(a *account) bool { return a.left > -float64(t.limits.Burst) })
}

// Charge takes one for a refusal, into debt if need be.
func (t *Tolls) Charge(peer string) {
	t.with(peer, func(a *account) bool {
		a.left = max(a.left-1, -float64(t.limits.Burst))
		return true
	})
}

// note counts a peer that was turned away, and says whether this is the first time within a minute.
func (t *Tolls) note(peer string) bool {
	t.turnedAway.Add(1)
	return t.with(peer, func(a *account) bool {
		if a.at.Sub(a.noted) < time.Minute {
			return false
		}
		a.noted = a.at
		return true
	})
}

// with finds the peer's account, fills it up to now, and calls do.
func (t *Tolls) with(peer string, do func(*account) bool) bool {
	if t == nil || t.limits.Rate == 0 {
		return true
	}
	key, now := Network(peer), t.clock()
	t.mu.Lock()
	defer t.mu.Unlock()
	a, ok := t.accounts[key]
	switch {
	case ok:
	case len(t.accounts) < t.limits.Peers || t.sweep(now):
		a = &account{left: float64(t.limits.Burst), at: now}
		t.accounts[key] = a
	default:
		a = &t.others
	}
	t.fill(a, now)
	return do(a)
}

func (t *Tolls) fill(a *account, now time.Time) {
	if d := now.Sub(a.at); d > 0 {
		a.left = min(a.left+d.Seconds()*float64(t.limits.Rate), float64(t.limits.Burst))
		a.at = now
	}
}

// sweep forgets the peers whose accounts are full again, at most once a second, and says whether there is room.
func (t *Tolls) sweep(now time.Time) bool {
	if now.Sub(t.swept) < time.Second {
		return false
	}
	t.swept = now
	for key, a := range t.accounts {
		if t.fill(a, now); a.left >= float64(t.limits.Burst) {
			delete(t.accounts, key)
		}
	}
	return len(t.accounts) < t.limits.Peers
}

// TurnedAway counts the requests that were not answered for want of a toll.
func (t *Tolls) TurnedAway() uint64 { return t.turnedAway.Load() }
