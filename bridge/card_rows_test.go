package bridge_test

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestSecurityOfCards is about cards that come and go at a workstation, named by the rows of the attack catalogue.
func TestSecurityOfCards(t *testing.T) {
	card := people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}
	t.Run("234/the card is removed in mid-session", func(t *testing.T) {
		for _, rule := range []trust.Removal{trust.RemovalLogout, trust.RemovalLock} {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnCardRemoval = rule
			b, next := w.signIn(request(partnerA), uid)
			issuing, err := w.hub.Issue(t.Context(), next)
			w.must(err)
			_, err = w.hub.CardRemoved(t.Context(), card, bridge.Reader{}, bridge.LogoutCause{})
			w.must(err)
			w.refused(w.hub.Deliver(t.Context(), issuing), bridge.TransactionGone) // decided before, and not told after
			if next, err = w.hub.Begin(t.Context(), b, request(partnerA)); err != nil || next.Step != bridge.StepAuthenticate {
				t.Errorf("%s: %v, %v", rule, next.Step, err)
			}
		}
	})
	t.Run("234/the reader is swapped: the card goes and comes back elsewhere", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b, _ := w.again(bridge.Browser{Binding: binding}, uid, "w4")
		out := w.now
		w.now = w.now.Add(time.Minute)
		b, _ = w.again(b, uid, "w4") // by the other reader; the news of the first is late
		_, err := w.hub.CardRemoved(t.Context(), card, bridge.Reader{Workstation: trust.Workstation{ID: "w4"}, At: out}, bridge.LogoutCause{})
		w.must(err)
		if _, _, err := w.hub.Live(t.Context(), b); err != nil {
			t.Errorf("old news ended a session that was proven since: %v", err)
		}
	})
	t.Run("234/the card is removed while its proof is under way", func(t *testing.T) {
		for name, c := range map[string]struct {
			rule  trust.Removal
			from  bridge.Reader
			after time.Duration // from the removal to the proof
			lives bool
		}{
			"logout":             {rule: trust.RemovalLogout},
			"lock":               {rule: trust.RemovalLock},
			"ignore":             {rule: trust.RemovalIgnore, lives: true},
			"here":               {rule: trust.RemovalLogout, from: bridge.Reader{Workstation: trust.Workstation{ID: "w4"}}},
			"elsewhere":          {rule: trust.RemovalLogout, from: bridge.Reader{Workstation: trust.Workstation{ID: "w5"}}, lives: true},
			"it was put in anew": {rule: trust.RemovalLogout, after: 2 * time.Millisecond, lives: true},
		} {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnCardRemoval = c.rule
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.Begin(t.Context(), b, request(partnerA))
			w.must(err)
			tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
			tx.Place.Workstation = "w4"
			given := proof(uid, 3, w.now.Add(c.after-time.Millisecond))
			given.AuthenticatorID = card.ID
			_, err = w.hub.CardRemoved(t.Context(), card, c.from, bridge.LogoutCause{})
			w.must(err)
			w.now = w.now.Add(20 * time.Second)
			b.Session, err = w.hub.Authenticate(t.Context(), b, tx, given)
			w.must(err)
			if _, _, err := w.hub.Live(t.Context(), b); (err == nil) != c.lives {
				t.Errorf("%s: %v", name, err)
			}
			if s := w.shown(b); s.Ended.IsZero() == (c.rule == trust.RemovalLogout && !c.lives) || s.Suspended.IsZero() == (c.rule == trust.RemovalLock) {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
	t.Run("234/old news of another workstation comes after the removal", func(t *testing.T) {
		w := newWorld(t, role(roleA, "R8000", "RX1"))
		b := bridge.Browser{Binding: binding}
		next, err := w.hub.Begin(t.Context(), b, request(partnerA))
		w.must(err)
		tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
		tx.Place.Workstation = "w4"
		given := proof(uid, 3, w.now.Add(-time.Second))
		given.AuthenticatorID = card.ID
		for _, from := range []bridge.Reader{
			{Workstation: trust.Workstation{ID: "w4"}, At: w.now},
			{Workstation: trust.Workstation{ID: "w5"}, At: w.now.Add(-time.Minute)}, // told late
		} {
			_, err = w.hub.CardRemoved(t.Context(), card, from, bridge.LogoutCause{})
			w.must(err)
		}
		b.Session, err = w.hub.Authenticate(t.Context(), b, tx, given)
		w.must(err)
		if _, _, err := w.hub.Live(t.Context(), b); err == nil {
			t.Error("the session lives without its card")
		}
	})
	t.Run("234/a second card in the same browser", func(t *testing.T) {
		for _, yield := range []bridge.Yield{bridge.YieldEnd, bridge.YieldSuspend} {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnSwitch = yield
			first, next := w.signIn(request(partnerA), uid)
			grant := bridge.GrantOf(w.issue(next), nil)
			second, _ := w.again(first, other, "")
			if _, person, err := w.hub.Live(t.Context(), second); err != nil || person.UID != other {
				t.Errorf("%s: %s, %v", yield, person.UID, err)
			}
			if _, _, err := w.hub.Live(t.Context(), first); err == nil {
				t.Errorf("%s: the first secret still works", yield)
			}
			if _, err := w.hub.Reissue(t.Context(), grant, ledger.TicketRead); err == nil {
				t.Errorf("%s: what the first session handed out is still good", yield)
			}
		}
	})
}
