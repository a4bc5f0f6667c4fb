package oidc

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestNoSequenceYieldsTwoTokenSets: whatever persons and clients do, in whatever order, a request yields tokens at most once, only
// after an approval, never after a refusal, and what was decided once stays decided.
func TestNoSequenceYieldsTwoTokenSets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newDecoupledWorld(t)
		b := w.browser()
		ciba := rapid.Bool().Draw(rt, "ciba")
		client, secret, code := "tv", "", ""
		if ciba {
			client = "till"
			secret = w.ciba(client).ID
		} else {
			d := w.device(client)
			secret, code = d.DeviceCode, d.UserCode
		}
		var first string // decision
		sets, ended := 0, false
		begun := w.clock()
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			step := rapid.SampledFrom([]string{"poll", "poll", "approve", "refuse", "wait", "signout", "steal"}).Draw(rt, "step")
			alive := w.clock().Sub(begun) < map[bool]time.Duration{true: w.p.life.CIBA, false: w.p.life.Device}[ciba]
			switch step {
			case "poll":
				got := w.poll(client, secret)
				if got.status != http.StatusOK {
					continue
				}
				sets++
				if sets > 1 || first != "approve" || ended {
					rt.Fatalf("tokens: set %d, decided %q, session ended %t", sets, first, ended)
				}
			case "steal":
				if got := w.poll(map[bool]string{true: "desk", false: "kiosk"}[ciba], secret); got.status == http.StatusOK {
					rt.Fatal("another client got tokens")
				}
			case "approve", "refuse":
				var got reply
				if ciba {
					got = b.answer(step)
				} else if sure := b.enter(code); sure.hidden().Has("tx") {
					got = b.submit(approvePath, sure.hidden("answer", step))
				}
				done := got.status == http.StatusOK && strings.Contains(got.body, map[string]string{"approve": "You approved", "refuse": "You refused"}[step])
				if done && (first != "" || !alive) {
					rt.Fatalf("decided again (%s after %s) or too late", step, first)
				}
				if done {
					first = step
				}
			case "wait":
				w.advance(time.Duration(rapid.IntRange(1, 200).Draw(rt, "seconds")) * time.Second)
			case "signout":
				if first == "approve" && sets == 0 {
					ended = true
				}
				for _, e := range w.events(0) {
					if e.Tracking != "" {
						_, err := w.hub.Logout(context.Background(), e.Tracking, logoutCause{Reason: "admin"})
						must(t, err)
					}
				}
			}
		}
	})
}

// TestParallelPolls: of 20 questions at once that could all be answered with tokens one is.
func TestParallelPolls(t *testing.T) {
	w := newDecoupledWorld(t)
	d := w.device("tv")
	w.browser().decide(d.UserCode, "approve")
	var mu sync.Mutex
	var wg sync.WaitGroup
	won := 0
	for range 20 {
		wg.Go(func() {
			if got := w.poll("tv", d.DeviceCode); got.status == http.StatusOK {
				mu.Lock()
				defer mu.Unlock()
				won++
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d token sets", won)
	}
}
