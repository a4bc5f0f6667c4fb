package bridge_test

import (
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// TestCardRemoval: the terms of the apps that are open decide, the strictest of them; where they do not say the workstation does, and
// where it does not either, the hub.
func TestCardRemoval(t *testing.T) {
	const none, logout, lock, ignore = trust.Removal(""), trust.RemovalLogout, trust.RemovalLock, trust.RemovalIgnore
	both := []string{partnerA, "lab"}
	for name, tc := range map[string]struct {
		hub, station trust.Removal
		epr, lab     trust.Removal // terms
		apps         []string
		want         trust.Removal
	}{
		"nobody says":                        {none, none, none, none, both[:1], logout},
		"the hub says ignore":                {ignore, none, none, none, both[:1], ignore},
		"the hub says lock":                  {lock, none, none, none, both[:1], lock},
		"the app says logout":                {ignore, none, logout, none, both[:1], logout},
		"the app says ignore":                {logout, none, ignore, none, both[:1], ignore},
		"the app says lock":                  {ignore, none, lock, none, both[:1], lock},
		"one ignores, one is mute":           {logout, none, ignore, none, both, logout},
		"one ignores, one is mute, hub lock": {lock, none, ignore, none, both, lock},
		"one ignores, one ends":              {ignore, none, ignore, logout, both, logout},
		"one locks, one ends":                {ignore, none, lock, logout, both, logout},
		"one ignores, one locks":             {logout, none, ignore, lock, both, lock},
		"both ignore":                        {logout, none, ignore, ignore, both, ignore},
		"the other app was closed":           {ignore, none, none, logout, both[:1], ignore},
		"the workstation says lock":          {logout, lock, none, none, both[:1], lock},
		"the workstation says ignore":        {logout, ignore, none, none, both[:1], ignore},
		"the workstation says logout":        {ignore, logout, none, none, both[:1], logout},
		"the app is above the workstation":   {logout, logout, ignore, none, both[:1], ignore},
		"the workstation for the mute one":   {logout, lock, ignore, none, both, lock},
		"a workstation never lessens":        {ignore, ignore, logout, none, both[:1], logout},
		"a word that nobody can read":        {"perhaps", none, ignore, none, both, logout},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			w.hub.OnCardRemoval = tc.hub
			w.hub.Partners = byName{w.hub.Partners, map[string]trust.Removal{partnerA: tc.epr, "lab": tc.lab}}
			id := w.visit(uid, bridge.MethodSmartcard, "card", tc.apps...)
			byKey := w.visit(uid, bridge.MethodFIDO2, "key", "lab2")
			theirs := w.visit(other, bridge.MethodSmartcard, "their card", partnerA)
			from := bridge.Reader{Workstation: trust.Workstation{ID: "w4", Name: "Bay 4", OnRemoval: tc.station}}
			done, err := w.hub.CardRemoved(t.Context(), people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}, from, bridge.LogoutCause{By: "agent"})
			w.must(err)
			if done.Ended.Sessions+done.Suspended.Sessions+done.Left != 1 || done.Act() != tc.want {
				t.Errorf("%+v", done)
			}
			if w.lives(id) == (tc.want == logout) || w.suspended(id) != (tc.want == lock) {
				t.Errorf("lives: %v, suspended: %v", w.lives(id), w.suspended(id))
			}
			if !w.lives(byKey) || !w.lives(theirs) || w.suspended(byKey) || w.suspended(theirs) {
				t.Error("a session that had nothing to do with the card changed")
			}
			kind := map[trust.Removal]ledger.Kind{logout: ledger.SessionEnded, lock: ledger.SessionSuspended}[tc.want]
			if es := w.events(kind); kind != "" && (len(es) != 1 || es[0].Reason != "card_removed" || es[0].Detail["by"] != "agent") {
				t.Errorf("record %+v", es)
			}
			if (tc.want != ignore) != (len(w.told) == len(tc.apps)) {
				t.Errorf("told %v", w.told)
			}
		})
	}
}

// TestCardRemovedElsewhere: a reader speaks for its own workstation and for what was proven before.
func TestCardRemovedElsewhere(t *testing.T) {
	card := people.Authenticator{ID: "card", UID: uid, Kind: people.Smartcard}
	for name, tc := range map[string]struct {
		station string
		at      time.Duration
		left    string // session that is left alone
	}{
		"at this workstation":           {"w4", 0, "at w2"},
		"at the other":                  {"w2", 0, "at w4"},
		"nobody knows where":            {"", 0, ""},
		"before the proof":              {"w4", -time.Minute, "all"},
		"at the very time of the proof": {"w4", time.Nanosecond, "at w2"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, role(roleA, "R8000", "RX1"))
			at := map[string]string{"at w4": "w4", "at w2": "w2", "nowhere": ""}
			for id, station := range at {
				w.must(w.store.Commit(t.Context(), bridge.SaveSession{Session: bridge.Session{
					ID: id, Key: id, UID: uid, Method: bridge.MethodSmartcard, Authenticator: "card", Workstation: station, AuthnAt: w.now, Started: w.now, Seen: w.now,
				}}))
			}
			from := bridge.Reader{Workstation: trust.Workstation{ID: tc.station}}
			if tc.at != 0 {
				from.At = w.now.Add(tc.at)
			}
			_, err := w.hub.CardRemoved(t.Context(), card, from, bridge.LogoutCause{})
			w.must(err)
			for id := range at {
				if w.lives(id) != (tc.left == "all" || tc.left == id) {
					t.Errorf("%s lives: %v", id, w.lives(id))
				}
			}
		})
	}
}

// byName gives partners their rule for cards; lab2 is the lab by another name.
type byName struct {
	bridge.Partners
	rule map[string]trust.Removal
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
