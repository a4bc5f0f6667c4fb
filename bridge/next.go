package bridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// standing is what the dispatcher found out, handed on to Issue so that nothing is read twice.
type standing struct {
	person  people.Person
	role    people.RoleProfile
	place   Place // looked up where the partner's terms speak of it
	newRole bool  // chosen silently just now
}

// Next decides what comes next in a stored transaction. It alone decides.
func (h *Hub) Next(ctx context.Context, b Browser, tx Transaction) (Next, error) {
	var partner trust.Partner
	if !tx.Local {
		var err error
		if partner, err = h.Partner(tx.Request.Protocol, tx.Request.Partner); err != nil {
			return Next{Transaction: tx}, err
		}
	}
	return h.decide(ctx, tx, b, partner)
}

func (h *Hub) decide(ctx context.Context, tx Transaction, b Browser, partner trust.Partner) (Next, error) {
	return h.offerEmergency(h.dispatch(ctx, tx, b, partner))
}

func (h *Hub) dispatch(ctx context.Context, tx Transaction, b Browser, partner trust.Partner) (Next, error) {
	next := Next{Transaction: tx, Partner: partner}
	if tx.Cancelled {
		return next, Refuse(AuthenticationFailed, "The sign-in was cancelled.").WithCode("cancelled")
	}
	session, person, err := h.live(ctx, b.key(tx.Request.Passive))
	if err != nil && !errors.Is(err, errNoSession) {
		return next, err
	}
	now := h.Clock()
	if err == nil {
		tx.about(session.ID)
		next.Transaction = tx
	}
	if err != nil || h.needsProof(tx, session, partner, now) {
		return h.authenticate(next)
	}
	next.Session, next.facts = session, &standing{person: person}
	if why := lacks(next, now); why != nil {
		if tx.ProofAt.IsZero() && why.Reason != IdentityTooLow && h.canSatisfy(tx.Request, partner, person.Identity) {
			return h.authenticate(next)
		}
		return next, why
	}
	if next, err = h.role(next, person, now); err == nil {
		next.facts.place, err = h.placeFor(ctx, partner, session)
	}
	return next, err
}

var errNoSession = errors.New("bridge: no live session")

// live finds the browser's session by its key if it still lives and its subject is still active.
func (h *Hub) live(ctx context.Context, key string) (Session, people.Person, error) {
	if key == "" {
		return Session{}, people.Person{}, errNoSession
	}
	s, err := h.Sessions.SessionByKey(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return Session{}, people.Person{}, errNoSession
	}
	if err != nil {
		return Session{}, people.Person{}, fmt.Errorf("bridge: load session: %w", err)
	}
	now := h.Clock()
	if h.over(s, now) || s.lapsed(now) || !s.Suspended.IsZero() || !now.Before(s.Seen.Add(h.Limits.Idle)) {
		return Session{}, people.Person{}, errNoSession
	}
	p, active, err := h.active(ctx, s.UID)
	if err != nil {
		return Session{}, people.Person{}, err
	}
	if !active {
		return Session{}, people.Person{}, errNoSession
	}
	return s, p, nil
}

// over reports whether a session has ended, reached its absolute limit, or was suspended and not resumed in time. An idle one
// is not over.
func (h *Hub) over(s Session, now time.Time) bool {
	return !s.Ended.IsZero() || h.pastLimit(s, now) || h.waitedOut(s, now)
}

func (h *Hub) pastLimit(s Session, now time.Time) bool {
	return !now.Before(s.Started.Add(h.Limits.Absolute))
}

// Ends is when nothing is told of the session any more, if nobody proves anew: at its limit, or with the emergency access that it
// rests on.
func (h *Hub) Ends(s Session) time.Time {
	limit := s.Started.Add(h.Limits.Absolute)
	if s.EmergencyOnly() && s.Emergency.Before(limit) {
		return s.Emergency
	}
	return limit
}

// active finds a person and reports whether they may sign in and be spoken of; nobody and the suspended may not.
func (h *Hub) active(ctx context.Context, uid string) (people.Person, bool, error) {
	p, err := h.Directory.Person(ctx, uid)
	if errors.Is(err, people.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, fmt.Errorf("bridge: load person: %w", err)
	}
	return p, p.Status == people.Active, nil
}

// Live returns the browser's session and subject; SessionExpired if there is none.
func (h *Hub) Live(ctx context.Context, b Browser) (Session, people.Person, error) {
	s, p, err := h.live(ctx, b.key(false))
	if errors.Is(err, errNoSession) {
		return s, p, Refuse(SessionExpired, "You are not signed in.")
	}
	return s, p, err
}

// needsProof reports whether the request wants a proof newer than the session's, and has not had one yet.
func (h *Hub) needsProof(tx Transaction, s Session, partner trust.Partner, now time.Time) bool {
	if !tx.ProofAt.IsZero() {
		return false
	}
	if tx.Request.ForceAuthn || !s.Emergency.IsZero() && !s.InEmergency(now) {
		return true
	}
	if age := tx.Request.MaxAge; age != nil && now.Sub(s.AuthnAt) > *age {
		return true
	}
	return partner.Terms.Idle > 0 && now.Sub(s.Seen) > partner.Terms.Idle
}

func (h *Hub) authenticate(next Next) (Next, error) {
	if next.Transaction.Request.Passive {
		return next, Refuse(NotAuthenticated, "Nobody is signed in here.")
	}
	if !h.canSatisfy(next.Transaction.Request, next.Partner, people.MaxIdentity) { // whoever it will be
		return next, Refuse(AssuranceTooLow, "The app asks for a way of signing in that is not offered here.")
	}
	next.Step = StepAuthenticate
	return next, nil
}

// lacks is unsatisfied with emergency access taken into account: it may do where nothing else does, and a session that rests on it
// alone is good for nothing else.
func lacks(next Next, now time.Time) *Refusal {
	s, req, person := next.Session, next.Transaction.Request, next.facts.person
	why := unsatisfied(req, s, next.Partner, person)
	overridden := why != nil && why.Overridable() && s.InEmergency(now)
	if next.Transaction.Local || !s.EmergencyOnly() && !overridden {
		return why
	}
	if req.Subject != "" && req.Subject != s.UID {
		return Refuse(UnknownSubject, "Someone else is signed in.")
	}
	not := EmergencyRefusal(Facts{Session: s, Person: person, Partner: next.Partner, Contexts: req.Contexts, Now: now})
	if not != nil && why != nil {
		return why
	}
	return not
}

// unsatisfied says what the session lacks for this request; nil if nothing.
func unsatisfied(req Request, s Session, partner trust.Partner, p people.Person) *Refusal {
	switch {
	case int(s.Assurance) < partner.Terms.Assurance:
		return Refuse(AssuranceTooLow, "%s needs a stronger way of signing in.", partner.Name)
	case len(req.Contexts) > 0 && SatisfiedContext(req.Contexts, s, p.Identity) == "":
		if SatisfiedContext(req.Contexts, s, people.MaxIdentity) != "" {
			return Refuse(AssuranceTooLow, "%s asks for a higher level of identity check than is on record for you. Contact your Registration Authority.", partner.Name).WithCode("identity_class")
		}
		return Refuse(AssuranceTooLow, "The app asks for another way of signing in than was used.")
	case req.Subject != "" && req.Subject != s.UID:
		return Refuse(UnknownSubject, "Someone else is signed in.")
	case int(p.Identity) < partner.Terms.Identity:
		return Refuse(IdentityTooLow, "%s needs a higher level of identity check than is on record for you. Contact your Registration Authority.", partner.Name)
	}
	return nil
}

// SatisfiedContext returns the first asked class that the session of a person of this level satisfies; empty if none.
func SatisfiedContext(contexts []AuthnContext, s Session, identity people.IdentityLevel) string {
	for _, c := range contexts {
		if !c.Emergency && c.Satisfied(s.Assurance, s.Method) && identity >= c.Identity {
			return c.Class
		}
	}
	return ""
}

// canSatisfy reports whether a person of this level could meet request and terms by any offered method.
func (h *Hub) canSatisfy(req Request, partner trust.Partner, identity people.IdentityLevel) bool {
	for _, o := range h.Methods {
		if o.fits(req, partner, identity) {
			return true
		}
	}
	return false
}

// OfferFits reports whether one offered method would meet the request and the terms, whoever uses it.
func (h *Hub) OfferFits(o Offer, req Request, partner trust.Partner) bool {
	return o.fits(req, partner, people.MaxIdentity)
}

func (o Offer) fits(req Request, partner trust.Partner, identity people.IdentityLevel) bool {
	if int(o.Assurance) < partner.Terms.Assurance {
		return false
	}
	if partner.Terms.Emergency != nil && slices.ContainsFunc(req.Contexts, func(c AuthnContext) bool { return c.Emergency }) {
		return true // however the person signs in, emergency access follows
	}
	return len(req.Contexts) == 0 || SatisfiedContext(req.Contexts, Session{Assurance: o.Assurance, Method: o.Method}, identity) != ""
}

// role finds the role to act in: none needed, the session's, the only one, the one asked for, or a question.
func (h *Hub) role(next Next, person people.Person, now time.Time) (Next, error) {
	req, at := next.Transaction.Request, &standing{person: person}
	next.facts, next.Step = at, StepIssue
	held, holds := person.OpenRole(next.Session.RoleID, now)
	lost := next.Session.RoleID != "" && !holds // closed since it was chosen: nobody slides into another role unasked
	if holds {
		at.role = held
	} else {
		next.Session.RoleID = ""
	}
	if req.RoleID != "" && req.RoleID != next.Session.RoleID {
		return askedRole(next, person, req.RoleID, now)
	}
	if !next.Partner.Terms.RoleNeeded && !req.RoleNeeded && !req.ChangeRole {
		return next, nil
	}
	if holds && (!req.ChangeRole || next.Transaction.RoleChosen) {
		return next, nil
	}
	switch open := person.OpenRoles(now); {
	case len(open) == 0:
		if next.Partner.Terms.RoleNeeded && (next.Partner.Terms.Emergency == nil || !next.Session.InEmergency(now)) {
			return next, Refuse(NoRole, "You have no role you can use for %s. Contact your Registration Authority.", next.Partner.Name)
		}
		return next, nil // an app that merely asked for a role must cope with none
	case len(open) == 1 && !lost:
		at.role, at.newRole = open[0], open[0].ID != next.Session.RoleID
		next.Session.RoleID = open[0].ID
		return next, nil
	}
	if req.Passive {
		return next, Refuse(InteractionRequired, "A role must be chosen.")
	}
	next.Step = StepRole
	return next, nil
}

// askedRole takes the role a partner named, if the subject holds it.
func askedRole(next Next, person people.Person, id string, now time.Time) (Next, error) {
	role, ok := person.OpenRole(id, now)
	if !ok {
		return next, Refuse(RoleNotAllowed, "The role the app asked for is not one of yours.").Because(ErrRoleNotHeld)
	}
	next.facts.role, next.facts.newRole = role, true
	next.Session.RoleID = role.ID
	return next, nil
}
