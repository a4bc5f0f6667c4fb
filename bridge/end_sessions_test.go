package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
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

func (w *world) lives(id string) bool {
	w.t.Helper()
	s, err := w.store.Session(w.t.Context(), id)
	w.must(err)
	return s.Ended.IsZero()
}

// TestCardRemoval: the terms of the apps that are open decide, and one that wants an end is enough; where none says, the hub does.
func TestCardRemoval(t *testing.T) {
	for name, tc := range map[string]struct {
		hub      string
		epr, lab string // terms
		apps     []string
		ends     bool
	}{
		"nobody says":              {"", "", "", []string{partnerA}, true},
		"the hub says ignore":      {"ignore", "", "", []string{partnerA}, false},
		"the app says logout":      {"ignore", "logout", "", []string{partnerA}, true},
		"the app says ignore":      {"logout", "ignore", "", []string{partnerA}, false},
		"one ignores, one is mute": {"logout", "ignore", "", []string{partnerA, "lab"}, true},
		"one ignores, one ends":    {"ignore", "ignore", "logout", []string{partnerA, "lab"}, true},
		"both ignore":              {"logout", "ignore", "ignore", []string{partnerA, "lab"}, false},
		"the other app was closed": {"ignore", "", "logout", []string{partnerA}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnCardRemoval = tc.hub
			w.hub.Partners = byName{w.hub.Partners, map[string]string{partnerA: tc.epr, "lab": tc.lab}}
			id := w.visit(uid, bridge.MethodSmartcard, "card", tc.apps...)
			byKey := w.visit(uid, bridge.MethodFIDO2, "key", "lab2")
			theirs := w.visit(other, bridge.MethodSmartcard, "their card", partnerA)
			ended, left, err := w.hub.CardRemoved(t.Context(), people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}, bridge.LogoutCause{By: "agent"})
			w.must(err)
			if w.lives(id) == tc.ends || (ended.Sessions == 1) != tc.ends || (left == 1) == tc.ends {
				t.Errorf("lives: %v, %+v, %d left", w.lives(id), ended, left)
			}
			if !w.lives(byKey) || !w.lives(theirs) {
				t.Error("a session that had nothing to do with the card ended")
			}
			if es := w.events(ledger.SessionEnded); tc.ends && (len(es) != 1 || es[0].Reason != "card_removed" || es[0].Detail["by"] != "agent") {
				t.Errorf("record %+v", es)
			}
			if tc.ends != (len(w.told) == len(tc.apps)) {
				t.Errorf("told %v", w.told)
			}
		})
	}
}

// byName gives partners their rule for cards; lab2 is the lab by another name.
type byName struct {
	bridge.Partners
	rule map[string]string
}

func (p byName) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	as := id
	if id == "lab2" {
		as = "lab"
	}
	found, err := p.Partners.Partner(protocol, as)
	found.ID, found.Terms.OnCardRemoval, found.Terms.Assurance = id, p.rule[id], 0
	return found, err
}

// TestSessionOfUnknownOrigin: one from before authenticators were stored counts as signed in with whatever fits.
func TestSessionOfUnknownOrigin(t *testing.T) {
	card := people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}
	for _, tc := range []struct {
		s    bridge.Session
		want bool
	}{
		{bridge.Session{UID: uid, Method: bridge.MethodSmartcard, Authenticator: "card"}, true},
		{bridge.Session{UID: uid, Method: bridge.MethodSmartcard, Authenticator: "another"}, false},
		{bridge.Session{UID: uid, Method: bridge.MethodSmartcard}, true},
		{bridge.Session{UID: uid, Method: bridge.MethodFIDO2}, false},
		{bridge.Session{UID: other, Method: bridge.MethodSmartcard}, false},
	} {
		if got := tc.s.SignedInWith(card); got != tc.want {
			t.Errorf("%+v: %v", tc.s, got)
		}
	}
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
