package bridge_test

import (
	"errors"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func nothing(bridge.Session) ([]bridge.Write, error) { return nil, nil }

func agentGrant(s bridge.Session) bridge.Grant {
	return bridge.Grant{Session: s.ID, Partner: partnerA, Protocol: trust.Ticket, Follows: true}
}

// TestBeginAgent: a session without a browser, whose role is chosen when there are several, and by which a grant goes.
func TestBeginAgent(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX1"))
	artifact := bridge.Artifact{Kind: bridge.KindTicket, Key: "ticket", Expires: w.now.Add(time.Hour)}
	proven := proof(uid, 3, w.now)
	proven.AuthenticatorID, proven.Standing = "card", bridge.StandingFresh
	s, person, err := w.hub.BeginAgent(t.Context(), proven, func(s bridge.Session) ([]bridge.Write, error) {
		artifact.Session = s.ID
		return []bridge.Write{bridge.PutArtifact{Artifact: artifact}}, nil
	})
	w.must(err)
	if person.UID != uid || s.RoleID != "" || s.Authenticator != "card" || s.Standing != bridge.StandingFresh || s.Assurance != 3 {
		t.Errorf("%+v", s)
	}
	if stored, err := w.store.Session(t.Context(), s.ID); err != nil || stored.UID != uid || stored.Authenticator != "card" {
		t.Errorf("stored %+v %v", stored, err)
	}
	g := agentGrant(s)
	_, err = w.hub.Reissue(t.Context(), g, ledger.TicketRead)
	w.refused(err, bridge.NoRole)
	w.refused(w.hub.ChooseRoleFor(t.Context(), g, "555000000109"), bridge.RoleNotAllowed) // another's
	w.must(w.hub.ChooseRoleFor(t.Context(), g, roleB))
	w.must(w.hub.ChooseRoleFor(t.Context(), g, roleB)) // again: nothing to record
	if e := w.events(ledger.RoleChosen); len(e) != 1 || e[0].Role != roleB || e[0].Tracking != s.ID {
		t.Errorf("%+v", e)
	}
	iss, err := w.hub.Reissue(t.Context(), g, ledger.TicketRead)
	w.must(err)
	if iss.Role.ID != roleB {
		t.Errorf("role %q", iss.Role.ID)
	}
	w.must(w.hub.Deliver(t.Context(), iss))
	if told, err := w.store.Participants(t.Context(), s.ID); err != nil || len(told) != 1 || told[0].Partner != partnerA {
		t.Errorf("participants %+v %v", told, err)
	}
	w.now = w.now.Add(time.Hour)
	w.must(w.hub.KeepAlive(t.Context(), g))
	if kept, err := w.store.Session(t.Context(), s.ID); err != nil || !kept.Seen.Equal(w.now) {
		t.Errorf("seen %v %v", kept.Seen, err)
	}
	_, err = w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByUser})
	w.must(err)
	if _, err := w.store.Get(t.Context(), bridge.KindTicket, "ticket", w.now); !errors.Is(err, bridge.ErrNotFound) {
		t.Errorf("the ticket outlives its session: %v", err)
	}
	w.refused(w.hub.KeepAlive(t.Context(), g), bridge.SessionExpired)
	w.refused(w.hub.ChooseRoleFor(t.Context(), g, roleA), bridge.SessionExpired)
}

// TestBeginAgentAlone: the only open role is taken without a question; nobody is signed in who may not be; what cannot be
// written is no session.
func TestBeginAgentAlone(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"))
	s, _, err := w.hub.BeginAgent(t.Context(), proof(uid, 3, w.now), nothing)
	w.must(err)
	if s.RoleID != roleA {
		t.Errorf("role %q", s.RoleID)
	}
	_, _, err = w.hub.BeginAgent(t.Context(), proof("555000000000", 3, w.now), nothing)
	w.refused(err, bridge.CredentialUnknown)
	if e := w.events(ledger.SignInRefused); len(e) != 1 {
		t.Errorf("%+v", e)
	}
	broken := errors.New("broken")
	if _, _, err = w.hub.BeginAgent(t.Context(), proof(uid, 3, w.now), func(bridge.Session) ([]bridge.Write, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if e := w.events(ledger.SignedIn); len(e) != 1 || e[0].Tracking != s.ID {
		t.Errorf("%+v", e)
	}
}

// TestSuspendedGrants: of a session that waits for its subject nothing is said, and nothing is changed.
func TestSuspendedGrants(t *testing.T) {
	w := newWorld(t, role(roleA, "R8000", "RX1"), role(roleB, "R8001", "RX1"))
	s, _, err := w.hub.BeginAgent(t.Context(), proof(uid, 3, w.now), nothing)
	w.must(err)
	g := agentGrant(s)
	w.must(w.hub.ChooseRoleFor(t.Context(), g, roleA))
	s, err = w.store.Session(t.Context(), s.ID)
	w.must(err)
	s.Suspended = w.now
	w.must(w.store.Commit(t.Context(), bridge.SaveSession{Session: s}))
	_, err = w.hub.Reissue(t.Context(), g, ledger.TicketRead)
	w.refused(err, bridge.SessionExpired)
	w.refused(w.hub.ChooseRoleFor(t.Context(), g, roleB), bridge.SessionExpired)
	w.refused(w.hub.KeepAlive(t.Context(), g), bridge.SessionExpired)
}
