package bridge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// MaxEmergencyNote bounds the person's own words, in characters.
const MaxEmergencyNote = 500

// Opening is what a person gives to open emergency access.
type Opening struct {
	Proof  *Proof // that was refused for want of revocation; nil: the session's own proof is good, the terms refuse
	Reason string // code of a configured reason
	Note   string
}

// Words are the note as it is kept: without characters that hide or turn text (Unicode categories Cc and Cf); lines stay.
func (o Opening) Words() string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, o.Note))
}

// Fault says what is missing in an opening, for the page that asks for it, and which part it is: reasons or note; empty if nothing.
func (p *EmergencyPolicy) Fault(o Opening) (fault, part string) {
	switch {
	case !slices.ContainsFunc(p.Reasons, func(r EmergencyReason) bool { return r.Code == o.Reason }):
		return "Choose a reason.", "reasons"
	case o.Words() == "":
		return "Say in a few words what happened.", "note"
	case utf8.RuneCountInString(o.Words()) > MaxEmergencyNote || !utf8.ValidString(o.Note):
		return fmt.Sprintf("Say it in at most %d characters.", MaxEmergencyNote), "note"
	}
	return "", ""
}

// OpenEmergency opens emergency access for the transaction's subject, for a short time: from a proof that lacks only the state of
// revocation, or for the session of this browser, which the terms of the partner refuse. It is in the record, in the queue of
// reviews and due to be alerted before it returns the new secret for the browser.
//
// It never opens for an inactive person, a credential that is withdrawn or revoked by now, a partner that is suspended or does not allow it.
func (h *Hub) OpenEmergency(ctx context.Context, b Browser, tx Transaction, o Opening) (string, Emergency, error) {
	if h.Emergency == nil {
		return "", Emergency{}, Refuse(UnsupportedRequest, "There is no emergency access here.")
	}
	if why, _ := h.Emergency.Fault(o); why != "" {
		return "", Emergency{}, Refuse(BadRequest, "%s", why).WithCode("emergency_incomplete")
	}
	open := h.openForTerms
	if o.Proof != nil {
		open = h.openForProof
	}
	session, refused, err := open(ctx, b, tx, o)
	if err != nil {
		return "", Emergency{}, err
	}
	now, secret, from := h.Clock(), h.NewSecret(), session.Key
	session.Key, session.Seen, session.Emergency = Key(secret), now, now.Add(h.Emergency.Life)
	tx.about(session.ID)
	tx.ProofAt = now // no other is asked for in this sign-on
	e := Emergency{
		ID: h.NewID(), Session: session.ID, UID: session.UID, Partner: tx.Request.Partner, Protocol: tx.Request.Protocol, Role: session.RoleID,
		Refused: refused, Reason: o.Reason, Note: o.Words(), Ref: tx.Ref, Peer: Peer(ctx), Opened: now, Until: session.Emergency,
	}
	if h.Emergency.Alert != nil {
		e.AlertDue = now
	}
	proof := o.Proof
	if session.Standing != StandingEmergency {
		proof = nil // the session rests on another
	}
	writes, err := h.openingWrites(SaveSession{Session: session, From: from}, tx, e, proof)
	if err != nil {
		return "", Emergency{}, err
	}
	if err := h.Journal.Commit(ctx, writes...); err != nil {
		return "", Emergency{}, refuseSpent(err, "open emergency access")
	}
	if err := h.endIfWithdrawn(ctx, tx, session); err != nil {
		return "", Emergency{}, err
	}
	h.trace(tx.Ref, "emergency_opened", "emergency", e.ID, "refused", refused, "until", e.Until.UTC().Format(time.RFC3339))
	if proof != nil {
		session.Workstation = tx.Place.Workstation
		h.afterCard(ctx, session, tx.Ref)
	}
	return secret, e, nil
}

// openingWrites are all that an opening changes.
func (h *Hub) openingWrites(save SaveSession, tx Transaction, e Emergency, proof *Proof) ([]Write, error) {
	var writes []Write
	if proof != nil {
		at, err := h.placed(&save.Session, tx.Place)
		if err != nil {
			return nil, err
		}
		writes = append(at, Append{e.signedIn(*proof, tx.Place)})
	}
	w, err := putTransaction(tx)
	return append(writes, w, save, AddEmergency{e}, Append{e.opened()}), err
}

// openForProof is the session of a proof that lacks only the state of revocation. Another subject's session in this browser is ended
// first, as Authenticate does.
func (h *Hub) openForProof(ctx context.Context, b Browser, tx Transaction, o Opening) (Session, string, error) {
	proof := *o.Proof
	if err := h.OffersEmergency(ctx, tx, proof); err != nil {
		return Session{}, "", err
	}
	if good, ok, err := h.goodBeside(ctx, b, tx, proof.UID); err != nil || ok {
		return good, CodeEmergencyOnly, err
	}
	session, err := h.resume(ctx, b, tx, proof.UID)
	if err != nil {
		return Session{}, "", err
	}
	if session.ID == "" || !session.Suspended.IsZero() { // a suspended one waits for a proof that does for everything
		session = Session{ID: h.NewID(), UID: proof.UID, Started: h.Clock()}
	}
	session.Method, session.Assurance, session.AuthnAt = proof.Method, proof.Assurance, proof.At
	session.Authenticator, session.Standing = proof.AuthenticatorID, StandingEmergency
	return session, CodeEmergencyOnly, nil
}

// goodBeside finds the session of this browser and person that rests on a good proof and does for the opening: then emergency access opens beside
// that proof, which its other apps go on with, and the card's proof counts for nothing in it. Where the request wants a newer proof than the
// session's, the newest is the card's, and the session rests on that.
func (h *Hub) goodBeside(ctx context.Context, b Browser, tx Transaction, uid string) (Session, bool, error) {
	live, person, err := h.live(ctx, b.key(false))
	if errors.Is(err, errNoSession) || err == nil && (live.UID != uid || live.Standing == StandingEmergency) {
		return Session{}, false, nil
	}
	if err != nil {
		return Session{}, false, err
	}
	next := Next{Transaction: tx, facts: &standing{person: person}}
	if !tx.Local {
		if next.Partner, err = h.Partner(tx.Request.Protocol, tx.Request.Partner); err != nil {
			return Session{}, false, err
		}
	}
	if h.needsProof(tx, live, next.Partner, h.Clock()) || !h.mayOpen(next, live) {
		return Session{}, false, nil
	}
	why, err := h.heldAgainst(ctx, live)
	return live, err == nil && why == nil, err
}

// OffersEmergency reports whether emergency access may be opened with a proof that lacks only the state of revocation: nil, or why
// not. It is asked again when it is opened.
func (h *Hub) OffersEmergency(ctx context.Context, tx Transaction, proof Proof) error {
	if h.Emergency == nil || proof.Standing != StandingUnknown {
		return Refuse(CredentialUnknown, "This proof is not one for emergency access.").WithCode("emergency_proof")
	}
	person, active, err := h.active(ctx, proof.UID)
	switch {
	case err != nil:
		return err
	case !active:
		return h.RefuseSignIn(ctx, tx, proof.Method, Refuse(CredentialUnknown, "This card is not registered to anyone who may sign in here."))
	}
	if err := h.stillGood(ctx, tx, proof); err != nil {
		return err
	}
	next := Next{Transaction: tx, facts: &standing{person: person}}
	if !tx.Local {
		if next.Partner, err = h.Partner(tx.Request.Protocol, tx.Request.Partner); err != nil {
			return err
		}
	}
	if !h.mayOpen(next, Session{UID: proof.UID, Method: proof.Method, Assurance: proof.Assurance, Standing: StandingEmergency}) {
		return Refuse(RevocationUnknown, "Emergency access is not open to you here.").WithCode("emergency_not_allowed")
	}
	return nil
}

// openForTerms is the session of this browser, if the dispatcher offers it emergency access now.
func (h *Hub) openForTerms(ctx context.Context, b Browser, tx Transaction, _ Opening) (Session, string, error) {
	next, err := h.Next(ctx, b, tx)
	switch {
	case err != nil:
		return Session{}, "", err
	case next.Step != StepEmergency:
		return Session{}, "", Refuse(TransactionGone, "Emergency access is not needed any more. Go back to the app and start again from there.").WithCode("emergency_not_offered")
	}
	stored, err := h.Sessions.Session(ctx, next.Session.ID) // without the role that the dispatcher found for this partner
	if errors.Is(err, ErrNotFound) {
		return Session{}, "", Refuse(SessionExpired, "You were signed out. Start again from your app.")
	}
	if err != nil {
		return Session{}, "", fmt.Errorf("bridge: load session: %w", err)
	}
	switch why, err := h.heldAgainst(ctx, stored); {
	case err != nil:
		return Session{}, "", err
	case why != nil:
		return Session{}, "", h.RefuseSignIn(ctx, tx, stored.Method, why)
	}
	return stored, next.Refused.AuditCode(), nil
}

func (e Emergency) opened() ledger.Event {
	return ledger.Event{
		Time: e.Opened, Kind: ledger.EmergencyOpened, Ref: e.Ref, Tracking: e.Session, Subject: e.UID, Role: e.Role, Partner: e.Partner, Peer: e.Peer,
		Detail: map[string]string{"emergency": e.ID, "refused": e.Refused, "why": e.Reason, "until": e.Until.UTC().Format(time.RFC3339)},
	}
}

func (e Emergency) signedIn(p Proof, at Place) ledger.Event {
	detail := map[string]string{"standing": string(p.Standing), "emergency": e.ID}
	maps.Copy(detail, relied(p, at))
	return ledger.Event{
		Time: e.Opened, Kind: ledger.SignedIn, Ref: e.Ref, Tracking: e.Session, Subject: e.UID, Method: string(p.Method), Partner: e.Partner,
		Peer: e.Peer, Detail: detail,
	}
}
