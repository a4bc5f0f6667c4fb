package signin

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestLockAndContinue: whose session is locked stands there, nothing opens meanwhile, and the same person goes on in the same session
// and role with one proof, by re-tapping too: that never signs them out.
func TestLockAndContinue(t *testing.T) {
	w := newWorld(t)
	b := inBothApps(t, w)
	id := w.sessionOf(b).ID
	b.get("/").submit("/lock").want(http.StatusOK, "Locked", "Dr Asha Patel", "General Medical Practitioner, Queen Square Hospital", "It was locked at", "08:42", "Continue as Dr Asha Patel", "Someone else").lacks("Your apps", "Switch user")
	if b.url != "https://sso.example/" {
		t.Errorf("the apps confirmed, and the browser is at %s", b.url)
	}
	b.get("/front/start?partner=board").want(http.StatusOK, "locked a session on this computer", "Use your smartcard").lacks("app told")
	b.get("/")
	b.click("Continue as").submit("/signin/card").want(http.StatusOK, "Your apps", "Dr Asha Patel", "General Medical Practitioner")
	s := w.sessionOf(b)
	if s.ID != id || !s.Suspended.IsZero() || len(w.events(ledger.SessionResumed)) != 1 || len(w.events(ledger.SessionEnded)) != 0 {
		t.Errorf("resumed %+v", s)
	}
	b.get("/front/start?partner=board&force=1").submit("/signin/card").want(http.StatusOK, "app told: uid="+asha) // a tap of the same card
	if again := w.sessionOf(b); again.ID != id || len(w.events(ledger.SessionEnded)) != 0 {
		t.Errorf("a second tap: %+v", again)
	}
}

// TestLockedForSomeoneElse: the next person is shown what still holds the one before, by either policy, and finds nothing of theirs; with
// suspend the one before goes on later where they were.
func TestLockedForSomeoneElse(t *testing.T) {
	for _, yield := range []bridge.Yield{bridge.YieldEnd, bridge.YieldSuspend} {
		w := newWorld(t)
		w.hub.OnSwitch, w.hub.KeepApps = yield, true
		w.tells["strong"] = bridge.DeliveryNone
		b := inBothApps(t, w)
		id := w.sessionOf(b).ID
		b.get("/").submit("/lock").want(http.StatusOK, "Locked", "Continue as Dr Asha Patel")
		if told := w.events(ledger.PartnerTold); len(told) != 0 {
			t.Errorf("told %+v", told)
		}
		b.insert(sam).get("/front/start?partner=board").submit("/signin/card").
			want(http.StatusOK, "Close all browser windows, then sign in again", "Dr Asha Patel", "Medicines Cabinet")
		b.click("Go on").want(http.StatusOK, "app told: uid="+sam)
		s := w.session(id)
		if (yield == bridge.YieldEnd) == s.Ended.IsZero() || s.UID != asha {
			t.Errorf("%s: %+v", yield, s)
		}
		b.insert(asha).get("/front/start?partner=board&force=1").submit("/signin/card")
		if got := w.sessionOf(b); (got.ID == id) != (yield == bridge.YieldSuspend) || got.UID != asha {
			t.Errorf("%s: Asha came back to %+v", yield, got)
		}
	}
}

// TestSwitchWaitsForNobody: the next person's button is there while the apps of the one before are being told; whoever signs in before
// that is done is shown what is left, and whoever waited is not shown it twice.
func TestSwitchWaitsForNobody(t *testing.T) {
	for _, waits := range []bool{false, true} {
		w := newWorld(t)
		b := inBothApps(t, w)
		told := w.hub.Wake
		w.hub.Wake = func() {} // the loop has not come round yet
		w.tells["strong"] = bridge.DeliveryNone
		b.insert(sam).get("/").submit("/switch").want(http.StatusOK, "Being told", "Sign in as someone else").lacks("everywhere")
		result := b.url
		told()
		if waits {
			b.get(result).want(http.StatusOK, "Could not be ended", "before the next person signs in")
		}
		b.get("/front/start?partner=board").submit("/signin/card")
		if waits {
			b.want(http.StatusOK, "app told: uid="+sam)
			continue
		}
		b.want(http.StatusOK, "Close all browser windows, then sign in again", "Dr Asha Patel", "Medicines Cabinet")
		b.click("Go on").want(http.StatusOK, "app told: uid="+sam)
	}
}

// TestWhyItIsOver: a browser that was not looking is told why its session ended or waits.
func TestWhyItIsOver(t *testing.T) {
	card := people.Authenticator{ID: "card", UID: asha, Kind: people.Smartcard}
	bay := trust.Workstation{ID: "w4", Name: "Bay 4"}
	for name, tc := range map[string]struct {
		rule  trust.Removal
		wait  time.Duration
		texts []string
		lacks string
	}{
		"card out, ended":      {trust.RemovalLogout, 0, []string{"The card was taken out of its reader at Bay 4 at", "You were signed out here"}, "Continue as"},
		"card out, locked":     {trust.RemovalLock, 0, []string{"The card was taken out of its reader at Bay 4 at", "Continue as Dr Asha Patel"}, "Your apps"},
		"locked for too long":  {trust.RemovalLock, 30 * time.Minute, []string{"Your session was locked for longer than 30 minutes"}, "Continue as"},
		"locked and then idle": {trust.RemovalLock, 20 * time.Minute, []string{"Continue as Dr Asha Patel"}, "was not used"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.hub.OnCardRemoval, w.hub.Roster = tc.rule, w.store
			b := inBothApps(t, w)
			_, err := w.hub.CardRemoved(t.Context(), card, bridge.Reader{Workstation: bay}, bridge.LogoutCause{By: bay.ID})
			if err != nil {
				t.Fatal(err)
			}
			w.wait(tc.wait)
			b.get("/").want(http.StatusOK, tc.texts...).lacks(tc.lacks)
		})
	}
}

// bays knows one workstation.
type bays struct{}

func (bays) Workstation(context.Context, string) (trust.Workstation, error) {
	return trust.Workstation{ID: "w4", Name: "Bay 4"}, nil
}

func (w *world) session(id string) bridge.Session {
	w.t.Helper()
	s, err := w.store.Session(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) sessionOf(b *browser) bridge.Session {
	w.t.Helper()
	s, err := w.store.SessionByKey(w.t.Context(), bridge.Key(b.cookie("__Host-lanyard-session")))
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestSessionElsewhereSaysWhere: the page at bay 2 names the bay and the time.
func TestSessionElsewhereSaysWhere(t *testing.T) {
	for _, yield := range []bridge.Yield{bridge.YieldSuspend, bridge.YieldEnd} {
		w := newWorld(t)
		w.hub.OnElsewhere, w.hub.Roster, w.hub.Workstations = yield, w.store, bays{}
		b := inBothApps(t, w)
		s := w.sessionOf(b)
		s.Workstation = "w2"
		at := bridge.Browser{Binding: "another browser"}
		next, err := w.hub.BeginLocal(t.Context(), at, bridge.Request{Resume: "/"})
		if err == nil {
			err = w.hub.Journal.Commit(t.Context(), bridge.SaveSession{Session: s})
		}
		next.Transaction.Place.Workstation = "w4"
		if err == nil {
			_, err = w.hub.Authenticate(t.Context(), at, next.Transaction, bridge.Proof{UID: asha, Method: bridge.MethodSmartcard, Assurance: 3, At: w.clock()})
		}
		if err != nil {
			t.Fatal(err)
		}
		b.get("/").want(http.StatusOK, "You opened a session at Bay 4 at 23 Nov 2026, 08:12")
		if yield == bridge.YieldSuspend {
			b.want(http.StatusOK, "Continue as Dr Asha Patel")
		}
	}
}
