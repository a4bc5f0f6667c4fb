package bridge_test

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func TestLogoutTellsEveryPartner(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	next, err := w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	w.issue(next)
	w.must(w.store.Put(t.Context(), bridge.Artifact{Kind: bridge.KindTicket, Key: "k", Session: iss.SessionID, Expires: w.now.Add(time.Hour)}, false))

	parallel := w.hub.Parallel
	w.hub.Parallel = func(n int, do func(int)) {
		if due, err := w.store.Due(t.Context(), w.now, w.now.Add(time.Minute), 10); err != nil || len(due) != 0 {
			t.Errorf("while they are told, %d are due to be told again: %v", len(due), err)
		}
		parallel(n, do)
	}
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	if len(report.Deliveries) != 2 || report.Everywhere() {
		t.Fatalf("report = %+v", report)
	}
	states := map[string]bridge.DeliveryState{}
	for _, d := range report.Deliveries {
		states[d.Participant.Partner] = d.State
	}
	if states[partnerA] != bridge.DeliveryEnded || states["lab"] != bridge.DeliveryNoReply {
		t.Errorf("states = %v", states)
	}
	if _, err := w.store.Get(t.Context(), bridge.KindTicket, "k", w.now); err == nil {
		t.Error("a ticket outlived its session")
	}
	_, _, err = w.hub.Live(t.Context(), b)
	w.refused(err, bridge.SessionExpired)
	w.told = nil
	again, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	if len(w.told) != 0 || len(w.events(ledger.SessionEnded)) != 1 {
		t.Error("the second logout told partners again")
	}
	if again.ID != report.ID || len(again.Deliveries) != 2 || again.Everywhere() {
		t.Errorf("a second click says %+v, the first one said %+v", again, report)
	}

	w.must(w.hub.Retry(t.Context()))
	if len(w.told) != 0 {
		t.Errorf("told %v before the time", w.told)
	}
	w.now = w.now.Add(11 * time.Second)
	w.must(w.hub.Retry(t.Context()))
	if len(w.told) != 1 || w.told[0] != "lab" {
		t.Errorf("told %v, want the one that did not answer", w.told)
	}
}

// TestConfirmedStaysConfirmed: what is said of a participant after its own answer takes nothing back; and nobody answers for a sign-out
// that there is not.
func TestConfirmedStaysConfirmed(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	report, err := w.hub.Logout(t.Context(), w.issue(next).SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	d := report.Deliveries[0]
	for _, say := range []func() error{
		func() error { return w.hub.WasTold(t.Context(), d.Logout, d.ID) },
		func() error { return w.hub.Answered(t.Context(), d.Logout, d.ID, false) },
	} {
		w.must(w.hub.Answered(t.Context(), d.Logout, d.ID, true))
		w.must(say())
		if ds, err := w.store.Deliveries(t.Context(), d.Logout); err != nil || ds[0].State != bridge.DeliveryEnded {
			t.Errorf("%+v %v", ds, err)
		}
	}
	w.refused(w.hub.WasTold(t.Context(), d.Logout, "unknown"), bridge.TransactionGone)
	w.refused(w.hub.Answered(t.Context(), "unknown", d.ID, true), bridge.TransactionGone)
}

func TestInitiatorIsNotTold(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	iss := w.issue(next)
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "partner", Protocol: trust.Ticket, Partner: partnerA})
	w.must(err)
	if len(w.told) != 0 || !report.Everywhere() {
		t.Errorf("told %v, report %+v", w.told, report)
	}
}

func TestDeliveriesGiveUp(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	iss := w.issue(next)
	_, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	for range 40 {
		w.now = w.now.Add(12 * time.Hour)
		w.must(w.hub.Retry(t.Context()))
	}
	if len(w.told) != 9 {
		t.Errorf("told %d times, want 9", len(w.told))
	}
}

func TestAnotherSubjectDisplacesTheFirst(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	first := w.issue(next)
	req := request(partnerA)
	req.ForceAuthn = true
	next, err := w.hub.Begin(t.Context(), b, req)
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(other, 3, w.now))
	w.must(err)
	s, p, err := w.hub.Live(t.Context(), b)
	w.must(err)
	if p.UID != other || s.ID == first.SessionID {
		t.Errorf("session %s of %s", s.ID, p.UID)
	}
	if len(w.told) != 1 || w.told[0] != partnerA {
		t.Errorf("told %v", w.told)
	}
	if es := w.events(ledger.UserSwitched); len(es) != 1 || es[0].Subject != uid || es[0].Detail["to"] != other {
		t.Errorf("events = %+v", es)
	}
}

func TestIdleSessionIsResumedByItsSubject(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	b, next := w.signIn(request(partnerA), uid)
	first := w.issue(next)
	w.now = w.now.Add(time.Hour)
	next, err := w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	s, _, err := w.hub.Live(t.Context(), b)
	w.must(err)
	if s.ID != first.SessionID {
		t.Error("a second session: a sign-out would not tell the partners of the first")
	}
	w.now = w.now.Add(12 * time.Hour)
	next, err = w.hub.Begin(t.Context(), b, request("lab"))
	w.must(err)
	tx = w.reload(b, next.Transaction, bridge.StepAuthenticate)
	b.Session, err = w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
	w.must(err)
	if s, _, err = w.hub.Live(t.Context(), b); err != nil || s.ID == first.SessionID {
		t.Error("a session outlived its absolute limit")
	}
	if len(w.told) != 1 {
		t.Errorf("told %v", w.told)
	}
}
