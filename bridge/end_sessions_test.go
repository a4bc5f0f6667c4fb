package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// visit signs uid in with an authenticator, in a browser of its own, and opens the apps.
func (w *world) visit(uid string, method bridge.Method, authenticator string, apps ...string) string {
	w.t.Helper()
	b := bridge.Browser{Binding: "browser of " + authenticator}
	next, err := w.hub.Begin(w.t.Context(), b, request(apps[0]))
	w.must(err)
	tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
	given := proof(uid, 3, w.now)
	given.Method, given.AuthenticatorID = method, authenticator
	b.Session, err = w.hub.Authenticate(w.t.Context(), b, tx, given)
	w.must(err)
	next, err = w.hub.Next(w.t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
	w.must(err)
	id := w.issue(next).SessionID
	for _, app := range apps[1:] {
		next, err = w.hub.Begin(w.t.Context(), b, request(app))
		w.must(err)
		w.issue(next)
	}
	return id
}

func (w *world) lives(id string) bool { return w.session(id).Ended.IsZero() }

func (w *world) suspended(id string) bool { return !w.session(id).Suspended.IsZero() }

func (w *world) session(id string) bridge.Session {
	w.t.Helper()
	s, err := w.store.Session(w.t.Context(), id)
	w.must(err)
	return s
}

// TestDeferredLogout: what a command ends is told by whoever runs, once, and at once.
func TestDeferredLogout(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	id := w.visit(uid, bridge.MethodSmartcard, "card", partnerA, "lab")
	theirs := w.visit(other, bridge.MethodSmartcard, "their card", "lab")
	command := *w.hub
	command.Deferred, command.Propagators = true, nil
	ended, err := command.EndAll(t.Context(), bridge.SessionQuery{UID: uid, Limit: 10}, nil, bridge.LogoutCause{Reason: bridge.EndedByAdmin, By: "command line"})
	w.must(err)
	if (ended != bridge.Ended{Sessions: 1, Partners: 2}) || w.lives(id) || !w.lives(theirs) || len(w.told) != 0 {
		t.Fatalf("ended %+v, told %v", ended, w.told)
	}
	before, _, err := w.hub.Report(t.Context(), id)
	w.must(err)
	for _, d := range before.Deliveries {
		if d.State != bridge.DeliveryPending || !d.Next.Equal(w.now) || d.Reason != bridge.EndedByAdmin {
			t.Errorf("%+v", d)
		}
	}
	w.must(w.hub.Retry(t.Context()))
	w.must(w.hub.Retry(t.Context()))
	if len(w.told) != 2 {
		t.Errorf("told %v, want each once", w.told)
	}
	report, told, err := w.hub.Report(t.Context(), id)
	w.must(err)
	if report.ID != before.ID || len(before.Deliveries) != 2 || len(report.Deliveries) != 2 || len(told) != 2 || report.Session.Ended.IsZero() || report.Everywhere() {
		t.Errorf("report %+v, told %v", report, told)
	}
	if _, _, err := w.hub.Report(t.Context(), "nobody's"); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("a session there never was: %v", err)
	}
	again, err := command.EndAll(t.Context(), bridge.SessionQuery{Partner: "lab", Limit: 10}, func(s bridge.Session) (bool, error) { return s.UID != other, nil }, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
	if err != nil || (again != bridge.Ended{}) || !w.lives(theirs) {
		t.Errorf("%v, %+v", err, again)
	}
}

// TestManyAreToldInOneRetry: a partner's hundreds are not spread over minutes.
func TestManyAreToldInOneRetry(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	told := make([]bridge.Participant, 120)
	for i := range told {
		told[i] = bridge.Participant{Session: "s", Partner: partnerA, Protocol: trust.Ticket, Index: string(rune('a' + i))}
	}
	for _, d := range (bridge.Ending{Logout: "l", At: w.now, Due: w.now}).Deliveries(told) {
		w.must(w.store.Commit(t.Context(), bridge.SaveDelivery{Delivery: d}))
	}
	w.must(w.hub.Retry(t.Context()))
	if len(w.told) != len(told) {
		t.Errorf("told %d of %d", len(w.told), len(told))
	}
	w.now = w.now.Add(time.Hour)
	w.must(w.hub.Retry(t.Context()))
	if len(w.told) != len(told) {
		t.Error("some were told twice")
	}
}
