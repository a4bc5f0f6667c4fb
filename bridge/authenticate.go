package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Authenticate takes an accepted proof into a transaction: a new session, or the same subject's made stronger or, if it was
// suspended, brought back into use. Another subject's session in this browser gives way first. It returns the new secret for
// the browser.
func (h *Hub) Authenticate(ctx context.Context, b Browser, tx Transaction, proof Proof) (string, error) {
	_, active, err := h.active(ctx, proof.UID)
	if err != nil {
		return "", err
	}
	if !active {
		return "", h.RefuseSignIn(ctx, tx, proof.Method, Refuse(CredentialUnknown, "This card or key is not registered to anyone who may sign in here."))
	}
	now := h.Clock()
	session, err := h.resume(ctx, b, tx, proof.UID)
	if err != nil {
		return "", err
	}
	if session.ID == "" {
		session = Session{ID: h.NewID(), UID: proof.UID, Started: now}
	}
	secret := h.NewSecret()
	save := SaveSession{}
	var resumed []Write
	if !session.Suspended.IsZero() {
		save.From, save.Resume = session.Key, true
		resumed = append(resumed, Append{resumedEvent(ctx, session, tx.Ref, now)})
		session.Suspended = time.Time{}
	}
	session.Key, session.Seen, session.Emergency = Key(secret), now, session.emergencyAfter(now)
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
	save.Session = session
	writes := append([]Write{w, save, Append{event}}, append(at, resumed...)...)
	if proof.Alarm != "" {
		writes = append(writes, Append{alarm(event, proof.Alarm)})
	}
	if err := h.Journal.Commit(ctx, writes...); err != nil {
		return "", refuseSpent(err, "save session")
	}
	if err := h.endIfWithdrawn(ctx, tx, session); err != nil {
		return "", err
	}
	h.trace(tx.Ref, "authenticated", "method", string(proof.Method), "assurance", fmt.Sprint(proof.Assurance))
	h.elsewhere(ctx, session, tx.Ref)
	h.afterCard(ctx, session, tx.Ref)
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

func resumedEvent(ctx context.Context, s Session, ref string, now time.Time) ledger.Event {
	return ledger.Event{
		Time: now, Kind: ledger.SessionResumed, Ref: ref, Tracking: s.ID, Subject: s.UID, Peer: Peer(ctx),
		Detail: map[string]string{"suspended": s.Suspended.UTC().Format(time.RFC3339)},
	}
}

// resume finds the session that uid may go on with: that of this browser, an idle or suspended one too, whose apps are told of
// the sign-out that ends it; else one that waits for uid here. Zero if there is none. Another subject's gives way, and one that is over is ended.
func (h *Hub) resume(ctx context.Context, b Browser, tx Transaction, uid string) (Session, error) {
	var s Session
	var err error
	if b.Session != "" {
		s, err = h.Sessions.SessionByKey(ctx, Key(b.Session))
	}
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return Session{}, fmt.Errorf("bridge: load session: %w", err)
	case s.ID == "" || !s.Ended.IsZero():
	case s.UID != uid:
		if _, err = h.displace(ctx, b, s, uid, tx.Ref); err != nil {
			return Session{}, err
		}
	case h.over(s, h.Clock()):
		_, err = h.Logout(ctx, s.ID, LogoutCause{Reason: h.overBy(s), Ref: tx.Ref})
		return Session{}, err
	default:
		return s, nil
	}
	return h.waiting(ctx, b, tx, uid)
}

// waiting finds a suspended session of uid that was left in this browser or at this workstation; zero if there is none.
func (h *Hub) waiting(ctx context.Context, b Browser, tx Transaction, uid string) (Session, error) {
	now := h.Clock()
	fits := func(s Session) bool { return s.UID == uid && !s.Suspended.IsZero() && !h.over(s, now) }
	var id string
	var err error
	if h.OnSwitch == YieldSuspend { // else nobody leaves one behind in a browser that shows another
		id, _, err = h.leftHere(ctx, b, uid)
	}
	if err == nil && id != "" {
		var s Session
		if s, err = h.Sessions.Session(ctx, id); err == nil && fits(s) {
			return s, nil
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Session{}, fmt.Errorf("bridge: find suspended session: %w", err)
	}
	if tx.Place.Workstation == "" {
		return Session{}, nil
	}
	found, err := h.Roster.Living(ctx, SessionQuery{UID: uid, At: tx.Place.Workstation, Limit: SessionsAtOnce})
	if err != nil {
		return Session{}, fmt.Errorf("bridge: find suspended session: %w", err)
	}
	if i := slices.IndexFunc(found, fits); i >= 0 {
		return found[i], nil
	}
	return Session{}, nil
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
