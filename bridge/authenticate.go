package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Authenticate takes an accepted proof into a transaction: a new session, or the same subject's made stronger.
// Another subject's session in this browser is ended first. It returns the new secret for the browser.
func (h *Hub) Authenticate(ctx context.Context, b Browser, tx Transaction, proof Proof) (string, error) {
	_, active, err := h.active(ctx, proof.UID)
	if err != nil {
		return "", err
	}
	if !active {
		return "", h.RefuseSignIn(ctx, tx, proof.Method, Refuse(CredentialUnknown, "This card or key is not registered to anyone who may sign in here."))
	}
	now := h.Clock()
	session, err := h.resume(ctx, b, proof.UID, tx.Ref)
	if err != nil {
		return "", err
	}
	if session.ID == "" {
		session = Session{ID: h.NewID(), UID: proof.UID, Started: now}
	}
	secret := h.NewSecret()
	session.Key, session.Seen = Key(secret), now
	session.Method, session.Assurance, session.AuthnAt, session.Authenticator = proof.Method, proof.Assurance, proof.At, proof.AuthenticatorID
	session.Standing = proof.Standing
	at, err := h.placed(&session, tx.Place)
	if err != nil {
		return "", err
	}
	tx.about(session.ID)
	tx.ProofAt = now
	w, err := putTransaction(tx)
	if err != nil {
		return "", err
	}
	event := ledger.Event{
		Time: now, Kind: ledger.SignedIn, Ref: tx.Ref, Tracking: session.ID, Subject: proof.UID, Method: string(proof.Method),
		Partner: tx.Request.Partner, Peer: Peer(ctx), Detail: relied(proof, tx.Place),
	}
	writes := append([]Write{w, SaveSession{Session: session}, Append{event}}, at...)
	if proof.Alarm != "" {
		writes = append(writes, Append{alarm(event, proof.Alarm)})
	}
	if err := h.Journal.Commit(ctx, writes...); err != nil {
		return "", refuseSpent(err, "save session")
	}
	h.trace(tx.Ref, "authenticated", "method", string(proof.Method), "assurance", fmt.Sprint(proof.Assurance))
	return secret, nil
}

// relied is what a sign-in relied upon, for the record.
func relied(proof Proof, at Place) map[string]string {
	if at.Workstation == "" {
		return proof.Evidence
	}
	out := map[string]string{"workstation": at.Workstation}
	maps.Copy(out, proof.Evidence)
	return out
}

// resume finds the session that uid may go on with in this browser, an idle one too: its apps are told of
// the sign-out that ends it. Zero if there is none. Another subject's, or one past its absolute limit, is ended.
func (h *Hub) resume(ctx context.Context, b Browser, uid, ref string) (Session, error) {
	if b.Session == "" {
		return Session{}, nil
	}
	s, err := h.Sessions.SessionByKey(ctx, Key(b.Session))
	if errors.Is(err, ErrNotFound) || (err == nil && !s.Ended.IsZero()) {
		return Session{}, nil
	}
	switch {
	case err != nil:
		return Session{}, fmt.Errorf("bridge: load session: %w", err)
	case s.UID != uid:
		_, err = h.displace(ctx, s, uid, ref)
		return Session{}, err
	case h.pastLimit(s, h.Clock()):
		_, err = h.Logout(ctx, s.ID, LogoutCause{Reason: EndedByLimit, Ref: ref})
		return Session{}, err
	}
	return s, nil
}

// RefuseSignIn records a proof that was not accepted and returns the refusal.
func (h *Hub) RefuseSignIn(ctx context.Context, tx Transaction, method Method, r *Refusal) error {
	event := ledger.Event{
		Time: h.Clock(), Kind: ledger.SignInRefused, Reason: r.AuditCode(), Ref: tx.Ref, Method: string(method),
		Partner: tx.Request.Partner, Peer: Peer(ctx), Subject: r.Subject, Detail: r.Evidence,
	}
	writes := []Write{Append{event}}
	if r.Alarm != "" {
		writes = append(writes, Append{alarm(event, r.Alarm)})
	}
	h.trace(tx.Ref, "sign_in_refused", "reason", r.AuditCode())
	if err := h.Journal.Commit(ctx, writes...); err != nil {
		return fmt.Errorf("bridge: record refusal: %w", err)
	}
	return r
}

// alarm is the event that stands beside one of a proof that somebody must look at.
func alarm(beside ledger.Event, reason string) ledger.Event {
	beside.Kind, beside.Reason = ledger.Alarm, reason
	return beside
}
