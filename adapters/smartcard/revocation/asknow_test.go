package revocation

import (
	"context"
	"io"
	"math/big"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/bridge"
)

// responder answers after a while, and notes who asked.
type responder struct {
	takes time.Duration
	say   func() ([]byte, error)
	mu    sync.Mutex
	asked []string
}

func (r *responder) Download(context.Context, string, string, io.Writer) (string, bool, error) {
	return "", false, errDead
}

func (r *responder) Ask(ctx context.Context, address string, _ []byte) ([]byte, error) {
	r.mu.Lock()
	r.asked = append(r.asked, address)
	r.mu.Unlock()
	select {
	case <-time.After(r.takes):
		return r.say()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestAskNow: a card about which nothing is known is asked about while its sign-in waits, at the configured address alone, and for no longer
// than that; who has evidence waits for nothing.
func TestAskNow(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	answer := func(status int) func() ([]byte, error) {
		raw := issuer.answer(t, issuer, answerTemplate(77, status))
		return func() ([]byte, error) { return raw, nil }
	}
	good := answer(ocsp.Good)
	for name, c := range map[string]struct {
		takes   time.Duration
		say     func() ([]byte, error)
		change  func(*desk)
		held    bool // an answer is there
		want    bridge.Standing
		revoked bool
		asked   int
		waits   time.Duration
	}{
		"good":            {takes: time.Second, say: good, want: bridge.StandingFresh, asked: 1, waits: time.Second},
		"revoked":         {takes: time.Second, say: answer(ocsp.Revoked), want: bridge.StandingFresh, revoked: true, asked: 1, waits: time.Second},
		"too slow":        {takes: time.Minute, say: good, want: bridge.StandingUnknown, asked: 1, waits: 2 * time.Second},
		"dead":            {say: func() ([]byte, error) { return nil, errDead }, want: bridge.StandingUnknown, asked: 1},
		"lies":            {say: func() ([]byte, error) { return []byte("good"), nil }, want: bridge.StandingUnknown, asked: 1},
		"held":            {say: good, held: true, want: bridge.StandingFresh},
		"nobody may wait": {say: good, change: func(d *desk) { d.o.Wait = 0 }, want: bridge.StandingUnknown},
		"no responder":    {say: good, change: func(d *desk) { d.o.Responder = "" }, want: bridge.StandingUnknown},
		"lists alone":     {say: good, change: func(d *desk) { d.o.Policy = ladder }, want: bridge.StandingUnknown},
		"lists say enough": {say: good, change: func(d *desk) {
			d.o.Policy.Mode, d.o.Files = ModeBoth, []string{d.path}
			d.write(issuer.list(d.t, listTemplate(5)))
		}, want: bridge.StandingFresh},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &responder{takes: c.takes, say: c.say}
			d := newDesk(t, nil, answering, func(d *desk) {
				d.o.Responder, d.o.Wait, d.o.Fetch = "http://ocsp.example", 2*time.Second, r
				if c.change != nil {
					c.change(d)
				}
			}, issuer)
			if c.held {
				raw, _ := good()
				if err := d.Staple(issuer.cert, big.NewInt(77), raw, d.now); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			d.AskNow(t.Context(), issuer.cert, big.NewInt(77))
			if waited := time.Since(began); waited != c.waits {
				t.Errorf("%s: waited %s", name, waited)
			}
			if got := d.decide(issuer, 77); got.Standing != c.want || got.Evidence.Revoked != c.revoked {
				t.Errorf("%s: %+v", name, got)
			}
			if len(r.asked) != c.asked || c.asked > 0 && r.asked[0] != "http://ocsp.example" {
				t.Errorf("%s: asked %v", name, r.asked)
			}
		})
	}
}

// TestAskNowIsBounded: a responder that is down costs one wait and not one for each sign-in; many who wait for one card ask once, and who goes
// away spoils nothing for the others.
func TestAskNowIsBounded(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	raw := issuer.answer(t, issuer, answerTemplate(77, ocsp.Good))
	synctest.Test(t, func(t *testing.T) {
		r := &responder{takes: time.Second, say: func() ([]byte, error) { return raw, nil }}
		d := newDesk(t, nil, answering, func(d *desk) { d.o.Responder, d.o.Wait, d.o.Fetch = "http://ocsp.example", 2*time.Second, r }, issuer)
		gone, leave := context.WithCancel(t.Context())
		leave()
		var all sync.WaitGroup
		all.Go(func() { d.AskNow(gone, issuer.cert, big.NewInt(77)) })
		synctest.Wait()
		for range 50 {
			all.Go(func() {
				d.AskNow(t.Context(), issuer.cert, big.NewInt(77))
				if got := d.decide(issuer, 77); got.Standing != bridge.StandingFresh {
					t.Errorf("%+v", got)
				}
			})
		}
		all.Wait()
		if len(r.asked) != 1 {
			t.Errorf("asked %d times about one card", len(r.asked))
		}
		r.takes = time.Hour
		for n := range 50 {
			all.Go(func() { d.AskNow(t.Context(), issuer.cert, big.NewInt(int64(100+n))) })
		}
		began := time.Now()
		all.Wait()
		if waited := time.Since(began); len(r.asked) != 1+waitersAtOnce || waited != 2*time.Second {
			t.Errorf("asked %d times at once, for %s", len(r.asked)-1, waited)
		}
		began = time.Now()
		d.AskNow(t.Context(), issuer.cert, big.NewInt(200))
		if waited := time.Since(began); waited != 0 {
			t.Errorf("waited %s for a responder that is down", waited)
		}
		d.now = d.now.Add(waitNoMore)
		d.AskNow(t.Context(), issuer.cert, big.NewInt(200))
		if waited := time.Since(began); waited != 2*time.Second {
			t.Errorf("waited %s for a responder that may be up again", waited)
		}
	})
}

// TestAskNowForgotten: a card that is forgotten while it is asked about, as after a jump of the clock, is known by the answer all the same, and
// nobody waits in vain after that.
func TestAskNowForgotten(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	d := newDesk(t, nil, answering, func(d *desk) {
		d.o.Responder, d.o.Wait = "http://ocsp.example", time.Minute
		d.web.ask = func([]byte) ([]byte, error) {
			d.answers.due(d.now.Add(keepUnused + time.Hour))
			return issuer.answer(t, issuer, answerTemplate(77, ocsp.Good)), nil
		}
	}, issuer)
	d.AskNow(t.Context(), issuer.cert, big.NewInt(77))
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingFresh || len(d.asking.now) != 0 {
		t.Errorf("%+v, %d are asked about", got, len(d.asking.now))
	}
}
