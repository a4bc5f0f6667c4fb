package revocation

import (
	"context"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestAddresses: lists and deltas are fetched, kept, and served by a restart without network until the policy ends.
func TestAddresses(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	d := newDesk(t, nil, ladder, func(d *desk) {
		d.o.Folder, d.o.Lists = t.TempDir(), []string{"http://ca.example/full", "http://ca.example/delta"}
		d.web.lists = map[string][]byte{"http://ca.example/full": issuer.list(t, listTemplate(5, 77)), "http://ca.example/delta": issuer.list(t, delta(listTemplate(6, 78), 5))}
	}, issuer)
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingUnknown || len(d.web.asked) != 0 {
		t.Errorf("before anything was fetched: %+v, asked %v", got, d.web.asked)
	}
	d.Refresh(t.Context())
	revoked := func(when string) {
		t.Helper()
		for _, n := range []int64{77, 78} {
			if got := d.decide(issuer, n); !got.Evidence.Revoked {
				t.Errorf("%s: %d: %+v", when, n, got)
			}
		}
		if got := d.decide(issuer, 79); got.Standing != bridge.StandingFresh || got.Evidence.Delta != "6" {
			t.Errorf("%s: %+v", when, got)
		}
	}
	revoked("fetched")
	d.Refresh(t.Context())
	if len(d.web.asked) != 2 {
		t.Errorf("asked too soon: %v", d.web.asked)
	}
	d.web.lists = nil
	d.restart()
	revoked("restarted without network")
	d.Refresh(t.Context())
	d.Refresh(t.Context())
	revoked("after asking in vain")
	if s := d.States()[0]; s.Fault == "" || s.Standing != bridge.StandingFresh || s.Entries != 2 {
		t.Errorf("%+v", s)
	}
	if n := strings.Count(d.log.String(), "connection refused"); n != 2 {
		t.Errorf("told %d times: %s", n, d.log.String())
	}
	d.now = start.Add(47*time.Hour + time.Second)
	if got := d.decide(issuer, 79); got.Standing != bridge.StandingUnknown {
		t.Errorf("for ever: %+v", got)
	}
}

// TestFetchedRollback: what is at an address does not take the place of what is held if it is older, and an unchanged list is not
// fetched twice.
func TestFetchedRollback(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	at := "http://ca.example/full"
	d := newDesk(t, nil, ladder, func(d *desk) {
		d.o.Folder, d.o.Lists = t.TempDir(), []string{at}
		d.web.lists = map[string][]byte{at: issuer.list(t, listTemplate(5, 77))}
	}, issuer)
	for i, data := range [][]byte{d.web.lists[at], d.web.lists[at], issuer.list(t, listTemplate(4)), []byte("<html>")} {
		d.web.lists[at] = data
		d.now = start.Add(time.Duration(i) * time.Hour)
		d.Refresh(t.Context())
		if got := d.decide(issuer, 77); !got.Evidence.Revoked || got.Evidence.Number != "5" {
			t.Errorf("%d: %+v", i, got)
		}
		d.restart()
		if got := d.decide(issuer, 77); !got.Evidence.Revoked {
			t.Errorf("%d: restarted: %+v", i, got)
		}
	}
}

// drawer is Cards that are registered.
type drawer struct {
	keyID   []byte
	serials []int64
}

func (c drawer) EachCard(_ context.Context, _ time.Time, do func([]byte, *big.Int)) error {
	for _, n := range c.serials {
		do(c.keyID, big.NewInt(n))
	}
	return nil
}

// TestPrefetch: registered cards have an answer before they are used, it is renewed in the middle of its life, and a dead responder
// is not asked for every card.
func TestPrefetch(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	var cards drawer
	for n := range int64(20) {
		cards.serials = append(cards.serials, n+1)
	}
	cards.keyID = IssuerKeyID(issuer.cert)
	d := newDesk(t, nil, answering, func(d *desk) { d.o.Responder, d.o.Cards = "http://ocsp.example", cards }, issuer)
	d.Refresh(t.Context())
	if n := len(d.web.asked); n < giveUpFrom || n > giveUpFrom+askAtOnce {
		t.Errorf("a dead responder was asked %d times", n)
	}
	d.Refresh(t.Context())
	if n := len(d.web.asked); n > giveUpFrom+askAtOnce {
		t.Errorf("and again at once: %d", n)
	}
	d.web.asked, d.now = nil, d.now.Add(time.Hour)
	d.web.ask = func(request []byte) ([]byte, error) {
		r, err := ocsp.ParseRequest(request)
		if err != nil || !slices.Contains(cards.serials, r.SerialNumber.Int64()) {
			return nil, fmt.Errorf("asked for %v: %w", r, err)
		}
		a := answerTemplate(r.SerialNumber.Int64(), ocsp.Good)
		a.ThisUpdate, a.NextUpdate = d.now, d.now.Add(8*time.Hour)
		return issuer.answer(t, issuer, a), nil
	}
	d.Refresh(t.Context())
	if s := d.States()[0]; len(d.web.asked) != 20 || s.Cards != 20 || s.Answers != 20 || s.Standing != bridge.StandingFresh || s.Fault != "" {
		t.Errorf("asked %d times, %+v", len(d.web.asked), s)
	}
	for _, c := range []struct {
		after time.Duration
		asked int
	}{{3 * time.Hour, 20}, {time.Hour + time.Minute, 40}} {
		d.now = d.now.Add(c.after)
		d.Refresh(t.Context())
		if len(d.web.asked) != c.asked {
			t.Errorf("%s later: asked %d times", c.after, len(d.web.asked))
		}
	}
	for _, n := range cards.serials {
		if got := d.decide(issuer, n); got.Standing != bridge.StandingFresh {
			t.Errorf("%d: %+v", n, got)
		}
	}
	d.now = d.now.Add(keepUnused + time.Hour)
	d.o.Cards = nil
	d.answers.due(d.now)
	if s := d.States()[0]; s.Cards != 0 {
		t.Errorf("cards of %d holders who left are asked for for ever", s.Cards)
	}
}

// TestOneBadAnswer: a card about which the responder says nothing of use does not keep the others from being asked for.
func TestOneBadAnswer(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	d := newDesk(t, nil, answering, func(d *desk) {
		d.o.Responder = "http://ocsp.example"
		d.web.ask = func(request []byte) ([]byte, error) {
			r, err := ocsp.ParseRequest(request)
			if err != nil || r.SerialNumber.Int64() == 1 {
				return ocsp.UnauthorizedErrorResponse, err
			}
			return issuer.answer(t, issuer, answerTemplate(r.SerialNumber.Int64(), ocsp.Good)), nil
		}
	}, issuer)
	d.decide(issuer, 1)
	d.Refresh(t.Context())
	d.decide(issuer, 77)
	d.Refresh(t.Context())
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingFresh || len(d.web.asked) != 2 {
		t.Errorf("%+v, asked %d times, %+v", got, len(d.web.asked), d.States()[0])
	}
}

// TestKilledWhileFetching: what a process had begun to write is not kept for ever, and a command that looks leaves it alone.
func TestKilledWhileFetching(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	d := newDesk(t, issuer.list(t, listTemplate(7, 77)), ladder, func(d *desk) { d.o.Folder = t.TempDir() }, issuer)
	for _, name := range []string{".fetched-17", ".new-18"} {
		if err := os.WriteFile(filepath.Join(d.o.Folder, name), []byte("half a li"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		looking bool
		left    int
	}{{true, 2}, {false, 0}} {
		d.o.ReadOnly = c.looking
		d.restart()
		if left, err := filepath.Glob(filepath.Join(d.o.Folder, ".*")); err != nil || len(left) != c.left {
			t.Errorf("looking %t: %v %v", c.looking, left, err)
		}
	}
	if got := d.decide(issuer, 77); !got.Evidence.Revoked {
		t.Errorf("%+v", got)
	}
}

// TestAnswersAreAskedAtOnce: a card that is used for the first time is asked for without waiting for the next look, and nobody waits for it.
func TestAnswersAreAskedAtOnce(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	asked := make(chan struct{}, 8)
	hold := make(chan struct{})
	d := newDesk(t, nil, answering, func(d *desk) {
		d.o.Responder = "http://ocsp.example"
		d.web.ask = func([]byte) ([]byte, error) {
			asked <- struct{}{}
			<-hold
			return issuer.answer(t, issuer, answerTemplate(77, ocsp.Good)), nil
		}
	}, issuer)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { d.RunAnswers(ctx); close(ended) }()
	begun := time.Now()
	if got := d.decide(issuer, 77); got.Standing != bridge.StandingUnknown {
		t.Errorf("%+v", got)
	}
	<-asked
	for range 100 { // the responder hangs, and sign-ins go on
		d.decide(issuer, 77)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("sign-ins waited %s", took)
	}
	close(hold)
	for d.decide(issuer, 77).Standing != bridge.StandingFresh {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("the answer was not taken")
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	<-ended
}

// TestSlowList: an address that hangs holds up neither answers about cards nor the end of the loops.
func TestSlowList(t *testing.T) {
	issuer := newCA(t, nil, "Level 1D", nil)
	hanging := make(chan struct{})
	p := answering
	p.Mode = ModeBoth
	d := newDesk(t, nil, p, func(d *desk) {
		d.o.Responder, d.o.Lists, d.o.Folder = "http://ocsp.example", []string{"http://slow.example"}, t.TempDir()
		d.web.slow = hanging
		d.web.ask = func([]byte) ([]byte, error) { return issuer.answer(t, issuer, answerTemplate(77, ocsp.Good)), nil }
	}, issuer)
	ctx, stop := context.WithCancel(t.Context())
	var loops sync.WaitGroup
	loops.Go(func() { d.RunLists(ctx) })
	loops.Go(func() { d.RunAnswers(ctx) })
	<-hanging
	for begun := time.Now(); d.decide(issuer, 77).Standing != bridge.StandingFresh; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("no answer was taken")
		}
	}
	stop()
	loops.Wait()
}
