package fido_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/fido"
	"github.com/lanyard-hub/lanyard/adapters/fido/softkey"
	"github.com/lanyard-hub/lanyard/bridge"
)

func testCounter(t *testing.T) {
	t.Run("refuse", testLocked)
	t.Run("lower", testLowered)
	t.Run("stricter", testStricter)
	t.Run("at once", testAtOnce)
	t.Run("cleared", testCleared)
	t.Run("overtaken", testOvertaken)
	t.Run("none", func(t *testing.T) { // a key without a counter says zero for ever
		d, k := newDesk(t), softKey(t, 1)
		k.Step = 0
		d.enrol(k, d.person)
		for range 3 {
			if _, err := d.signIn(k); err != nil {
				t.Errorf("key without counter: %v", err)
			}
		}
	})
}

// countingKey is an enrolled key that was used at a counter.
func countingKey(t *testing.T, d *desk, counter uint32) *softkey.Key {
	t.Helper()
	k := softKey(t, 1)
	d.enrol(k, d.person)
	k.Counter, k.Step = counter, 0
	if _, err := d.signIn(k); err != nil {
		t.Fatal(err)
	}
	return k
}

// testLocked: whoever is ahead, owner or thief, neither signs in any more once a counter did not move on. A restart changes nothing.
func testLocked(t *testing.T) {
	for _, counter := range []uint32{5, 4, 1, 0} {
		d := newDesk(t)
		k := countingKey(t, d, 5)
		before := d.shelf.all[0]
		k.Counter = counter
		_, err := d.signIn(k)
		refused(t, err, bridge.CredentialRevoked, "key_clone")
		if r := bridge.AsRefusal(err); r.Alarm != "possible_clone" || r.Subject != d.person.UID || r.Evidence["ground"] != "possible_clone" {
			t.Errorf("nobody is told whose key it is: %+v", r)
		}
		if after := d.shelf.all[0]; !after.Used.Equal(before.Used) || !after.Revoked.IsZero() {
			t.Errorf("a refused answer counts as a use: %+v", after)
		}
		for _, ahead := range []uint32{6, 7, 100} {
			d = newDeskOn(t, d.shelf)
			k.Counter = ahead
			_, err = d.signIn(k)
			refused(t, err, bridge.CredentialRevoked, "key_suspected")
			if r := bridge.AsRefusal(err); r.Alarm != "" || r.Subject != d.person.UID {
				t.Errorf("%+v", r)
			}
		}
		k.Counter = 5
		_, err = d.signIn(k)
		refused(t, err, bridge.CredentialRevoked, "key_clone") // and an alarm again
	}
}

// testOvertaken: of two pages of one person the first may be the slower. Its answer is refused, and the key is as good as before; a copy has no
// such excuse, whenever it comes.
func testOvertaken(t *testing.T) {
	for _, c := range []struct {
		name    string
		wait    time.Duration // between the accepted answer and the beginning of the other ceremony
		counter uint32
		code    string
	}{
		{"begun before, lower by one", -time.Second, 9, "key_overtaken"},
		{"begun before, lower by eight", -time.Second, 2, "key_overtaken"},
		{"lower by nine", -time.Second, 1, "key_clone"},
		{"no count at all", -time.Second, 0, "key_clone"},
		{"the same", -time.Second, 10, "key_clone"},
		{"begun at the same time", 0, 9, "key_clone"},
		{"begun after", time.Second, 9, "key_clone"},
	} {
		for _, lower := range []bool{false, true} {
			d := newDeskWith(t, fido.Policy{LowerClones: lower}, nil)
			k := countingKey(t, d, 1)
			used := d.now.Add(time.Minute)
			d.now, k.Counter = used.Add(c.wait), c.counter
			state, response := d.answer(k)
			d.now, k.Counter = used, 10
			if _, err := d.signIn(k); err != nil {
				t.Fatal(c.name, err)
			}
			d.now = used.Add(2 * time.Second)
			proof, err := d.keys.FinishSignIn(t.Context(), state, response, d.now)
			k.Counter = 11
			switch {
			case c.code == "key_overtaken":
				refused(t, err, bridge.AuthenticationFailed, c.code)
				if proof, err = d.signIn(k); err != nil || proof.Assurance != 3 || proof.Alarm != "" {
					t.Errorf("%s: the key is worth less now: %+v, %v", c.name, proof, err)
				}
			case lower:
				if err != nil || proof.Assurance != 2 || proof.Alarm == "" {
					t.Errorf("%s: %+v, %v", c.name, proof, err)
				}
			default:
				refused(t, err, bridge.CredentialRevoked, c.code)
				_, err = d.signIn(k)
				refused(t, err, bridge.CredentialRevoked, "key_suspected")
			}
		}
	}
}

// testLowered: where copies are let pass they are worth less, from then on, and somebody is told.
func testLowered(t *testing.T) {
	d, k := newDeskWith(t, fido.Policy{LowerClones: true}, nil), softKey(t, 1)
	d.enrol(k, d.person)
	for i, c := range []struct {
		counter uint32
		worth   bridge.Assurance
		alarm   bool
	}{{9, 3, false}, {9, 2, true}, {4, 2, true}, {0, 2, true}, {10, 2, false}, {11, 2, false}} {
		k.Counter, k.Step = c.counter, 0
		proof, err := d.signIn(k)
		if err != nil || proof.Assurance != c.worth || (proof.Alarm == "possible_clone") != c.alarm || (c.worth == 2) != (proof.Evidence["ground"] == "possible_clone") {
			t.Errorf("%d: %+v, %v", i, proof, err)
		}
	}
}

// testStricter: a key that became suspect under one policy is so under another.
func testStricter(t *testing.T) {
	lower := newDeskWith(t, fido.Policy{LowerClones: true}, nil)
	k := countingKey(t, lower, 9)
	if _, err := lower.signIn(k); err != nil {
		t.Fatal(err)
	}
	strict := newDeskOn(t, lower.shelf)
	k.Counter = 12
	_, err := strict.signIn(k)
	refused(t, err, bridge.CredentialRevoked, "key_suspected")
	k.Counter = 9
	_, err = strict.signIn(k)
	refused(t, err, bridge.CredentialRevoked, "key_clone")
	lower.shelf.all = strict.shelf.all
	k.Counter = 13
	if proof, err := lower.signIn(k); err != nil || proof.Assurance != 2 || proof.Alarm != "" {
		t.Errorf("and the other way: %+v, %v", proof, err)
	}
}

// testAtOnce: of many answers that were all judged by one record, one with a new counter passes. Those without a counter all do.
func testAtOnce(t *testing.T) {
	const answers = 7
	for name, tc := range map[string]struct {
		counter uint32
		pass    int
	}{"one counter": {5, 1}, "no counter": {0, answers}} {
		t.Run(name, func(t *testing.T) {
			d, k := newDesk(t), softKey(t, 1)
			k.Step = 0
			d.enrol(k, d.person)
			k.Counter = tc.counter
			var states, responses [answers][]byte
			for i := range answers {
				states[i], responses[i] = d.answer(k)
			}
			d.shelf.read = meet(answers)
			var errs [answers]error
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() { _, errs[i] = d.keys.FinishSignIn(t.Context(), states[i], responses[i], d.now) })
			}
			wg.Wait()
			passed := 0
			for _, err := range errs {
				var r *bridge.Refusal
				switch {
				case err == nil:
					passed++
				case !errors.As(err, &r) || (r.AuditCode() != "key_clone"):
					t.Errorf("not for the counter: %v", err)
				}
			}
			if passed != tc.pass {
				t.Errorf("%d of %d answers at counter %d passed", passed, answers, tc.counter)
			}
		})
	}
}

// meet returns a function whose first n callers wait for each other.
func meet(n int32) func() {
	var came atomic.Int32
	all := make(chan struct{})
	return func() {
		if came.Add(1) == n {
			close(all)
		}
		<-all
	}
}

// testCleared: once somebody decided that there is one key, it goes on from its next counter, behind the stored one or ahead.
func testCleared(t *testing.T) {
	for _, next := range []uint32{3, 5, 100} {
		d := newDesk(t)
		k := countingKey(t, d, 5)
		if _, err := fido.Clear(d.shelf.all[0]); !errors.Is(err, fido.ErrNotSuspect) {
			t.Errorf("cleared of nothing: %v", err)
		}
		_, err := d.signIn(k)
		refused(t, err, bridge.CredentialRevoked, "key_clone")
		if d.shelf.all[0], err = fido.Clear(d.shelf.all[0]); err != nil {
			t.Fatal(err)
		}
		k.Counter = next
		if proof, err := d.signIn(k); err != nil || proof.Assurance != 3 || proof.Evidence["ground"] == "possible_clone" {
			t.Errorf("at %d: %+v, %v", next, proof, err)
		}
		_, err = d.signIn(k)
		refused(t, err, bridge.CredentialRevoked, "key_clone")
	}
}
