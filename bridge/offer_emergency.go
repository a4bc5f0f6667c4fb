package bridge

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// offerEmergency puts the choice of emergency access in the place of a refusal, or of an issuance that the terms would refuse, where
// it can be had. decide made the answer.
func (h *Hub) offerEmergency(next Next, err error) (Next, error) {
	req := next.Transaction.Request
	switch {
	case h.Emergency == nil, next.Partner.Terms.Emergency == nil, next.facts == nil:
		return next, err
	case req.Passive, next.Transaction.Unattended, next.Transaction.Local, next.Transaction.Declined:
		return next, err
	case next.Session.InEmergency(h.Clock()):
		return next, err // what is refused now, is refused with it
	}
	why := AsRefusal(err)
	if err == nil {
		why = h.stuck(next)
	}
	if why == nil || !why.Overridable() || next.Step == StepAuthenticate {
		return next, err
	}
	if !h.mayOpen(next, next.Session) {
		return next, err
	}
	next.Step, next.Refused = StepEmergency, why
	return next, nil
}

// mayOpen reports whether the person may open emergency access, and whether it would help.
func (h *Hub) mayOpen(next Next, s Session) bool {
	if asked := next.Transaction.Request.Subject; asked != "" && asked != s.UID {
		return false
	}
	now := h.Clock()
	s.Emergency = now.Add(h.Emergency.Life)
	next.Session, next.Wants = s, []string{}
	facts := h.factsOf(next, now)
	if h.Emergency.Who != nil && !h.Emergency.Who(facts) {
		return false
	}
	if next.Transaction.Local {
		return true
	}
	_, err := h.Translator.Translate(facts)
	return err == nil
}

// stuck says why nothing would be issued although the dispatcher found nothing missing: by the terms' condition. nil: something
// would be, in some role.
func (h *Hub) stuck(next Next) *Refusal {
	next.Wants = []string{}
	facts := h.factsOf(next, h.Clock())
	roles := []people.RoleProfile{next.facts.role}
	if next.Step == StepRole {
		roles = next.facts.person.OpenRoles(facts.Now)
	}
	var why *Refusal
	for _, facts.Role = range roles {
		_, err := h.Translator.Translate(facts)
		if err == nil {
			return nil
		}
		why = AsRefusal(err)
	}
	return why
}

// Decline notes that the person does without emergency access. From then on Next answers as if there were none.
func (h *Hub) Decline(ctx context.Context, tx Transaction) error {
	tx.Declined = true
	h.trace(tx.Ref, "emergency_declined")
	return h.saveTransaction(ctx, tx)
}
