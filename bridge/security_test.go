package bridge_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestSecurityOfTabs is about several windows of one browser, named by the rows of the attack catalogue.
func TestSecurityOfTabs(t *testing.T) {
	t.Run("210/the proof of one subject does not serve the next", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX1"))
		req := request(partnerA)
		req.ForceAuthn = true
		b, next := w.signIn(req, uid) // proven, and now at the role page
		if next.Step != bridge.StepRole {
			t.Fatalf("step %q", next.Step)
		}
		old := next.Transaction
		_, err := w.hub.Logout(t.Context(), next.Session.ID, bridge.LogoutCause{Reason: "user"})
		w.must(err)
		b, _ = w.signIn(request("lab"), other) // another tab, another person
		next, err = w.hub.Next(t.Context(), b, w.reload(b, old, bridge.StepRole))
		w.must(err)
		if next.Step != bridge.StepAuthenticate {
			t.Errorf("step %q: the fresh proof that was asked for is somebody else's", next.Step)
		}
	})
	t.Run("238/a session that ends between decision and delivery", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		_, next := w.signIn(request(partnerA), uid)
		grant := bridge.GrantOf(w.issue(next), nil)
		iss, err := w.hub.Reissue(t.Context(), grant, ledger.TicketRead)
		w.must(err)
		_, err = w.hub.Logout(t.Context(), grant.Session, bridge.LogoutCause{Reason: "user"})
		w.must(err)
		w.refused(w.hub.Deliver(t.Context(), iss), bridge.TransactionGone)
		if es := w.events(ledger.TicketRead); len(es) != 0 {
			t.Errorf("events = %+v", es)
		}
	})
	t.Run("210/a transaction finished in another tab is a refusal, not a failure", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b, next := w.signIn(request(partnerA), uid)
		tx := next.Transaction
		w.issue(next)
		w.refused(w.hub.Cancel(t.Context(), tx), bridge.TransactionGone)
		_, err := w.hub.Authenticate(t.Context(), b, tx, proof(uid, 3, w.now))
		w.refused(err, bridge.TransactionGone)
		_, err = w.hub.ChooseRole(t.Context(), b, tx, roleA)
		w.refused(err, bridge.TransactionGone)
	})
	t.Run("248/a sign-out and its record are one step", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		_, next := w.signIn(request(partnerA), uid)
		w.hub.Journal = broken{}
		_, err := w.hub.Logout(t.Context(), next.Session.ID, bridge.LogoutCause{Reason: "user"})
		w.must(err)
		if es := w.events(ledger.SessionEnded); len(es) != 1 || es[0].Reason != "user" {
			t.Errorf("events = %+v", es)
		}
	})
}

type broken struct{}

func (broken) Commit(context.Context, ...bridge.Write) error { return errors.New("disk full") }

func TestSweepEndsWhatReachedItsLimit(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request(partnerA), uid)
	old := w.issue(next)
	w.now = w.now.Add(time.Hour)
	_, next = w.signIn(request(partnerA), other)
	young := w.issue(next)
	w.now = old.SessionEnds.Add(-time.Second)
	w.must(w.hub.Sweep(t.Context()))
	if len(w.told) != 0 {
		t.Fatalf("told %v: being idle ends no session", w.told)
	}
	w.now = old.SessionEnds
	w.must(w.hub.Sweep(t.Context()))
	w.must(w.hub.Sweep(t.Context()))
	if len(w.told) != 1 || w.told[0] != partnerA {
		t.Fatalf("told %v, want the participant of the session that reached its limit", w.told)
	}
	es := w.events(ledger.SessionEnded)
	if len(es) != 1 || es[0].Reason != "absolute" || es[0].Tracking != old.SessionID || es[0].Ref == "" {
		t.Errorf("events = %+v", es)
	}
	if s, err := w.store.Session(t.Context(), young.SessionID); err != nil || !s.Ended.IsZero() {
		t.Errorf("session = %+v, %v", s, err)
	}
}

func TestSignOutIsOneWithWhatAPartnerSays(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	_, next := w.signIn(request("lab"), uid)
	iss := w.issue(next)
	_, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "user"})
	w.must(err)
	report, err := w.hub.Logout(t.Context(), iss.SessionID, bridge.LogoutCause{Reason: "partner", Protocol: trust.Ticket, Partner: "lab"})
	w.must(err)
	if !report.Everywhere() {
		t.Errorf("the partner that did not answer asks for sign-out itself: %+v", report)
	}
}

func TestActiveSubjectIsNeverIdle(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	w.hub.Limits.Idle = time.Minute
	b, next := w.signIn(request(partnerA), uid)
	w.issue(next)
	for range 10 {
		w.now = w.now.Add(50 * time.Second)
		next, err := w.hub.Begin(t.Context(), b, request(partnerA))
		w.must(err)
		if next.Step != bridge.StepIssue {
			t.Fatalf("step %q after 50 s of a limit of a minute", next.Step)
		}
		w.issue(next)
	}
}

func TestNobodySlidesIntoAnotherRole(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX2"))
	b, next := w.signIn(request(partnerA), uid)
	secret, err := w.hub.ChooseRole(t.Context(), b, next.Transaction, roleA)
	w.must(err)
	b.Session = secret
	w.must(w.store.SavePersons(t.Context(), people.Person{UID: uid, Status: people.Active, Name: "Test Doctor", Identity: 3, Roles: []people.RoleProfile{role(roleB, "R8001", "RX2")}}))
	next, err = w.hub.Begin(t.Context(), b, request(partnerA))
	w.must(err)
	if next.Step != bridge.StepRole {
		t.Errorf("step %q: the role that was chosen is closed, and the other one was never chosen", next.Step)
	}
}
