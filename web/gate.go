package web

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// GateLimits bound what is in work at one time. The zero value of a field is its default.
type GateLimits struct {
	Work    int           // requests in work; default 32
	Waiting int           // requests that wait for their turn; default 16 times Work
	Wait    time.Duration // how long one may wait; default 1 s
}

// Gate admits requests: so many are in work, so many more wait their turn, and beyond that they are turned away at
// once, so that the answers that are given stay quick. Those in progress go before new ones.
//
// A burst may wait for all of Wait. When every place has been taken for all that time already there is more work than can
// be done; then a new sign-on waits for a tenth of it only, for a long queue would help nobody.
type Gate struct {
	limits GateLimits
	clock  func() time.Time

	mu       sync.Mutex
	work     int
	leaving  int        // sign-outs in work, beside the others
	lines    [2][]*turn // urgent, ordinary: those who wait, oldest first
	noLineAt time.Time  // when a place was free, or nobody waited, last

	turnedAway atomic.Uint64
}

// turn is one who waits.
type turn struct {
	come chan struct{} // closed when it is its turn
	gone bool          // gave up; guarded by Gate.mu
}

// NewGate makes a gate.
func NewGate(l GateLimits, clock func() time.Time) *Gate {
	if l.Work == 0 {
		l.Work = 32
	}
	if l.Waiting == 0 {
		l.Waiting = 16 * l.Work
	}
	if l.Wait == 0 {
		l.Wait = time.Second
	}
	return &Gate{limits: l, clock: clock, noLineAt: clock()}
}

// enter waits for admission. With ok, leave must be called when the work is done.
func (g *Gate) enter(ctx context.Context, c Class) (leave func(), ok bool) {
	switch {
	case g == nil, c == Cheap:
		return func() {}, true
	case c == SignOut:
		return g.enterToLeave()
	}
	g.mu.Lock()
	if g.work < g.limits.Work {
		g.work++
		g.noLineAt = g.clock()
		g.mu.Unlock()
		return g.done, true
	}
	t, patience := g.line(c)
	g.mu.Unlock()
	if t == nil {
		g.turnedAway.Add(1)
		return nil, false
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.come:
		return g.done, true
	case <-timer.C:
	case <-ctx.Done():
	}
	return g.giveUp(t)
}

// line puts somebody in line; nil if the line is full. g.mu is held.
func (g *Gate) line(c Class) (*turn, time.Duration) {
	which, patience := 0, g.limits.Wait
	if c == SignOn {
		which = 1
		if g.clock().Sub(g.noLineAt) > g.limits.Wait {
			patience /= 10
		}
	}
	g.forget(which)
	if len(g.lines[which]) >= g.limits.Waiting {
		return nil, 0
	}
	t := &turn{come: make(chan struct{})}
	g.lines[which] = append(g.lines[which], t)
	return t, patience
}

// forget drops those who gave up from the head of a line; when it is full, from all of it.
func (g *Gate) forget(which int) {
	l := g.lines[which]
	for len(l) > 0 && l[0].gone {
		l = l[1:]
	}
	if len(l) >= g.limits.Waiting {
		kept := make([]*turn, 0, len(l))
		for _, t := range l {
			if !t.gone {
				kept = append(kept, t)
			}
		}
		l = kept
	}
	g.lines[which] = l
}

func (g *Gate) giveUp(t *turn) (func(), bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-t.come: // its turn came at this very moment
		return g.done, true
	default:
	}
	t.gone = true
	g.turnedAway.Add(1)
	return nil, false
}

// done hands the place to the next in line.
func (g *Gate) done() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for which := range g.lines {
		g.forget(which)
		if l := g.lines[which]; len(l) > 0 {
			g.lines[which] = l[1:]
			close(l[0].come)
			if len(g.lines[0]) == 0 && len(g.lines[1]) == 0 {
				g.noLineAt = g.clock()
			}
			return
		}
	}
	g.work--
}

// enterToLeave admits a sign-out: four times as many as other work, for most of them only wait.
func (g *Gate) enterToLeave() (func(), bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leaving >= 4*g.limits.Work {
		g.turnedAway.Add(1)
		return nil, false
	}
	g.leaving++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.leaving--
	}, true
}

// InWork is how many requests are in work, and how many wait.
func (g *Gate) InWork() (work, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, l := range g.lines {
		for _, t := range l {
			if !t.gone {
				waiting++
			}
		}
	}
	return g.work + g.leaving, waiting
}

// TurnedAway counts those who were not admitted.
func (g *Gate) TurnedAway() uint64 { return g.turnedAway.Load() }
