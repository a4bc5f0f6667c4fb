package revocation

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestLadder climbs down the rungs, at the second before and after each.
func TestLadder(t *testing.T) {
	issuer := newCA(t, nil, "Root", nil)
	long := listTemplate(5)
	long.NextUpdate = start.Add(1000 * time.Hour)
	short := listTemplate(5)
	short.NextUpdate = start.Add(time.Hour)
	fresh, stale, unknown := bridge.StandingFresh, bridge.StandingStale, bridge.StandingUnknown
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		short  bool
		policy Policy
		age    time.Duration
		want   bridge.Standing
		most   bridge.Assurance
	}{
		"fresh":                     {false, Policy{Fresh: day, Stale: 3 * day}, day, fresh, 0},
		"stale":                     {false, Policy{Fresh: day, Stale: 3 * day}, day + time.Second, stale, 2},
		"stale, as good as fresh":   {false, Policy{Fresh: day, Stale: 3 * day, StaleAssurance: 3}, day + time.Second, stale, 3},
		"last second":               {false, Policy{Fresh: day, Stale: 3 * day}, 3 * day, stale, 2},
		"past":                      {false, Policy{Fresh: day, Stale: 3 * day}, 3*day + time.Second, unknown, 2},
		"past, whatever stale is":   {false, Policy{Fresh: day, Stale: 3 * day, StaleAssurance: 3}, 3*day + time.Second, unknown, 2},
		"no stale rung":             {false, Policy{Fresh: day}, day + time.Second, unknown, 2},
		"nextUpdate":                {true, Policy{Fresh: day, Stale: 3 * day}, 2 * time.Hour, fresh, 0},
		"nextUpdate has passed":     {true, Policy{Fresh: day, Stale: 3 * day}, 2*time.Hour + time.Second, stale, 2},
		"nextUpdate, no stale rung": {true, Policy{Fresh: day}, 2*time.Hour + time.Second, unknown, 2},
	} {
		l := long
		if c.short {
			l = short
		}
		c.policy.Mode = ModeLists
		d := newDesk(t, issuer.list(t, l), c.policy, nil, issuer)
		d.now = l.ThisUpdate.Add(c.age)
		if got := d.decide(issuer, 77); got.Standing != c.want || got.Most != c.most || got.Then != Deny || got.Age != c.age {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestLadderOnlyGoesDown: with time alone a standing never gets better, and what was revoked stays so.
func TestLadderOnlyGoesDown(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		hours := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(1, 200).Draw(r, name)) * time.Hour
		}
		p := Policy{Mode: ModeLists, Fresh: hours("fresh")}
		p.Stale = p.Fresh + hours("stale")
		e := Evidence{Source: SourceList, ThisUpdate: start, NextUpdate: start.Add(hours("next")), Revoked: rapid.Bool().Draw(r, "revoked")}
		at := start.Add(hours("first"))
		before, after := p.judge(e, at), p.judge(e, at.Add(hours("wait")))
		if height(after.Standing) > height(before.Standing) {
			t.Errorf("%s became %s", before.Standing, after.Standing)
		}
		if after.Evidence.Revoked != e.Revoked || before.Evidence.Revoked != e.Revoked {
			t.Error("a revocation was forgotten")
		}
		if (before.Standing == bridge.StandingFresh) != (before.Most == 0) {
			t.Errorf("%+v", before)
		}
	})
}

func TestPolicyCheck(t *testing.T) {
	for name, p := range map[string]Policy{
		"no mode": {Fresh: time.Hour}, "no age": {Mode: ModeLists}, "stale first": {Mode: ModeLists, Fresh: 2 * time.Hour, Stale: time.Hour},
		"then": {Mode: ModeLists, Fresh: time.Hour, Then: "maybe"}, "assurance": {Mode: ModeLists, Fresh: time.Hour, StaleAssurance: 4},
	} {
		if p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, p := range map[string]Policy{"off": {Mode: ModeOff}, "lists": ladder, "answers": answering} {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
