package bridge_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// again signs uid in in a browser that may show a session, from a local sign-on, as the pages do.
func (w *world) again(b bridge.Browser, uid, workstation string) (bridge.Browser, bridge.LogoutReport) {
	w.t.Helper()
	next, err := w.hub.BeginLocal(w.t.Context(), b, bridge.Request{Resume: "/", ForceAuthn: true})
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	tx.Place.Workstation = workstation
	left, err := w.hub.SwitchUser(w.t.Context(), b, uid, tx.Ref)
	w.must(err)
	b.Session, err = w.hub.Authenticate(w.t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	return b, left
}

func (w *world) shown(b bridge.Browser) bridge.Session {
	w.t.Helper()
	s, err := w.store.SessionByKey(w.t.Context(), bridge.Key(b.Session))
	w.must(err)
	return s
}

// TestSuspendedIssuesNothing: neither a sign-on nor what was handed out before, until the same subject proves anew; then it is the
// same session in the same role.
func TestSuspendedIssuesNothing(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	grant := bridge.GrantOf(w.issue(next), nil)
	ready, err := w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	issuing, err := w.hub.Issue(t.Context(), ready)
	w.must(err)
	id := grant.Session
	report, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByLock, Ref: "7K4M-2Q9X"})
	w.must(err)
	if len(report.Deliveries) != 1 || !report.Everywhere() || !slices.Equal(w.told, []string{partnerA}) {
		t.Errorf("told %v: %+v", w.told, report)
	}
	es := w.events(ledger.SessionSuspended)
	if len(es) != 1 || es[0].Reason != "locked" || es[0].Subject != uid || es[0].Tracking != id {
		t.Errorf("record %+v", es)
	}

	w.refused(w.hub.Deliver(t.Context(), issuing), bridge.TransactionGone)
	if _, err = w.hub.Reissue(t.Context(), grant, ledger.TicketRead); bridge.AsRefusal(err).AuditCode() != bridge.CodeSuspended {
		t.Errorf("reissue: %v", err)
	}
	w.refused(w.hub.InUse(t.Context(), id), bridge.SessionExpired)
	_, _, err = w.hub.Live(t.Context(), b)
	w.refused(err, bridge.SessionExpired)
	if next, err = w.hub.Begin(t.Context(), b, request(partnerA)); err != nil || next.Step != bridge.StepAuthenticate {
		t.Errorf("a sign-on: %v, %v", next.Step, err)
	}
	passive := request(partnerA)
	passive.Passive = true
	_, err = w.hub.Begin(t.Context(), b, passive)
	w.refused(err, bridge.NotAuthenticated)
	_, err = w.hub.ChooseRole(t.Context(), b, next.Transaction, roleA)
	w.refused(err, bridge.SessionExpired)

	second, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByCard})
	w.must(err)
	if second.ID != report.ID || len(w.told) != 1 || len(w.events(ledger.SessionSuspended)) != 1 {
		t.Error("suspended twice")
	}

	w.now = w.now.Add(29 * time.Minute) // idle by then, too
	old := b
	b, _ = w.again(b, uid, "")
	s := w.shown(b)
	if s.ID != id || s.RoleID != roleA || !s.Suspended.IsZero() || old.Session == b.Session {
		t.Errorf("resumed %+v", s)
	}
	if es := w.events(ledger.SessionResumed); len(es) != 1 || es[0].Tracking != id {
		t.Errorf("record %+v", es)
	}
	if _, err = w.hub.Reissue(t.Context(), grant, ledger.TicketRead); err != nil {
		t.Errorf("reissue after: %v", err)
	}
	if _, err = w.store.SessionByKey(t.Context(), bridge.Key(old.Session)); err == nil {
		t.Error("the old secret still opens the session")
	}
}

// TestSuspendedTooLong: a session that waits for longer than Limits.Resume is no session any more, and the sweep ends it.
func TestSuspendedTooLong(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	w.hub.KeepApps = true
	id := w.visit(uid, bridge.MethodSmartcard, "card", partnerA)
	_, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByCard})
	w.must(err)
	w.now = w.now.Add(w.hub.Limits.Resume - time.Nanosecond)
	w.must(w.hub.Sweep(t.Context()))
	if !w.lives(id) || len(w.told) != 0 {
		t.Fatal("ended too early")
	}
	w.now = w.now.Add(time.Nanosecond)
	w.refused(w.hub.InUse(t.Context(), id), bridge.SessionExpired)
	w.must(w.hub.Sweep(t.Context()))
	if es := w.events(ledger.SessionEnded); w.lives(id) || len(es) != 1 || es[0].Reason != "not_resumed" || len(w.told) != 1 {
		t.Errorf("lives: %v, told %v, record %+v", w.lives(id), w.told, es)
	}
}

// TestLateProofBeginsAnew: whoever comes back too late gets a new session, and the old one has ended.
func TestLateProofBeginsAnew(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, _ := w.again(bridge.Browser{Binding: binding}, uid, "")
	id := w.shown(b).ID
	_, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByLock})
	w.must(err)
	w.now = w.now.Add(w.hub.Limits.Resume)
	b, _ = w.again(b, uid, "")
	if w.shown(b).ID == id || w.lives(id) {
		t.Error("resumed after its time")
	}
}

// TestSwitchSuspends: the person before is told out of their apps, keeps session and role, and finds both again in the same browser;
// the next one's session never is theirs.
func TestSwitchSuspends(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX1"))
	w.hub.OnSwitch, w.hub.KeepApps = bridge.YieldSuspend, true
	b, next := w.signIn(request("lab"), uid)
	w.issue(next)
	first := w.shown(b)
	mine := b
	b, left := w.again(b, other, "")
	theirs := w.shown(b)
	if theirs.UID != other || theirs.ID == first.ID || !w.suspended(first.ID) || !w.lives(first.ID) {
		t.Fatalf("%+v beside %+v", theirs, w.session(first.ID))
	}
	if left.Everywhere() || len(left.Deliveries) != 1 || left.Session.UID != uid {
		t.Errorf("the lab did not answer, and nobody says so: %+v", left)
	}
	if es := w.events(ledger.UserSwitched); len(es) != 1 || es[0].Detail["to"] != other || es[0].Detail["before"] != "suspend" {
		t.Errorf("record %+v", es)
	}
	if _, _, err := w.hub.Live(t.Context(), mine); err == nil {
		t.Error("the first secret works")
	}
	b, _ = w.again(b, uid, "")
	if s := w.shown(b); s.ID != first.ID || s.UID != uid || !w.suspended(theirs.ID) {
		t.Errorf("came back to %+v", s)
	}
	again, _ := w.again(bridge.Browser{Binding: binding, Session: b.Session}, other, "")
	if es := w.events(ledger.UserSwitched); len(es) != 3 || w.shown(again).ID != theirs.ID {
		t.Errorf("there and back: %d events, %+v", len(es), w.shown(again))
	}
	b, _ = w.again(again, uid, "")
	if s := w.shown(b); s.ID != first.ID {
		t.Errorf("the second time back to %+v", s)
	}
	b, _ = w.again(bridge.Browser{Binding: "another browser"}, other, "")
	if w.shown(b).ID == theirs.ID {
		t.Error("resumed in another browser")
	}
	w.now = w.now.Add(10 * time.Second) // the lab is due again, and holds a session that was resumed
	before := len(w.told)
	w.must(w.hub.Retry(t.Context()))
	ds, err := w.store.Deliveries(t.Context(), left.ID)
	w.must(err)
	if len(w.told) != before || ds[0].State != bridge.DeliveryDropped || !ds[0].Next.IsZero() {
		t.Errorf("told %v, %+v", w.told[before:], ds)
	}
}

// TestLockedAppsAreToldAtSwitch: apps that were left open when a session was suspended are told when another subject comes, and
// only then; those that confirmed are not told again when the session ends.
func TestLockedAppsAreToldAtSwitch(t *testing.T) {
	for _, yield := range []bridge.Yield{bridge.YieldEnd, bridge.YieldSuspend} {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		w.hub.KeepApps, w.hub.OnSwitch = true, yield
		b, next := w.signIn(request(partnerA), uid)
		w.issue(next)
		if next, err := w.hub.Begin(t.Context(), b, request("lab")); err != nil {
			t.Fatal(err)
		} else {
			w.issue(next)
		}
		id := w.shown(b).ID
		report, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByCard})
		w.must(err)
		if len(report.Deliveries)+len(w.told) != 0 {
			t.Fatalf("told %v", w.told)
		}
		_, left := w.again(b, other, "")
		if slices.Sort(w.told); !slices.Equal(w.told, []string{partnerA, "lab"}) || len(left.Deliveries) != 2 || left.Everywhere() {
			t.Errorf("%s: told %v, %+v", yield, w.told, left)
		}
		if yield == bridge.YieldEnd {
			continue
		}
		end, err := w.hub.Logout(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
		w.must(err)
		if len(end.Deliveries) != 1 || end.Deliveries[0].Participant.Partner != "lab" {
			t.Errorf("told at the end: %+v", end.Deliveries)
		}
		w.now = w.now.Add(time.Minute)
		before := len(w.told)
		w.must(w.hub.Retry(t.Context()))
		if again := w.told[before:]; !slices.Equal(again, []string{"lab"}) {
			t.Errorf("retried %v: once for the end, not for the suspension too", again)
		}
	}
}

// TestResumeAtTheWorkstation: another browser of the same workstation finds the session, one at another workstation does not.
func TestResumeAtTheWorkstation(t *testing.T) {
	for _, tc := range []struct {
		at   string
		who  string
		same bool
	}{{"w4", uid, true}, {"w2", uid, false}, {"", uid, false}, {"w4", other, false}} {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b, _ := w.again(bridge.Browser{Binding: binding}, uid, "w4")
		id := w.shown(b).ID
		_, err := w.hub.Suspend(t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByCard})
		w.must(err)
		b, _ = w.again(bridge.Browser{Binding: "another browser"}, tc.who, tc.at)
		if s := w.shown(b); (s.ID == id) != tc.same || s.UID != tc.who {
			t.Errorf("%+v: %+v", tc, s)
		}
	}
}

// places names the workstations.
type places map[string]string

func (p places) Workstation(_ context.Context, id string) (trust.Workstation, error) {
	name, ok := p[id]
	if !ok {
		return trust.Workstation{}, trust.ErrUnknownWorkstation
	}
	return trust.Workstation{ID: id, Name: name}, nil
}

// TestElsewhere: what becomes of the session at bay 2 when its subject opens one at bay 4, and what is said there.
func TestElsewhere(t *testing.T) {
	for name, tc := range map[string]struct {
		yield       bridge.Yield
		first, next string
		ends        bool
		suspends    bool
	}{
		"by default":     {"", "w2", "w4", false, false},
		"kept":           {bridge.YieldKeep, "w2", "w4", false, false},
		"ended":          {bridge.YieldEnd, "w2", "w4", true, false},
		"suspended":      {bridge.YieldSuspend, "w2", "w4", false, true},
		"same place":     {bridge.YieldEnd, "w4", "w4", false, false},
		"first nowhere":  {bridge.YieldEnd, "", "w4", false, false},
		"second nowhere": {bridge.YieldEnd, "w2", "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			woken := 0
			w.hub.OnElsewhere, w.hub.Workstations, w.hub.Wake = tc.yield, places{"w4": "Bay 4"}, func() { woken++ }
			first, _ := w.again(bridge.Browser{Binding: "first"}, uid, tc.first)
			theirs, _ := w.again(bridge.Browser{Binding: "theirs"}, other, "w2")
			next, err := w.hub.Begin(t.Context(), first, request(partnerA))
			w.must(err)
			w.issue(next)
			w.now = w.now.Add(time.Minute)
			second, _ := w.again(bridge.Browser{Binding: "second"}, uid, tc.next)
			id := w.shown(first).ID
			if w.lives(id) == tc.ends || w.suspended(id) != tc.suspends {
				t.Errorf("lives: %v, suspended: %v", w.lives(id), w.suspended(id))
			}
			for _, b := range []bridge.Browser{second, theirs} {
				if _, _, err := w.hub.Live(t.Context(), b); err != nil {
					t.Errorf("another session: %v", err)
				}
			}
			n, err := w.hub.Notice(t.Context(), w.session(id))
			w.must(err)
			want := bridge.Notice{}
			if tc.ends || tc.suspends {
				want = bridge.Notice{Reason: bridge.EndedElsewhere, At: w.now, Station: "Bay 4"}
			}
			if n != want {
				t.Errorf("notice %+v", n)
			}
			if (woken > 0) != (tc.ends || tc.suspends) || len(w.told) != 0 {
				t.Errorf("woken %d, told %v: nobody waits for the apps of a session elsewhere", woken, w.told)
			}
			w.must(w.hub.Retry(t.Context()))
			if (len(w.told) == 1) != (woken > 0) {
				t.Errorf("told %v", w.told)
			}
		})
	}
}

// frontOnly is a protocol whose partners only the browser can tell.
type frontOnly struct{}

func (frontOnly) Propagate(_ context.Context, d bridge.Delivery, _ trust.Partner) (bridge.DeliveryState, string) {
	return bridge.DeliveryFront, "https://front.example/out?" + d.ID
}

// TestOnlyTheBrowserCanTell: a session was suspended far from its browser. Whoever comes next there has an app told that only this
// browser can tell, by either policy; the same person has not.
func TestOnlyTheBrowserCanTell(t *testing.T) {
	for _, yield := range []bridge.Yield{bridge.YieldEnd, bridge.YieldSuspend} {
		for _, keep := range []bool{false, true} {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnSwitch, w.hub.KeepApps, w.hub.Propagators[trust.Ticket] = yield, keep, frontOnly{}
			b, next := w.signIn(request(partnerA), uid)
			w.issue(next)
			_, err := w.hub.CardRemoved(t.Context(), people.Authenticator{UID: uid, Kind: people.Smartcard, ID: "card"},
				bridge.Reader{Workstation: trust.Workstation{OnRemoval: trust.RemovalLock}}, bridge.LogoutCause{})
			w.must(err)
			w.now = w.now.Add(10 * time.Minute)
			mine, err := w.hub.SwitchUser(t.Context(), b, uid, "7K4M-2Q9X")
			w.must(err)
			if len(mine.Deliveries) != 0 {
				t.Errorf("%s: the same person is told %+v", yield, mine)
			}
			_, left := w.again(b, other, "")
			if !left.NeedsBrowser() || left.Everywhere() || left.Session.UID != uid {
				t.Errorf("%s, keep %v: %+v", yield, keep, left)
			}
		}
	}
}
