package agent

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func (f *fakeCard) set(change func(*fakeCard)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// TestCardLeftMeanwhile: a card that was pulled while no agent ran is told of at the next start, with the time of which nothing is known
// marked as such; one that is still in is not, nor is one of which nobody can say.
func TestCardLeftMeanwhile(t *testing.T) {
	pull := func(f *fakeCard) { f.in = false }
	for name, c := range map[string]struct {
		meanwhile func(*fakeCard)
		later     func(*fakeCard) // after the next start
		told      bool
	}{
		"pulled":                          {pull, nil, true},
		"pulled, with the reader":         {func(f *fakeCard) { f.gone = true }, nil, true},
		"still in":                        {nil, nil, false},
		"the middleware is down":          {func(f *fakeCard) { f.dead = true }, nil, false},
		"the middleware is up too late":   {func(f *fakeCard) { f.in, f.dead = false, true }, func(f *fakeCard) { f.dead = false }, true},
		"up too late, and it is still in": {func(f *fakeCard) { f.dead = true }, func(f *fakeCard) { f.dead = false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			b := enrolledBay(t)
			b.card.put(true)
			b.run(t)
			within(t, "the card is seen", 5*time.Second, func() bool { e, _ := b.hub.heard("inserted"); return e != nil })
			before := time.Now().Unix()
			b.stop()
			if c.meanwhile != nil {
				b.card.set(c.meanwhile)
			}
			b.settle = 300 * time.Millisecond
			b.run(t)
			if c.later != nil {
				b.card.set(c.later)
			}
			if !c.told {
				time.Sleep(2 * b.settle)
				if e, _ := b.hub.heard("removed"); e != nil {
					t.Errorf("told %v", e)
				}
				return
			}
			within(t, "the next run tells it", 5*time.Second, func() bool { e, _ := b.hub.heard("removed"); return e != nil })
			e, _ := b.hub.heard("removed")
			if since, ok := e["since"].(float64); !ok || int64(since) < before-1 || int64(since) > before+5 || e["at"] != nil ||
				e["certificate"] != base64.StdEncoding.EncodeToString(b.card.leaf.Certificate.Raw) {
				t.Errorf("%v", e)
			}
			b.stop()
			b.run(t)
			time.Sleep(2 * b.settle)
			if n := strings.Count(b.log.String(), "a card left while no agent ran"); n != 1 {
				t.Errorf("told %d times", n)
			}
		})
	}
}

// TestCardSeenToLeave: what was told when it happened is not told again.
func TestCardSeenToLeave(t *testing.T) {
	b := enrolledBay(t)
	b.card.put(true)
	b.run(t)
	within(t, "the card is seen", 5*time.Second, func() bool { e, _ := b.hub.heard("inserted"); return e != nil })
	b.card.put(false)
	within(t, "removed is told", 5*time.Second, func() bool { e, _ := b.hub.heard("removed"); return e != nil })
	if e, _ := b.hub.heard("removed"); e["since"] != nil {
		t.Errorf("%v: its time is known", e)
	}
	b.stop()
	b.run(t)
	time.Sleep(200 * time.Millisecond)
	if text := b.log.String(); strings.Contains(text, "while no agent ran") {
		t.Errorf("told again:\n%s", text)
	}
}
