package bridge_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// listing implements bridge.Revocations: what a list says of each card, by its handle.
type listing map[string]bridge.Revoked

func (l listing) Revoked(card people.Authenticator, _ time.Time) (bridge.Revoked, bool) {
	r, ok := l[card.Handle]
	return r, ok
}

func (l listing) revoke(handle string, ends bool) {
	l[handle] = bridge.Revoked{
		Why: bridge.Refuse(bridge.CredentialRevoked, "This card was revoked.").WithCode("card_revoked"), Evidence: map[string]string{"crl_number": "42"}, Ends: ends,
	}
}

// TestRevokedBeforeThePress: a card that a list revokes between its check and the press opens nothing, from a proof or for a session,
// whatever becomes of sessions that run.
func TestRevokedBeforeThePress(t *testing.T) {
	for _, ends := range []bool{true, false} {
		for name, press := range map[string]func(*world, listing) error{
			"with a card": func(w *world, l listing) error {
				l.revoke("h", ends)
				_, _, err := w.openWithCard(request(partnerA))
				return err
			},
			"for a session": func(w *world, l listing) error {
				w.changeTerms(func(m *trust.Terms) { m.Assurance = 3 })
				b := bridge.Browser{Binding: binding}
				next, err := w.hub.Begin(t.Context(), b, request(partnerA))
				w.must(err)
				tx := w.reload(b, next.Transaction, bridge.StepAuthenticate)
				given := proof(uid, 2, w.now)
				given.AuthenticatorID = cardID
				b.Session, err = w.hub.Authenticate(t.Context(), b, tx, given)
				w.must(err)
				next, err = w.hub.Next(t.Context(), b, w.reload(b, tx, bridge.StepAuthenticate))
				w.must(err)
				if next.Step != bridge.StepEmergency {
					t.Fatalf("step %q", next.Step)
				}
				l.revoke("h", ends)
				_, _, err = w.hub.OpenEmergency(t.Context(), b, w.reload(b, tx, bridge.StepEmergency), opening)
				return err
			},
		} {
			t.Run(name+", ends "+strconv.FormatBool(ends), func(t *testing.T) {
				w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
				list := listing{}
				w.hub.Revocations = list
				w.refused(press(w, list), bridge.CredentialRevoked)
				if all, err := w.store.Emergencies(t.Context(), bridge.EmergencyQuery{Limit: 10}); err != nil || len(all) != 0 {
					t.Errorf("opened: %+v, %v", all, err)
				}
				if es := w.events(ledger.SignInRefused); len(es) != 1 || es[0].Reason != "card_revoked" || es[0].Detail["crl_number"] != "42" || es[0].Subject != uid {
					t.Errorf("record %+v", es)
				}
			})
		}
	}
}

// TestRevokedAtThePress: nor does one that is revoked while the opening is being written.
func TestRevokedAtThePress(t *testing.T) {
	w := newEmergencyWorld(t, role(roleA, "R8000", "RX1"))
	list := listing{}
	w.hub.Revocations = list
	w.hub.Journal = &withdraws{Journal: w.store, before: func() { list.revoke("h", true) }}
	_, _, err := w.openWithCard(request(partnerA))
	w.refused(err, bridge.CredentialRevoked)
	w.nobodyLives()
}

func (w *world) nobodyLives() {
	w.t.Helper()
	w.must(w.hub.EachLiving(w.t.Context(), bridge.SessionQuery{}, func(page []bridge.Session) error {
		for _, s := range page {
			w.t.Errorf("left: %+v", s)
		}
		return nil
	}))
}

// TestEndRevoked: a revocation that arrives ends what began with the card, and nothing else, and the record says by which list.
func TestEndRevoked(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	list := listing{}
	w.hub.Registrations, w.hub.Revocations = w.store, list
	register := func(id, uid string, kind people.Kind) {
		w.must(w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: id, UID: uid, Kind: kind, Handle: "h-" + id}))
	}
	register("card", uid, people.Smartcard)
	register("spared", uid, people.Smartcard)
	register("good", uid, people.Smartcard)
	register("key", uid, people.FIDO2)
	register("theirs", other, people.Smartcard)
	here := w.visit(uid, bridge.MethodSmartcard, "card", partnerA, "lab")
	theirs := w.visit(other, bridge.MethodSmartcard, "theirs", "lab")
	waits := w.visit(uid, bridge.MethodSmartcard, "card", partnerA)
	_, err := w.hub.Suspend(t.Context(), waits, bridge.LogoutCause{Reason: bridge.EndedByCard})
	w.must(err)
	var spared []string
	for _, id := range []string{"spared", "good", "unknown"} {
		spared = append(spared, w.visit(uid, bridge.MethodSmartcard, id, partnerA))
	}
	spared = append(spared, w.visit(uid, bridge.MethodFIDO2, "key", "lab"))
	list.revoke("h-card", true)
	list.revoke("h-key", true) // a key has no issuer that could revoke it: nobody may ask
	list.revoke("h-theirs", true)
	list.revoke("h-spared", false)
	w.told = nil
	sweep := &bridge.RevokedSweep{Hub: w.hub}
	ended, err := sweep.End(t.Context())
	w.must(err)
	if ended.Sessions != 3 || w.lives(here) || w.lives(waits) || w.lives(theirs) {
		t.Errorf("ended %+v", ended)
	}
	for i, id := range spared {
		if !w.lives(id) {
			t.Errorf("session %d ended", i)
		}
	}
	if len(w.told) != 0 {
		t.Errorf("somebody waited for %v", w.told)
	}
	w.must(w.hub.Retry(t.Context()))
	if len(w.told) < 3 {
		t.Errorf("told %v", w.told)
	}
	es := w.events(ledger.SessionEnded)
	if len(es) != 3 {
		t.Fatalf("record %+v", es)
	}
	for _, e := range es {
		if e.Reason != "revoked" || e.Detail["crl_number"] != "42" {
			t.Errorf("record %+v", e)
		}
	}
	if again, err := sweep.End(t.Context()); err != nil || again.Sessions != 0 {
		t.Errorf("again: %+v %v", again, err)
	}
}

// counted is a register that counts how often it is read.
type counted struct {
	bridge.Registrations
	n int
}

func (c *counted) AuthenticatorsOf(ctx context.Context, uid string) ([]people.Authenticator, error) {
	c.n++
	return c.Registrations.AuthenticatorsOf(ctx, uid)
}

// TestEndRevokedReadsOnce: a second look knows the cards of the sessions that it saw, finds what was revoked since, and forgets those that ended.
func TestEndRevokedReadsOnce(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	list := listing{}
	reads := &counted{Registrations: w.store}
	w.hub.Registrations, w.hub.Revocations = w.store, list
	w.must(w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard, Handle: "h"}))
	id := w.visit(uid, bridge.MethodSmartcard, "card", partnerA)
	w.hub.Registrations = reads
	sweep := &bridge.RevokedSweep{Hub: w.hub}
	for _, ended := range []int{0, 0, 1, 0} {
		if ended == 1 {
			list.revoke("h", true)
		}
		if got, err := sweep.End(t.Context()); err != nil || got.Sessions != ended {
			t.Errorf("%+v %v, want %d", got, err, ended)
		}
	}
	if reads.n != 1 || w.lives(id) {
		t.Errorf("read %d times", reads.n)
	}
}

// forgetful is a register that cannot be read for one person.
type forgetful struct {
	bridge.Registrations
	uid string
}

var errForgot = errors.New("forgot")

func (f forgetful) AuthenticatorsOf(ctx context.Context, uid string) ([]people.Authenticator, error) {
	if uid == f.uid {
		return nil, errForgot
	}
	return f.Registrations.AuthenticatorsOf(ctx, uid)
}

// TestEndRevokedGoesOn: what cannot be read keeps nobody else's session alive, and is not taken for done.
func TestEndRevokedGoesOn(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	list := listing{}
	w.hub.Registrations, w.hub.Revocations = forgetful{w.store, other}, list
	w.must(w.store.AddAuthenticator(t.Context(), people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard, Handle: "h"}))
	id := w.visit(uid, bridge.MethodSmartcard, "card", partnerA)
	w.hub.Registrations = w.store
	w.visit(other, bridge.MethodSmartcard, "theirs", "lab")
	w.hub.Registrations = forgetful{w.store, other}
	list.revoke("h", true)
	ended, err := (&bridge.RevokedSweep{Hub: w.hub}).End(t.Context())
	if !errors.Is(err, errForgot) || ended.Sessions != 1 || w.lives(id) {
		t.Errorf("%+v %v", ended, err)
	}
}
