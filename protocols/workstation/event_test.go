package workstation

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// TestCardRemoved: the sessions that the card signed in end, and their partners are told, in the same request.
func TestCardRemoved(t *testing.T) {
	w := newWorld(t)
	w.signIn("here", bridge.Place{Workstation: "bay4"}, "epr", "pas")
	w.signIn("somewhere", bridge.Place{})
	got := w.event("bay4", removed, nil)
	got.want(t, http.StatusOK, "")
	if got.body["act"] != "logout" || got.body["ended"] != 2.0 || got.body["left"] != 0.0 || !w.ended("here") || !w.ended("somewhere") {
		t.Errorf("%s", got.text)
	}
	if slices.Sort(w.told); !slices.Equal(w.told, []string{"epr", "pas"}) {
		t.Errorf("told %v", w.told)
	}
	es := w.events(ledger.CardRemoved)
	if len(es) != 1 || es[0].Subject != asha || es[0].Detail["workstation"] != "bay4" || es[0].Detail["ended"] != "2" {
		t.Errorf("%+v", es)
	}
	for _, e := range w.events(ledger.SessionEnded) {
		if e.Reason != string(bridge.EndedByCard) || e.Detail["by"] != "workstation bay4" {
			t.Errorf("%+v", e)
		}
	}
}

// TestRemovalHereAndThen: a session at another workstation has nothing to do with it, nor has one that was proven anew since.
func TestRemovalHereAndThen(t *testing.T) {
	w := newWorld(t)
	w.signIn("elsewhere", bridge.Place{Workstation: "bay5"})
	w.now = w.now.Add(time.Hour)
	w.signIn("later", bridge.Place{Workstation: "bay4"})
	late := map[string]any{"at": w.now.Add(-time.Minute).Unix()}
	if got := w.event("bay4", removed, late); got.body["ended"] != 0.0 || w.ended("elsewhere") || w.ended("later") {
		t.Errorf("a removal of before: %s", got.text)
	}
	w.now = w.now.Add(time.Minute)
	if got := w.event("bay4", removed, nil); got.body["ended"] != 1.0 || w.ended("elsewhere") || !w.ended("later") {
		t.Errorf("%s", got.text)
	}
}

// TestRemovalByItsAge: the clock of a workstation that is behind, within what is let pass, keeps no session alive whose card is gone; what
// such a workstation delivers late is about as old as it says.
func TestRemovalByItsAge(t *testing.T) {
	for name, c := range map[string]struct {
		skew, age time.Duration // of the workstation's clock, and of the removal
		late      bool          // the event says when it happened
		ends      bool          // a session that was proven ten seconds ago
	}{
		"behind, at once":         {skew: -50 * time.Second, ends: true},
		"behind, at once, said":   {skew: -50 * time.Second, late: true, ends: true},
		"behind, a minute ago":    {skew: -50 * time.Second, age: time.Minute, late: true},
		"ahead, at once":          {skew: 50 * time.Second, ends: true},
		"ahead, a minute ago":     {skew: 50 * time.Second, age: time.Minute, late: true},
		"ahead, five seconds ago": {skew: 50 * time.Second, age: 5 * time.Second, late: true, ends: true},
		"in time, in this second": {late: true, ends: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.now = w.now.Add(900 * time.Millisecond)
			s := w.signIn("here", bridge.Place{Workstation: "bay4"})
			if c.skew != 0 {
				w.now = s.AuthnAt.Add(10 * time.Second)
			}
			there := w.now.Add(c.skew)
			more := map[string]any{"iat": there.Unix(), "exp": there.Add(agent.MaxLife).Unix()}
			if c.late {
				more["at"] = there.Add(-c.age).Unix()
			}
			got := w.event("bay4", removed, more)
			got.want(t, http.StatusOK, "")
			if w.ended("here") != c.ends {
				t.Errorf("ended: %v, %s", w.ended("here"), got.text)
			}
		})
	}
}

// TestRemovalThatNobodySaw: what is known to be here depended on a card that is not in any more; of what is nowhere known only what was
// proven while the card was known to be here. The record says between when and when.
func TestRemovalThatNobodySaw(t *testing.T) {
	w := newWorld(t)
	w.signIn("before", bridge.Place{})
	w.now = w.now.Add(time.Hour)
	seen := w.now
	w.now = w.now.Add(time.Hour)
	w.signIn("elsewhere", bridge.Place{Workstation: "bay5"})
	w.signIn("nowhere", bridge.Place{})
	w.signIn("here", bridge.Place{Workstation: "bay4"})
	w.now = w.now.Add(time.Hour)
	got := w.event("bay4", removed, map[string]any{"since": seen.Unix()})
	if got.body["ended"] != 2.0 || !w.ended("before") || !w.ended("here") || w.ended("elsewhere") || w.ended("nowhere") {
		t.Errorf("%s", got.text)
	}
	es := w.events(ledger.CardRemoved)
	if len(es) != 1 || es[0].Detail["left_after"] != seen.Add(time.Second).UTC().Format(time.RFC3339) || es[0].Detail["left_before"] != w.now.UTC().Format(time.RFC3339) {
		t.Errorf("%+v", es)
	}
}

// TestRemovalLocks: what the workstation wants is done to sessions that no app speaks for.
func TestRemovalLocks(t *testing.T) {
	w := newWorld(t)
	stored, err := w.store.Workstation(t.Context(), "bay4")
	w.must(err)
	stored.OnRemoval = trust.RemovalLock
	w.save(stored)
	w.signIn("here", bridge.Place{Workstation: "bay4"}, "epr")
	got := w.event("bay4", removed, nil)
	if got.body["act"] != "lock" || got.body["suspended"] != 1.0 || got.body["ended"] != 0.0 || w.ended("here") {
		t.Errorf("%s", got.text)
	}
	if s, err := w.store.Session(t.Context(), "here"); err != nil || s.Suspended.IsZero() {
		t.Errorf("%+v %v", s, err)
	}
	if got := w.say("/workstation/status", w.agents["bay4"].Say("status", nil)); got.text != `{"sessions":[],"offline":1800}` {
		t.Errorf("suspended: %s", got.text)
	}
}

// TestOtherEvents: nothing but the removal of a registered card ends anything.
func TestOtherEvents(t *testing.T) {
	w := newWorld(t)
	w.signIn("here", bridge.Place{Workstation: "bay4"})
	nobodys := w.newCard("555000000099")
	for name, c := range map[string]struct {
		event string
		more  map[string]any
		act   string
	}{
		"inserted": {inserted, nil, "ignore"}, "started": {started, map[string]any{"certificate": ""}, ""}, "stopping": {stopping, nil, "ignore"},
		"another card":      {removed, map[string]any{"certificate": nobodys.Text()}, "logout"},
		"what is no signer": {removed, map[string]any{"certificate": w.unnamed()}, "logout"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.event("bay4", c.event, c.more)
			if c.act == "" {
				got.want(t, http.StatusBadRequest, "agent_message")
				return
			}
			got.want(t, http.StatusOK, "")
			if got.body["act"] != c.act || got.body["ended"] != 0.0 || w.ended("here") {
				t.Errorf("%s", got.text)
			}
		})
	}
	if es := w.events(ledger.CardRemoved); len(es) != 0 {
		t.Errorf("recorded %+v", es)
	}
}

// unnamed is the certificate of a card that does not name the key of its issuer.
func (w *world) unnamed() string {
	c := w.card
	copied := *c.Certificate
	copied.Raw = slices.Clone(copied.Raw)
	// The identifier of the extension authorityKeyIdentifier (2.5.29.35) becomes another that nobody knows.
	at := strings.Index(string(copied.Raw), "\x55\x1d\x23")
	copied.Raw[at+2] = 0x7f
	c.Certificate = &copied
	return c.Text()
}

func TestBadEvents(t *testing.T) {
	w := newWorld(t)
	w.signIn("here", bridge.Place{Workstation: "bay4"})
	for name, c := range map[string]struct {
		more map[string]any
		code string
	}{
		"no event":             {map[string]any{"event": nil}, "workstation_event"},
		"another event":        {map[string]any{"event": "REMOVED"}, "workstation_event"},
		"events":               {map[string]any{"event": []string{removed}}, "workstation_event"},
		"reader without end":   {map[string]any{"reader": strings.Repeat("r", 256)}, "workstation_event"},
		"reader that is a map": {map[string]any{"reader": map[string]any{}}, "workstation_event"},
		"user without end":     {map[string]any{"user": strings.Repeat("u", 65)}, "agent_message"},
		"no certificate":       {map[string]any{"certificate": "AAAA"}, "agent_message"},
		"of tomorrow":          {map[string]any{"at": w.now.Add(2 * time.Minute).Unix()}, "workstation_event"},
		"of the day before":    {map[string]any{"at": w.now.Add(-25 * time.Hour).Unix()}, "workstation_event"},
		"at a text":            {map[string]any{"at": "now"}, "workstation_event"},
		"since a text":         {map[string]any{"since": "long ago"}, "workstation_event"},
		"since below zero":     {map[string]any{"since": -1}, "workstation_event"},
		"since after at":       {map[string]any{"at": w.now.Add(-time.Hour).Unix(), "since": w.now.Add(-time.Minute).Unix()}, "workstation_event"},
		"since of no removal":  {map[string]any{"event": inserted, "since": w.now.Add(-time.Minute).Unix()}, "workstation_event"},
	} {
		t.Run(name, func(t *testing.T) { w.event("bay4", removed, c.more).want(t, http.StatusBadRequest, c.code) })
	}
	w.post("/workstation/event", "application/json", w.agents["bay4"].Say("event", nil)).want(t, http.StatusBadRequest, "media_type")
	if w.ended("here") {
		t.Error("ended")
	}
}

// TestAct: a workstation that wants to be locked is locked, whatever became of sessions.
func TestAct(t *testing.T) {
	w := newWorld(t)
	lock := trust.Workstation{OnRemoval: trust.RemovalLock}
	for name, c := range map[string]struct {
		at   trust.Workstation
		done outcome
		want trust.Removal
	}{
		"sessions ended":              {trust.Workstation{}, outcome{Act: trust.RemovalLogout, Ended: 1}, trust.RemovalLogout},
		"sessions suspended":          {trust.Workstation{}, outcome{Act: trust.RemovalLock, Suspended: 1}, trust.RemovalLock},
		"sessions left":               {trust.Workstation{}, outcome{Act: trust.RemovalIgnore, Left: 1}, trust.RemovalIgnore},
		"no session":                  {trust.Workstation{}, outcome{}, trust.RemovalLogout},
		"no session, lock":            {lock, outcome{}, trust.RemovalLock},
		"no session, ignore":          {trust.Workstation{OnRemoval: trust.RemovalIgnore}, outcome{}, trust.RemovalIgnore},
		"lock, sessions ended":        {lock, outcome{Act: trust.RemovalLogout, Ended: 1}, trust.RemovalLock},
		"lock, sessions left by apps": {lock, outcome{Act: trust.RemovalIgnore, Left: 1}, trust.RemovalLock},
	} {
		o := occasion{event: removed}
		o.Workstation = c.at
		if got := w.room.act(o, c.done); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
