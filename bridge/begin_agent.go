package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// BeginAgent takes an accepted proof from a program at a workstation that signs its subject in before any partner is in sight. The session is a
// new one, and no browser can show it. Its role is the only open one, or none: ChooseRoleFor follows. What also returns is
// written in the same commit. A person who may not sign in is CredentialUnknown, a card that was withdrawn meanwhile CredentialRevoked, on record.
func (h *Hub) BeginAgent(ctx context.Context, proof Proof, also func(Session) ([]Write, error)) (Session, people.Person, error) {
	person, active, err := h.active(ctx, proof.UID)
	if err != nil {
		return Session{}, person, err
	}
	if !active {
		why := Refuse(CredentialUnknown, "This card is not registered to anyone who may sign in here.")
		return Session{}, person, h.RefuseSignIn(ctx, Transaction{Ref: Ref(ctx)}, proof.Method, why)
	}
	now := h.Clock()
	s := Session{
		ID: h.NewID(), Key: Key(h.NewSecret()), UID: proof.UID, Method: proof.Method, Assurance: proof.Assurance, Authenticator: proof.AuthenticatorID,
		AuthnAt: proof.At, Started: now, Seen: now, Standing: proof.Standing,
	}
	if open := person.OpenRoles(now); len(open) == 1 {
		s.RoleID = open[0].ID
	}
	writes, err := also(s)
	if err != nil {
		return Session{}, person, err
	}
	event := ledger.Event{
		Time: now, Kind: ledger.SignedIn, Ref: Ref(ctx), Tracking: s.ID, Subject: s.UID, Method: string(s.Method), Peer: Peer(ctx), Detail: proof.Evidence,
	}
	if err := h.Journal.Commit(ctx, append([]Write{SaveSession{Session: s}, Append{event}}, writes...)...); err != nil {
		return Session{}, person, fmt.Errorf("bridge: save session: %w", err)
	}
	if err := h.endIfWithdrawn(ctx, Transaction{Ref: Ref(ctx)}, s); err != nil {
		return Session{}, person, err
	}
	h.trace(Ref(ctx), "authenticated", "method", string(proof.Method), "assurance", fmt.Sprint(proof.Assurance))
	h.afterCard(ctx, s, Ref(ctx))
	return s, person, nil
}

// Holder returns whom a grant is about, if something may be said of them now: the session goes on and its subject is active.
func (h *Hub) Holder(ctx context.Context, g Grant) (Session, people.Person, error) {
	return h.grantSession(ctx, g, h.Clock())
}

// ChooseRoleFor makes the session of a grant act in a role that its subject holds, at the wish of whoever may speak for the
// session without a browser.
func (h *Hub) ChooseRoleFor(ctx context.Context, g Grant, roleID string) error {
	s, person, err := h.Holder(ctx, g)
	if err != nil {
		return err
	}
	now := h.Clock()
	role, ok := person.OpenRole(roleID, now)
	if !ok {
		return h.refuseRole(ctx, Transaction{Ref: Ref(ctx)}, s)
	}
	if role.ID == s.RoleID {
		return nil
	}
	s.RoleID, s.Seen = role.ID, now
	event := ledger.Event{
		Time: now, Kind: ledger.RoleChosen, Ref: Ref(ctx), Tracking: s.ID, Subject: s.UID, Role: role.ID, Org: role.OrgCode, Peer: Peer(ctx),
		Detail: map[string]string{"role_code": role.Code},
	}
	err = h.Journal.Commit(ctx, SaveSession{Session: s, From: s.Key}, Append{event})
	if errors.Is(err, ErrSpent) || errors.Is(err, ErrNotFound) {
		return Refuse(SessionExpired, "The session has ended.").Because(err)
	}
	if err != nil {
		return fmt.Errorf("bridge: save role: %w", err)
	}
	return nil
}

// KeepAlive notes that the subject of a grant is at work.
func (h *Hub) KeepAlive(ctx context.Context, g Grant) error {
	s, _, err := h.Holder(ctx, g)
	if err != nil {
		return err
	}
	now := h.Clock()
	if now.Sub(s.Seen) < h.touchEvery() {
		return nil
	}
	if err := h.Journal.Commit(ctx, TouchSession{ID: s.ID, Seen: now}); err != nil {
		return fmt.Errorf("bridge: touch session: %w", err)
	}
	return nil
}
