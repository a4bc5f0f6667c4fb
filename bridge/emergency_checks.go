package bridge

import (
	"errors"
	"slices"
)

// emergencyFloor is the assurance that emergency access never goes below, unless the terms themselves ask for less.
const emergencyFloor = 2

// emergencyRule is one thing that must hold before a partner is told anything under emergency access.
type emergencyRule struct {
	name  string
	check func(Facts) *Refusal
}

// emergencyRules are all of them. What they do not name is overridden: the terms' condition, the need for a role, the assurance down
// to the floor. That the person is active, the partner is answered, the role is held and the identity suffices is asked with and
// without emergency.
func emergencyRules() []emergencyRule {
	return []emergencyRule{
		{"it is open", emergencyOpen},
		{"the terms let it through", emergencyAllowed},
		{"assurance has a floor", emergencyAssurance},
		{"the identity level suffices", emergencyIdentity},
		{"the class is one the partner takes", emergencyClass},
	}
}

// EmergencyRefusal says why a partner is told nothing under emergency access; nil if it may be. It is asked at every issuance.
func EmergencyRefusal(in Facts) *Refusal {
	for _, rule := range emergencyRules() {
		if r := rule.check(in); r != nil {
			return r
		}
	}
	return nil
}

func emergencyOpen(in Facts) *Refusal {
	if in.Session.InEmergency(in.Now) {
		return nil
	}
	return Refuse(SessionExpired, "The emergency access is over. Sign in again.").WithCode("emergency_over")
}

func emergencyAllowed(in Facts) *Refusal {
	if in.Partner.Terms.Emergency != nil {
		return nil
	}
	return Refuse(RevocationUnknown, "%s cannot be used with emergency access.", in.Partner.Name).WithCode("emergency_not_allowed")
}

func emergencyAssurance(in Facts) *Refusal {
	if int(in.Session.Assurance) >= min(in.Partner.Terms.Assurance, emergencyFloor) {
		return nil
	}
	return Refuse(AssuranceTooLow, "%s needs a stronger way of signing in.", in.Partner.Name).WithCode("emergency_assurance")
}

func emergencyIdentity(in Facts) *Refusal {
	if int(in.Person.Identity) >= in.Partner.Terms.Identity {
		return nil
	}
	return Refuse(IdentityTooLow, "%s needs a higher level of identity check than is on record for you.", in.Partner.Name)
}

// emergencyClass: what a partner asks for binds (SAML Core 3.3.2.2.1), unless its terms say that it takes this class all the same.
func emergencyClass(in Facts) *Refusal {
	asked := slices.ContainsFunc(in.Contexts, func(c AuthnContext) bool { return c.Emergency })
	if asked || len(in.Contexts) == 0 || in.Partner.Terms.Emergency.Unasked {
		return nil
	}
	return Refuse(AssuranceTooLow, "%s asks for a way of signing in that emergency access is not.", in.Partner.Name).WithCode("emergency_class")
}

// ErrRoleNotHeld is the cause of a refusal of a role that is not the subject's, or is closed: nobody gets another's role in an
// emergency either.
var ErrRoleNotHeld = errors.New("bridge: the role is not held")

// Overridable reports whether a refusal is of the kind that emergency access is for.
func (r *Refusal) Overridable() bool {
	return !errors.Is(r, ErrRoleNotHeld) && slices.Contains([]Reason{NoRole, RoleNotAllowed, AssuranceTooLow}, r.Reason)
}
