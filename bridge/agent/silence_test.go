package agent

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// ward is a hub with workstations, each with a card session and an agent that is heard every twenty seconds, unless it is silent.
type ward struct {
	*world
	hub    *bridge.Hub
	nodes  []*Silence
	silent map[string]bool
	n      int
}

// newWard is one of so many workstations, of a hub of so many nodes. Agents are heard by one node each.
func newWard(t *testing.T, workstations, nodes int) *ward {
	t.Helper()
	w := &ward{world: newWorld(t), silent: map[string]bool{}, n: workstations}
	w.hub = w.reader.Hub
	w.hub.Journal, w.hub.Sessions, w.hub.Roster, w.hub.Participants, w.hub.Deliveries, w.hub.Limits = w.store, w.store, w.store, w.store, w.store, bridge.DefaultLimits()
	w.hub.Parallel = func(n int, do func(int)) {
		for i := range n {
			do(i)
		}
	}
	for i := range workstations {
		w.add(trust.Workstation{ID: ws(i), Name: ws(i), Key: w.newKey(ws(i))})
		w.sit(ws(i), bridge.Place{Workstation: ws(i), User: "2", Card: "seen"})
	}
	for range nodes {
		w.nodes = append(w.nodes, &Silence{Hub: w.hub, Workstations: w.store, After: 5 * time.Minute})
	}
	return w
}

func ws(i int) string { return fmt.Sprintf("ws%d", i) }

// sit begins a card session at a place, under the name of its workstation.
func (w *ward) sit(id string, at bridge.Place) {
	w.t.Helper()
	payload, err := json.Marshal(at)
	w.must(err)
	w.must(w.store.Commit(w.t.Context(),
		bridge.SaveSession{Session: bridge.Session{ID: id, Key: id, UID: "1", Method: bridge.MethodSmartcard, Authenticator: "card", Started: w.now, Seen: w.now, Workstation: at.Workstation}},
		bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindPlace, Key: id, Session: id, Payload: payload, Expires: w.now.Add(12 * time.Hour)}}))
}

func (w *ward) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// pass lets time go by, in which the agents that are not silent are heard. down: no node of the hub runs.
func (w *ward) pass(d time.Duration, down bool) {
	w.t.Helper()
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(10 * time.Second) {
		if down {
			continue
		}
		for i := range w.n {
			if !w.silent[ws(i)] && (w.now.Second()+10*(i%2))%20 == 0 { // half of them between two looks
				w.nodes[i%len(w.nodes)].Heard(ws(i), "2")
			}
		}
		for _, s := range w.nodes {
			w.must(s.Look(w.t.Context()))
		}
	}
}

func (w *ward) mute(from, to int, silent bool) {
	for i := from; i < to; i++ {
		w.silent[ws(i)] = silent
	}
}

// suspended counts the sessions that are, and ended those that have ended.
func (w *ward) count() (suspended, ended int) {
	w.t.Helper()
	for i := range w.n {
		switch s, err := w.store.Session(w.t.Context(), ws(i)); {
		case err != nil:
			w.t.Fatal(err)
		case !s.Ended.IsZero():
			ended++
		case !s.Suspended.IsZero():
			suspended++
		}
	}
	return suspended, ended
}

func (w *ward) events(kind ledger.Kind) []ledger.Event {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind, Limit: 1000})
	w.must(err)
	return es
}

func (w *ward) expect(what string, suspended, ended int) {
	w.t.Helper()
	if s, e := w.count(); s != suspended || e != ended {
		w.t.Errorf("%s: %d suspended, %d ended; want %d and %d", what, s, e, suspended, ended)
	}
}

// TestSilentAgent: the card session beside an agent that is heard no more is locked after a while and not before, on record, once.
func TestSilentAgent(t *testing.T) {
	w := newWard(t, 20, 1)
	w.pass(time.Hour, false)
	w.expect("all are heard", 0, 0)
	w.mute(0, 1, true)
	w.pass(4*time.Minute+30*time.Second, false)
	w.expect("not long enough", 0, 0)
	w.pass(time.Minute+30*time.Second, false)
	w.expect("silent", 1, 0)
	w.pass(30*time.Minute, false)
	w.expect("for long", 1, 0)
	es := w.events(ledger.AgentSilent)
	if len(es) != 1 || es[0].Detail["workstation"] != "ws0" || es[0].Detail["suspended"] != "1" || es[0].Detail["after_s"] != "300" {
		t.Errorf("record %+v", es)
	}
	if es := w.events(ledger.SessionSuspended); len(es) != 1 || es[0].Reason != "agent_silent" || es[0].Ref == "" {
		t.Errorf("record %+v", es)
	}
}

// TestSilencePolicy: what is done goes by the policy, and never beyond what the removal of the card would do.
func TestSilencePolicy(t *testing.T) {
	for name, c := range map[string]struct {
		silence          bridge.Silence
		removal          trust.Removal
		suspended, ended int
	}{
		"lock":                      {"", "", 1, 0},
		"lock, removal locks":       {bridge.SilenceLock, trust.RemovalLock, 1, 0},
		"lock, removal is ignored":  {bridge.SilenceLock, trust.RemovalIgnore, 0, 0},
		"removal":                   {bridge.SilenceRemoval, "", 0, 1},
		"removal, which locks":      {bridge.SilenceRemoval, trust.RemovalLock, 1, 0},
		"removal, which is ignored": {bridge.SilenceRemoval, trust.RemovalIgnore, 0, 0},
	} {
		w := newWard(t, 5, 1)
		w.hub.OnSilence, w.hub.OnCardRemoval = c.silence, c.removal
		w.pass(time.Minute, false)
		w.mute(0, 1, true)
		w.pass(10*time.Minute, false)
		w.expect(name, c.suspended, c.ended)
		if n := len(w.events(ledger.AgentSilent)); n != c.suspended+c.ended {
			t.Errorf("%s: %d on record", name, n)
		}
	}
}

// TestSilenceIsNoOutage: an outage of the hub, of its network or of a part of it signs nobody out, and what fell silent in it alone is found
// when it is over.
func TestSilenceIsNoOutage(t *testing.T) {
	w := newWard(t, 40, 1)
	w.pass(time.Minute, false)
	w.pass(3*time.Hour, true)
	w.pass(2*time.Minute, false)
	w.expect("the hub was down", 0, 0)
	w.mute(0, 40, true)
	w.pass(3*time.Hour, false)
	w.expect("nobody is heard", 0, 0)
	w.mute(1, 40, false)
	w.pass(20*time.Second, false)
	w.expect("some are back", 0, 0)
	w.pass(10*time.Minute, false)
	w.expect("all but one are back", 1, 0)
	if n := len(w.events(ledger.Alarm)); n != 0 {
		t.Errorf("%d alarms", n)
	}
	w.mute(10, 30, true)
	w.pass(time.Hour, false)
	w.expect("half are cut off", 1, 0)
	if es := w.events(ledger.Alarm); len(es) != 1 || es[0].Reason != "agents_silent" || es[0].Detail["silent"] != "20" {
		t.Errorf("alarms %+v", es)
	}
	w.mute(12, 30, false)
	w.pass(10*time.Minute, false)
	w.expect("but for two they are back", 3, 0)
}

// TestSilenceFallsAtOnce: those that are cut off together are not taken for a few, because looks find some of them sooner than others.
func TestSilenceFallsAtOnce(t *testing.T) {
	w := newWard(t, 40, 1)
	w.pass(time.Minute, false)
	w.mute(0, 7, true)
	w.pass(time.Hour, false)
	w.expect("a part is cut off", 0, 0)
	if es := w.events(ledger.Alarm); len(es) != 1 || es[0].Reason != "agents_silent" {
		t.Errorf("alarms %+v", es)
	}
}

// TestSilenceEndsAtOnce: those that are back last after an outage are not locked in the moment in which they are but a few.
func TestSilenceEndsAtOnce(t *testing.T) {
	w := newWard(t, 40, 1)
	w.pass(time.Minute, false)
	w.mute(0, 20, true)
	w.pass(time.Hour, false)
	w.mute(0, 17, false)
	w.pass(time.Minute, false)
	w.mute(17, 20, false)
	w.pass(time.Hour, false)
	w.expect("all are back", 0, 0)
}

// TestSilenceOfOneWorkstation: whoever holds the key of one workstation, and speaks for as many users as they like, neither looks like an
// outage that lets the others go on, nor takes the room in which others are watched.
func TestSilenceOfOneWorkstation(t *testing.T) {
	w := newWard(t, 20, 1)
	w.sit("theirs", bridge.Place{Workstation: "ws1", Card: "seen"})
	w.pass(time.Minute, false)
	for i := range 2 * maxUsers {
		w.nodes[0].Heard("ws1", fmt.Sprint("user", i))
	}
	if n := len(w.nodes[0].posts); n > 20+maxUsers {
		t.Errorf("%d are watched", n)
	}
	w.pass(2*time.Minute, false)
	w.mute(0, 2, true)
	w.pass(10*time.Minute, false)
	w.expect("two are silent", 2, 0)
	if n := len(w.events(ledger.Alarm)); n != 0 {
		t.Errorf("%d alarms", n)
	}
	if n := len(w.nodes[0].posts); n != 18 || len(w.nodes[0].users) != 18 {
		t.Errorf("%d are watched of %d", n, len(w.nodes[0].users))
	}
}

// TestShortSilenceOfNodes: with the shortest silence, what is written down for the other nodes is never too old to tell them.
func TestShortSilenceOfNodes(t *testing.T) {
	w := newWard(t, 20, 2)
	for _, s := range w.nodes {
		s.After = time.Minute
	}
	w.pass(time.Hour, false)
	w.expect("each node hears half", 0, 0)
	if n := len(w.events(ledger.Alarm)); n != 0 {
		t.Errorf("%d alarms", n)
	}
	w.mute(4, 5, true)
	w.pass(3*time.Minute, false)
	w.expect("silent", 1, 0)
}

// TestSilenceAfterAStall: time in which the hub itself stood still is nobody's silence, also when it hears some agents before others.
func TestSilenceAfterAStall(t *testing.T) {
	w := newWard(t, 3, 1)
	w.pass(time.Minute, false)
	w.pass(time.Hour, true)
	w.mute(1, 3, true)
	w.pass(40*time.Second, false)
	w.mute(1, 3, false)
	w.pass(10*time.Minute, false)
	w.expect("all are back", 0, 0)
}

// TestSilenceAfterARestart: who fell silent while the hub was down is found, as late as any.
func TestSilenceAfterARestart(t *testing.T) {
	w := newWard(t, 10, 1)
	w.pass(time.Minute, false)
	w.mute(3, 4, true)
	w.nodes[0] = &Silence{Hub: w.hub, Workstations: w.store, After: 5 * time.Minute}
	w.pass(4*time.Minute, false)
	w.expect("not long enough", 0, 0)
	w.pass(2*time.Minute, false)
	w.expect("silent", 1, 0)
}

// TestSilenceOfNodes: an agent that is heard by another node is not silent, nor is one that moves to another; one that nobody hears is.
func TestSilenceOfNodes(t *testing.T) {
	w := newWard(t, 20, 2)
	w.pass(20*time.Minute, false)
	w.expect("each node hears half", 0, 0)
	w.nodes[0], w.nodes[1] = w.nodes[1], w.nodes[0] // all move
	w.pass(20*time.Minute, false)
	w.expect("moved", 0, 0)
	w.mute(4, 5, true)
	w.pass(12*time.Minute, false)
	w.expect("silent", 1, 0)
}

// TestSilenceOfOthers: sessions of which no agent saw the card, of a key, at no workstation, or of another user of the computer, are not meant.
func TestSilenceOfOthers(t *testing.T) {
	w := newWard(t, 5, 1)
	w.sit("unseen", bridge.Place{Workstation: "bay4", User: "2"})
	w.sit("nowhere", bridge.Place{})
	w.sit("theirs", bridge.Place{Workstation: "ws1", User: "3", Card: "seen"})
	w.sit("mine", bridge.Place{Workstation: "ws1", User: "2", Card: "seen"})
	for range 60 {
		w.nodes[0].Heard("ws1", "3")
		w.silent["ws1"] = true
		w.pass(20*time.Second, false)
	}
	for id, want := range map[string]bool{"unseen": false, "nowhere": false, "theirs": false, "mine": true, "ws1": true} {
		if s, err := w.store.Session(t.Context(), id); err != nil || s.Suspended.IsZero() == want || !s.Ended.IsZero() {
			t.Errorf("%s: %+v %v", id, s, err)
		}
	}
}

// TestHeardByMessage: what is believed is heard, and nothing else is.
func TestHeardByMessage(t *testing.T) {
	w := newWard(t, 0, 1)
	w.reader.Silence = w.nodes[0]
	if _, err := w.reader.Read(t.Context(), w.message("bay4", "status", object{"aud": "https://another.example"}), "status"); err == nil {
		t.Error("believed")
	}
	if n := len(w.nodes[0].posts); n != 0 {
		t.Errorf("%d heard", n)
	}
	message := w.message("bay4", "status", object{"user": "2"})
	if _, err := w.reader.Read(t.Context(), message, "status"); err != nil {
		t.Fatal(err)
	}
	if w.nodes[0].posts[post{"bay4", "2"}] == nil {
		t.Errorf("heard %v", w.nodes[0].posts)
	}
	clear(w.nodes[0].posts)
	if _, err := w.reader.Read(t.Context(), message, "status"); err == nil || len(w.nodes[0].posts) != 0 {
		t.Error("a message of before is heard again")
	}
}
