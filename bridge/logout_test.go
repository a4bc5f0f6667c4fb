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
