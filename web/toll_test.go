package web

import (
	"fmt"
	"testing"
	"time"
)

// purse is a set of accounts with a clock that is set by hand.
func purse(l TollLimits) (*Tolls, func(time.Duration)) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	return NewTolls(l, func() time.Time { return now }), func(d time.Duration) { now = now.Add(d) }
}

func pays(t *Tolls, peer string, times int) (paid int) {
	for range times {
		if t.pay(peer) {
			paid++
		}
	}
	return paid
}

func TestTolls(t *testing.T) {
	tolls, pass := purse(TollLimits{Rate: 2, Burst: 10})
	if n := pays(tolls, "192.0.2.1", 20); n != 10 {
		t.Errorf("at once: %d, want the burst of 10", n)
	}
	if n := pays(tolls, "192.0.2.2", 20); n != 10 {
		t.Errorf("another address: %d", n)
	}
	pass(1500 * time.Millisecond)
	if n := pays(tolls, "192.0.2.1", 20); n != 3 {
		t.Errorf("after 1.5 s: %d, want 3", n)
	}
	pass(time.Hour)
	if n := pays(tolls, "192.0.2.1", 20); n != 10 {
		t.Errorf("after an hour: %d, want no more than the burst", n)
	}
	pass(-time.Hour) // a clock that is set back gives nothing and takes nothing
	if n := pays(tolls, "192.0.2.1", 20); n != 0 {
		t.Errorf("clock set back: %d", n)
	}
	pays(tolls, "192.0.2.3", 3)
	pass(-time.Hour)
	if n := pays(tolls, "192.0.2.3", 20); n != 7 {
		t.Errorf("clock set back with something left: %d", n)
	}
	off, _ := purse(TollLimits{Rate: 0, Burst: 1})
	if n := pays(off, "192.0.2.1", 20); n != 20 {
		t.Errorf("switched off: %d", n)
	}
	var none *Tolls
	none.Charge("192.0.2.1")
}

// Refusals lead into debt: first new sign-ons end, then every call; time pays it back.
func TestTollsDebt(t *testing.T) {
	tolls, pass := purse(TollLimits{Rate: 2, Burst: 10})
	for range 15 {
		tolls.Charge("192.0.2.1")
	}
	if tolls.pay("192.0.2.1") || !tolls.good("192.0.2.1") {
		t.Error("in debt by 5: sign-ons must end, calls go on")
	}
	for range 100 {
		tolls.Charge("192.0.2.1")
	}
	if tolls.good("192.0.2.1") {
		t.Error("in full debt: calls must end")
	}
	pass(time.Second)
	if !tolls.good("192.0.2.1") {
		t.Error("a debt is bounded: a second must pay for the next call")
	}
	pass(5 * time.Second)
	if !tolls.pay("192.0.2.1") {
		t.Error("the debt is never paid")
	}
}

// Peers are told apart as long as there is room; then those in debt stay, for what they owe must not be forgotten.
func TestTollsRoom(t *testing.T) {
	tolls, pass := purse(TollLimits{Rate: 1, Burst: 10, Peers: 2})
	for range 30 {
		tolls.Charge("192.0.2.1")
	}
	pays(tolls, "192.0.2.2", 1)
	if n := pays(tolls, "192.0.2.3", 20); n != 10 {
		t.Errorf("the first without room: %d", n)
	}
	if n := pays(tolls, "192.0.2.2", 20); n != 9 {
		t.Errorf("the second: %d", n)
	}
	pass(10 * time.Second) // the second is full again, the first owes nothing and has nothing
	if n := pays(tolls, "192.0.2.4", 20); n != 10 {
		t.Errorf("in the place of the second: %d", n)
	}
	if n := pays(tolls, "192.0.2.1", 20); n != 0 {
		t.Errorf("the debtor: %d", n)
	}
}

// A peer that is turned away is noted once a minute.
func TestTollsNote(t *testing.T) {
	tolls, pass := purse(TollLimits{Rate: 2, Burst: 10})
	for i, c := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Second, false}, {58 * time.Second, false}, {time.Second, true}, {59 * time.Second, false}, {time.Minute, true}} {
		pass(c.after)
		if got := tolls.note("192.0.2.1"); got != c.want {
			t.Errorf("time %d: %v", i, got)
		}
	}
	if n := tolls.TurnedAway(); n != 6 {
		t.Errorf("%d were counted", n)
	}
}

func TestNetwork(t *testing.T) {
	for peer, want := range map[string]string{
		"192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::": "2001:db8:1:2::/64", "2001:db8:1:3::": "2001:db8:1:3::/64", "fe80::1%eth0": "fe80::/64", "": "invalid Prefix", "x": "invalid Prefix",
	} {
		if got := Network(peer).String(); got != want {
			t.Errorf("%q: %s, want %s", peer, got, want)
		}
	}
}

// A stranger with many addresses cannot make the table grow, and those who behave keep their accounts.
func TestTollsBounded(t *testing.T) {
	tolls, pass := purse(TollLimits{Rate: 1, Burst: 5, Peers: 100})
	for i := range 100_000 {
		tolls.pay(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))
		if len(tolls.accounts) > 100 {
			t.Fatalf("%d accounts after %d peers", len(tolls.accounts), i)
		}
	}
	if tolls.pay("192.0.2.1") {
		t.Error("for those without room there is one account, and it must be empty")
	}
	pass(2 * time.Second) // all accounts are full again and forgotten
	if n := pays(tolls, "192.0.2.1", 20); n != 5 {
		t.Errorf("after the storm: %d", n)
	}
	if len(tolls.accounts) != 1 {
		t.Errorf("%d accounts are kept", len(tolls.accounts))
	}
}

func TestSessionsBounded(t *testing.T) {
	var s sessions
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for i := range 3 * sessionsKept {
		s.remember(fmt.Sprint(i), now)
	}
	if n := len(s.young) + len(s.old); n > 2*sessionsKept {
		t.Errorf("%d are remembered", n)
	}
	if !s.known(fmt.Sprint(3*sessionsKept-1)) || s.known("0") || s.known("") {
		t.Error("the last must be known, the first forgotten")
	}
	s.remember("a", now.Add(sessionsFor+time.Second))
	s.remember("b", now.Add(2*sessionsFor+3*time.Second))
	if s.known(fmt.Sprint(3*sessionsKept-1)) || !s.known("a") || !s.known("b") {
		t.Error("after two hours a session must be looked at again")
	}
}
