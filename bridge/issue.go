package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// touchEvery is how often a session's last activity is written: well within the idle limit, or someone who
// is active all the time would run into it.
func (h *Hub) touchEvery() time.Duration { return min(time.Minute, h.Limits.Idle/4) }

// Issue decides what the partner is told, when Next said so. Nothing is written until Deliver.
func (h *Hub) Issue(ctx context.Context, next Next) (Issuance, error) {
	iss, err := h.Allow(next)
	if err == nil {
		event := issuedEvent(ctx, iss, ledger.Issued)
		if asked := next.Transaction.Request.Requesters; len(asked) > 0 {
			event.Detail["requesters"] = strings.Join(asked, " ")
		}
		iss.writes = append(iss.writes, told(iss), Append{event})
	}
	return iss, err
}

// Allow decides as Issue does, for a front end that tells the partner nothing yet but hands out a code: what is told
// is decided anew and recorded when Reissue follows. Deliver then writes what the sign-on changed, often nothing.
func (h *Hub) Allow(next Next) (Issuance, error) {
	if next.Step != StepIssue || next.facts == nil || next.Transaction.Local {
		return Issuance{}, Refuse(TransactionGone, "This sign-in is not complete.")
	}
	now, tx, s := h.Clock(), next.Transaction, next.Session
	iss, err := h.Translator.Translate(h.factsOf(next, now))
	if err != nil {
		h.trace(tx.Ref, "withheld", "reason", AsRefusal(err).AuditCode())
		return Issuance{}, err
	}
	h.complete(&iss, s, tx.Ref, now)
	iss.writes = h.stepWrites(next, now)
	return iss, nil
}

// factsOf are those that a translation of what the dispatcher found depends on.
func (h *Hub) factsOf(next Next, now time.Time) Facts {
	return Facts{
		Session: next.Session, Place: next.facts.place, Person: next.facts.person, Role: next.facts.role, Partner: next.Partner,
		Contexts: next.Transaction.Request.Contexts, Wants: next.Wants, RBAC: h.rbac(), Now: now,
	}
}

func (h *Hub) complete(iss *Issuance, s Session, ref string, now time.Time) {
	iss.At, iss.SessionID, iss.Ref = now, s.ID, ref
	iss.SessionEnds = h.Ends(s)
	if !iss.Emergency.IsZero() && iss.Emergency.Before(iss.SessionEnds) {
		iss.SessionEnds = iss.Emergency
	}
	iss.Index = h.mac("index", s.ID, string(iss.Protocol), iss.Partner)
}

// stepWrites are what the sign-on itself changed: its transaction is over, a role was found, the session was used.
func (h *Hub) stepWrites(next Next, now time.Time) []Write {
	tx, s := next.Transaction, next.Session
	var w []Write
	switch {
	case tx.stored:
		w = append(w, ConsumeArtifact{Kind: KindTransaction, Key: tx.ID, Now: now})
	case tx.Request.Once.Key != "":
		w = append(w, tx.Request.Once.put())
	}
	switch {
	case next.facts.newRole:
		if !tx.Unattended {
			s.Seen = now
		}
		w = append(w, SaveSession{Session: s, From: s.Key})
	case !tx.Unattended && now.Sub(s.Seen) >= h.touchEvery():
		w = append(w, TouchSession{ID: s.ID, Seen: now})
	}
	return w
}

// told notes the partner as a participant; it can't be written once the session has ended.
func told(iss Issuance) AddParticipant {
	return AddParticipant{Participant{
		Session: iss.SessionID, Partner: iss.Partner, Protocol: iss.Protocol, Index: iss.Index, Subject: iss.Subject,
		Format: string(iss.SubjectKind), Since: iss.At,
	}}
}

func issuedEvent(ctx context.Context, iss Issuance, kind ledger.Kind) ledger.Event {
	event := ledger.Event{
		Time: iss.At, Kind: kind, Ref: iss.Ref, Tracking: iss.SessionID, Subject: iss.UID, Role: iss.Role.ID, Org: iss.Role.OrgCode,
		Partner: iss.Partner, Method: string(iss.Method), Peer: Peer(ctx),
		Detail: map[string]string{"protocol": string(iss.Protocol), "assurance": fmt.Sprint(int(iss.Assurance))},
	}
	if !iss.Emergency.IsZero() {
		event.Detail["emergency"] = iss.Emergency.UTC().Format(time.RFC3339)
	}
	return event
}

// Deliver makes an issuance durable, together with the front end's own writes, before it leaves the hub.
// Of two deliveries of one request exactly one succeeds.
func (h *Hub) Deliver(ctx context.Context, iss Issuance, extra ...Write) error {
	writes := append(iss.writes[:len(iss.writes):len(iss.writes)], extra...)
	var err error
	if len(writes) > 0 {
		err = h.Journal.Commit(ctx, writes...)
	}
	if errors.Is(err, ErrSpent) || errors.Is(err, ErrNotFound) {
		return Refuse(TransactionGone, "This sign-in was already finished.").WithCode("transaction_spent").Because(err)
	}
	if err := refuseReplay(err); err != nil {
		return err
	}
	h.trace(iss.Ref, "issued", "partner", iss.Partner, "released", fmt.Sprint(len(iss.Attributes)), "withheld", fmt.Sprint(len(iss.Withheld)))
	return nil
}

// Grant is what a front end remembers of an issuance in order to issue again without the browser.
type Grant struct {
	Session  string
	Partner  string
	Protocol trust.Protocol
	RoleID   string
	Contexts []AuthnContext
	Ref      string
	Wants    []string          // names of the attributes it prints now; nil: all
	Subject  trust.SubjectKind // how the partner was told the subject; empty: as its terms say
	Quiet    bool              // the partner keeps no session that could be ended: it is no participant
	Follows  bool              // the role is the one that the session acts in at the time; RoleID says nothing
	Detail   map[string]string // further facts for the record
}

// GrantOf remembers an issuance.
func GrantOf(iss Issuance, contexts []AuthnContext) Grant {
	return Grant{Session: iss.SessionID, Partner: iss.Partner, Protocol: iss.Protocol, RoleID: iss.Role.ID, Contexts: contexts, Ref: iss.Ref}
}

// Reissue decides again, now, what the partner of a grant is told: the session must not have ended, the
// subject must be active, the role still open, the terms still satisfied. Being idle does not matter: the
// subject is active in the partner's own session. Deliver may follow, to record it.
func (h *Hub) Reissue(ctx context.Context, g Grant, kind ledger.Kind) (Issuance, error) {
	now := h.Clock()
	partner, err := h.Partner(g.Protocol, g.Partner)
	if err != nil {
		return Issuance{}, err
	}
	partner.Terms.Subject = cmp.Or(g.Subject, partner.Terms.Subject) // of this copy alone
	s, person, err := h.grantSession(ctx, g, now)
	if err != nil {
		return Issuance{}, err
	}
	var role people.RoleProfile
	if g.Follows {
		g.RoleID = s.RoleID
	}
	if g.RoleID != "" {
		var ok bool
		if role, ok = person.OpenRole(g.RoleID, now); !ok {
			return Issuance{}, Refuse(RoleNotAllowed, "The role is no longer open.")
		}
	}
	at, err := h.placeFor(ctx, partner, s)
	if err != nil {
		return Issuance{}, err
	}
	iss, err := h.Translator.Translate(Facts{Session: s, Place: at, Person: person, Role: role, Partner: partner, Contexts: g.Contexts, Wants: g.Wants, RBAC: h.rbac(), Now: now})
	if err != nil {
		return Issuance{}, err
	}
	h.complete(&iss, s, g.Ref, now)
	event := issuedEvent(ctx, iss, kind)
	maps.Copy(event.Detail, g.Detail)
	if !g.Quiet {
		iss.writes = append(iss.writes, told(iss))
	}
	iss.writes = append(iss.writes, Append{event})
	return iss, nil
}

// Join makes of two issuances one delivery: both partners are told, or neither.
func (i *Issuance) Join(other Issuance) { i.writes = append(i.writes, other.writes...) }

func (h *Hub) grantSession(ctx context.Context, g Grant, now time.Time) (Session, people.Person, error) {
	s, err := h.Sessions.Session(ctx, g.Session)
	if errors.Is(err, ErrNotFound) || (err == nil && (h.over(s, now) || s.lapsed(now))) {
		return s, people.Person{}, Refuse(SessionExpired, "The session has ended.")
	}
	if err != nil {
		return s, people.Person{}, fmt.Errorf("bridge: load session: %w", err)
	}
	if !s.Suspended.IsZero() {
		return s, people.Person{}, refuseSuspended()
	}
	p, active, err := h.active(ctx, s.UID)
	if err == nil && !active {
		err = Refuse(SessionExpired, "The person is no longer active.")
	}
	return s, p, err
}

// RefuseRequest records a request that was not answered with an issuance and returns the refusal.
func (h *Hub) RefuseRequest(ctx context.Context, kind ledger.Kind, partner, ref string, err error) *Refusal {
	r := AsRefusal(err)
	h.trace(ref, "refused", "reason", r.AuditCode(), "detail", r.Detail)
	event := ledger.Event{Time: h.Clock(), Kind: kind, Reason: r.AuditCode(), Ref: ref, Partner: partner, Peer: Peer(ctx)}
	if werr := h.Journal.Commit(ctx, Append{event}); werr != nil {
		return (&Refusal{Reason: Unavailable}).Because(errors.Join(err, werr))
	}
	return r
}
