package web

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// hall is a gate with requests that work until they are told to stop. Time is that of the bubble.
type hall struct {
	gate  *Gate
	order []string
	in    map[string]func()
	out   map[string]time.Duration // those turned away, and after how long
}

func newHall(l GateLimits) *hall {
	return &hall{gate: NewGate(l, time.Now), in: map[string]func(){}, out: map[string]time.Duration{}}
}

func (h *hall) come(ctx context.Context, name string, c Class) {
	go func() {
		at := time.Now()
		leave, ok := h.gate.enter(ctx, c)
		if !ok {
			h.out[name] = time.Since(at)
			return
		}
		h.order = append(h.order, name)
		h.in[name] = leave
	}()
	synctest.Wait()
}

func (h *hall) leave(name string) {
	h.in[name]()
	delete(h.in, name)
	synctest.Wait()
}

func (h *hall) want(t *testing.T, work, waiting int, order ...string) {
	t.Helper()
	if w, n := h.gate.InWork(); w != work || n != waiting {
		t.Errorf("%d in work, %d wait; want %d, %d", w, n, work, waiting)
	}
	if !slices.Equal(h.order, order) {
		t.Errorf("admitted %v, want %v", h.order, order)
	}
}

func TestGateDefaults(t *testing.T) {
	for _, c := range []struct{ given, want GateLimits }{
		{GateLimits{}, GateLimits{32, 512, time.Second}}, {GateLimits{Work: 2}, GateLimits{2, 32, time.Second}}, {GateLimits{3, 4, 5}, GateLimits{3, 4, 5}},
	} {
		if got := NewGate(c.given, time.Now).limits; got != c.want {
			t.Errorf("%+v: %+v", c.given, got)
		}
	}
}

// Patience is counted from when a place was free, and a line that is still there when one leaves it goes on.
func TestGatePatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(GateLimits{Work: 1, Waiting: 4, Wait: time.Second})
		time.Sleep(5 * time.Second)
		h.come(t.Context(), "work", Step)
		time.Sleep(500 * time.Millisecond)
		h.come(t.Context(), "patient", SignOn)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := h.out["patient"]; got != time.Second || h.gate.TurnedAway() != 1 {
			t.Errorf("sent away after %s, %d were counted", got, h.gate.TurnedAway())
		}
	})
	for _, c := range []Class{SignOn, Step} {
		synctest.Test(t, func(t *testing.T) {
			h := newHall(GateLimits{Work: 1, Waiting: 4, Wait: time.Second})
			h.come(t.Context(), "work", c)
			time.Sleep(500 * time.Millisecond)
			h.come(t.Context(), "a", c)
			h.come(t.Context(), "b", c)
			time.Sleep(400 * time.Millisecond)
			h.leave("work")
			time.Sleep(300 * time.Millisecond)
			h.come(t.Context(), "late", SignOn)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if got := h.out["late"]; got != time.Second/10 {
				t.Errorf("class %d: sent away after %s", c, got)
			}
			h.leave("a")
		})
	}
}

func TestGateOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(GateLimits{Work: 2, Waiting: 2, Wait: time.Second})
		for i, c := range []Class{SignOn, Step, SignOn, SignOn, SignOn, Step, Machine, Step} {
			h.come(t.Context(), fmt.Sprint(i), c)
		}
		h.want(t, 2, 4, "0", "1")
		if len(h.out) != 2 || h.out["4"] != 0 || h.out["7"] != 0 { // each line is full; they are told at once
			t.Errorf("turned away: %v", h.out)
		}
		h.come(t.Context(), "static", Cheap)
		h.in["static"]()
		h.leave("0")
		h.leave("1")
		h.leave("5")
		h.leave("6")
		h.want(t, 2, 0, "0", "1", "static", "5", "6", "2", "3") // those in progress first, each line in order
		h.leave("2")
		h.leave("3")
		h.want(t, 0, 0, "0", "1", "static", "5", "6", "2", "3")
		if n := h.gate.TurnedAway(); n != 2 {
			t.Errorf("%d turned away", n)
		}
	})
}

func TestGateDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(GateLimits{Work: 1, Waiting: 10, Wait: time.Second})
		h.come(t.Context(), "work", SignOn)
		h.come(t.Context(), "late", SignOn)
		hung, hangUp := context.WithCancel(t.Context())
		h.come(hung, "hung", Step)
		hangUp()
		synctest.Wait()
		time.Sleep(2 * time.Second)
		h.want(t, 1, 0, "work")
		// By now somebody has been waiting for longer than Wait: there is more work than can be done.
		h.come(t.Context(), "new", SignOn)
		h.come(t.Context(), "step", Step)
		time.Sleep(2 * time.Second)
		want := map[string]time.Duration{"late": time.Second, "hung": 0, "new": 100 * time.Millisecond, "step": time.Second}
		for name, after := range want {
			if got, ok := h.out[name]; !ok || got != after {
				t.Errorf("%s: %v after %s, want %s", name, ok, got, after)
			}
		}
		// Those who gave up are not called.
		h.come(t.Context(), "next", SignOn)
		h.leave("work")
		h.want(t, 1, 0, "work", "next")
		h.leave("next")
		h.want(t, 0, 0, "work", "next")
		// Once nobody waits, patience is back.
		h.come(t.Context(), "work", SignOn)
		h.come(t.Context(), "patient", SignOn)
		time.Sleep(900 * time.Millisecond)
		h.want(t, 1, 1, "work", "next", "work")
		h.leave("work")
		h.leave("patient")
	})
}

// A partner that does not answer keeps sign-outs waiting; it must not keep anybody else out, nor the other way round.
func TestGateSignOutApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(GateLimits{Work: 1, Waiting: 1, Wait: time.Second})
		h.come(t.Context(), "work", SignOn)
		for i := range 5 {
			h.come(t.Context(), fmt.Sprint(i), SignOut)
		}
		h.want(t, 5, 0, "work", "0", "1", "2", "3")
		if _, ok := h.out["4"]; !ok {
			t.Error("sign-outs are not bounded")
		}
		if n := h.gate.TurnedAway(); n != 1 {
			t.Errorf("%d were counted", n)
		}
		h.leave("work")
		h.come(t.Context(), "again", SignOn)
		h.want(t, 5, 0, "work", "0", "1", "2", "3", "again")
		h.leave("0")
		h.come(t.Context(), "5", SignOut)
		h.want(t, 5, 0, "work", "0", "1", "2", "3", "again", "5")
	})
}

// Under any storm of arrivals, departures and those who give up, never more than Work are in work, and in the end
// every place is free.
func TestGateNeverLeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(GateLimits{Work: 3, Waiting: 5, Wait: 50 * time.Millisecond}, time.Now)
		admitted := 0
		for i := range 400 {
			go func() {
				time.Sleep(time.Duration(i*7%40) * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%30+1)*time.Millisecond)
				defer cancel()
				leave, ok := g.enter(ctx, []Class{SignOn, Step, Machine}[i%3])
				if !ok {
					return
				}
				if n, _ := g.InWork(); n > 3 {
					t.Errorf("%d in work", n)
				}
				time.Sleep(time.Duration(i%11) * time.Millisecond)
				admitted++
				leave()
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if work, waiting := g.InWork(); work != 0 || waiting != 0 || admitted < 20 {
			t.Errorf("%d in work, %d wait, %d were admitted", work, waiting, admitted)
		}
	})
}
