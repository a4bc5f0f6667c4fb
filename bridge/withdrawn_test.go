package bridge_test

import (
	"context"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// withdraws is a Journal at which a card is withdrawn, and its sessions are looked for, just before a sign-in is written.
type withdraws struct {
	bridge.Journal
	before func()
}

func (j *withdraws) Commit(ctx context.Context, writes ...bridge.Write) error {
	for _, w := range writes {
		if _, ok := w.(bridge.SaveSession); ok && j.before != nil {
			before := j.before
			j.before = nil
			before()
		}
	}
	return j.Journal.Commit(ctx, writes...)
}

// TestWithdrawnMeanwhile: a card that the Registration Authority withdraws while somebody signs in with it leaves no session behind,
// however close the two come.
func TestWithdrawnMeanwhile(t *testing.T) {
	for name, begin := range map[string]func(*world, bridge.Proof) error{
		"in a browser": func(w *world, p bridge.Proof) error {
			b := bridge.Browser{Binding: binding}
			next, err := w.hub.Begin(t.Context(), b, request(partnerA))
			w.must(err)
			_, err = w.hub.Authenticate(t.Context(), b, w.reload(b, next.Transaction, bridge.StepAuthenticate), p)
			return err
		},
		"at an agent": func(w *world, p bridge.Proof) error {
			_, _, err := w.hub.BeginAgent(t.Context(), p, nothing)
			return err
		},
		"without pages": func(w *world, p bridge.Proof) error {
			_, err := w.hub.BeginProven(t.Context(), request(partnerA), p)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.Registrations = w.store
			card := people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard, Handle: "k:1"}
			w.must(w.store.AddAuthenticator(t.Context(), card))
			proven := proof(uid, 3, w.now)
			proven.AuthenticatorID = card.ID
			w.must(begin(w, proven))
			list := listing{}
			w.hub.Revocations = list
			w.hub.Journal = &withdraws{Journal: w.store, before: func() { list.revoke(card.Handle, false) }}
			w.refused(begin(w, proven), bridge.CredentialRevoked)
			if e := w.events(ledger.SignInRefused); len(e) != 1 || e[0].Reason != "card_revoked" || e[0].Detail["crl_number"] != "42" {
				t.Errorf("%+v", e)
			}
			clear(list)
			w.hub.Journal = &withdraws{Journal: w.store, before: func() {
				card.Revoked = w.now
				w.must(w.store.UpdateAuthenticator(t.Context(), card, card.Record))
				_, err := w.hub.EndAll(t.Context(), bridge.SessionQuery{UID: uid}, nil, bridge.LogoutCause{Reason: bridge.EndedByRevocation})
				w.must(err)
			}}
			w.refused(begin(w, proven), bridge.CredentialRevoked)
			w.must(w.hub.EachLiving(t.Context(), bridge.SessionQuery{UID: uid}, func(page []bridge.Session) error {
				for _, s := range page {
					t.Errorf("left: %+v", s)
				}
				return nil
			}))
			if e := w.events(ledger.SignInRefused); len(e) != 2 || e[1].Reason != "withdrawn_meanwhile" {
				t.Errorf("%+v", e)
			}
		})
	}
}
