package translate

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Translator implements bridge.Translator.
type Translator struct {
	Salt  []byte // of pairwise identifiers; must never change
	Scope string // of scoped identifiers, e.g. rx1.example
	// Emergency is what a sign-in under emergency access is called in each protocol: an acr, a context class. A protocol without one
	// is told nothing under it.
	Emergency map[trust.Protocol]string
}

var _ bridge.Translator = Translator{}

// Translate applies the terms. It refuses when they do not allow anything to be said in this role. Emergency access is used where
// nothing else would do, and said to be what it is.
func (t Translator) Translate(in bridge.Facts) (bridge.Issuance, error) {
	if in.Session.EmergencyOnly() {
		return t.translate(in, true)
	}
	iss, err := t.translate(in, false)
	met := err == nil && (len(in.Contexts) == 0 || iss.Class != "")
	if met || !in.Session.InEmergency(in.Now) || err != nil && !bridge.AsRefusal(err).Overridable() {
		return iss, err
	}
	if under, not := t.translate(in, true); not == nil {
		return under, nil
	}
	return iss, err
}

func (t Translator) translate(in bridge.Facts, emergency bool) (bridge.Issuance, error) {
	iss := bridge.Issuance{
		Partner: in.Partner.ID, Protocol: in.Partner.Protocol, UID: in.Person.UID, Person: in.Person, Role: in.Role,
		Assurance: in.Session.Assurance, Identity: in.Person.Identity, Method: in.Session.Method,
		Class: bridge.SatisfiedContext(in.Contexts, in.Session, in.Person.Identity), AuthnAt: in.Session.AuthnAt, At: in.Now,
		SubjectKind: in.Partner.Terms.Subject, Standing: in.Session.Standing.Told(),
	}
	if emergency {
		iss.Class, iss.Emergency = t.Emergency[in.Partner.Protocol], in.Session.Emergency
	}
	if err := check(in, iss); err != nil {
		return bridge.Issuance{}, err
	}
	v := t.view(in, emergency)
	if err := checkCondition(v); err != nil && !emergency {
		return bridge.Issuance{}, err
	}
	subject, err := t.subject(in)
	if err != nil {
		return bridge.Issuance{}, err
	}
	iss.Subject = subject
	released := in.Partner.Terms.Released(emergency)
	most := len(released)
	if in.Wants != nil {
		most = min(most, len(in.Wants))
	}
	iss.Attributes = make([]bridge.Attribute, 0, most)
	for _, rule := range released {
		if in.Wants == nil || slices.Contains(in.Wants, rule.Name) {
			apply(&iss, rule, v)
		}
	}
	return iss, nil
}

// check holds what no condition may loosen.
func check(in bridge.Facts, iss bridge.Issuance) error {
	if err := checkHard(in); err != nil {
		return err
	}
	if iss.Emergency.IsZero() {
		return checkTerms(in)
	}
	if r := bridge.EmergencyRefusal(in); r != nil {
		return r
	}
	if iss.Class == "" {
		return bridge.Refuse(bridge.RevocationUnknown, "%s cannot be used with emergency access.", in.Partner.Name).WithCode("emergency_not_allowed")
	}
	return nil
}

// checkHard holds what nothing loosens at all.
func checkHard(in bridge.Facts) error {
	switch {
	case !in.Partner.Answerable():
		return bridge.Refuse(bridge.PartnerSuspended, "Sign-in to %s is switched off at present.", in.Partner.Name)
	case in.Person.Status != people.Active || in.Person.UID != in.Session.UID:
		return bridge.Refuse(bridge.UnknownSubject, "The person signed in is not active.")
	case in.Role.ID != "" && !held(in):
		return bridge.Refuse(bridge.RoleNotAllowed, "The role is not open.").Because(bridge.ErrRoleNotHeld)
	}
	return nil
}

// checkTerms holds what the terms ask for.
func checkTerms(in bridge.Facts) error {
	switch terms := in.Partner.Terms; {
	case int(in.Session.Assurance) < terms.Assurance:
		return bridge.Refuse(bridge.AssuranceTooLow, "%s needs a stronger way of signing in.", in.Partner.Name)
	case int(in.Person.Identity) < terms.Identity:
		return bridge.Refuse(bridge.IdentityTooLow, "%s needs a higher level of identity check.", in.Partner.Name)
	case terms.RoleNeeded && in.Role.ID == "":
		return bridge.Refuse(bridge.NoRole, "%s needs a role.", in.Partner.Name)
	}
	return nil
}

func held(in bridge.Facts) bool {
	_, ok := in.Person.OpenRole(in.Role.ID, in.Now)
	return ok
}

func checkCondition(v *view) error {
	p := v.in.Partner
	ok, err := holds(p.Terms.When, v)
	if err != nil {
		return bridge.Refuse(bridge.RoleNotAllowed, "Whether %s accepts this role cannot be told.", p.Name).WithCode("condition_failed").Because(err)
	}
	if !ok {
		return bridge.Refuse(bridge.RoleNotAllowed, "%s does not accept this role.", p.Name)
	}
	return nil
}

var errNoRBAC = errors.New("translate: no RBAC document is in force")

// holds evaluates a condition; none always holds, and one that fails never does.
func holds(c *trust.Clause, v *view) (bool, error) {
	if c == nil {
		return true, nil
	}
	if c.RBAC && v.in.RBAC == nil {
		return false, errNoRBAC
	}
	out, _, err := c.Program.Eval(v.variables())
	if err != nil {
		return false, fmt.Errorf("translate: %s: %w", c.Source, err)
	}
	ok, isBool := out.Value().(bool)
	return ok && isBool, nil
}

// subject is the identifier by which the partner knows the person.
func (t Translator) subject(in bridge.Facts) (string, error) {
	switch in.Partner.Terms.Subject {
	case trust.SubjectPairwise:
		return t.pairwise(in.Partner, in.Person.UID), nil
	case trust.SubjectTransient:
		// stable within one session, so that a logout can name it; different in the next
		return "_" + t.derive("transient", in.Partner.ID, in.Session.ID), nil
	case trust.SubjectEmail:
		if in.Person.Email == "" {
			return "", bridge.Refuse(bridge.InvalidNameIDPolicy, "%s needs an e-mail address, and none is on record.", in.Partner.Name)
		}
		return in.Person.Email, nil
	case trust.SubjectUID:
	}
	return in.Person.UID, nil
}

func (t Translator) pairwise(p trust.Partner, uid string) string {
	sector := p.ID
	if p.OIDC != nil && p.OIDC.Sector != "" {
		sector = p.OIDC.Sector
	}
	return t.derive("pairwise", sector, uid)
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// derive gives 160 bits in upper-case letters and digits: safe in every protocol and unchanged by case folding.
func (t Translator) derive(purpose, sector, value string) string {
	m := hmac.New(sha256.New, t.Salt)
	for _, part := range []string{purpose, sector, value} {
		m.Write([]byte(strconv.Itoa(len(part))))
		m.Write([]byte{':'})
		m.Write([]byte(part))
	}
	return encoding.EncodeToString(m.Sum(nil)[:20])
}

// apply evaluates one rule and notes what became of it.
func apply(iss *bridge.Issuance, rule trust.Rule, v *view) {
	withhold := func(why string) {
		iss.Withheld = append(iss.Withheld, bridge.Withheld{Name: rule.Name, Rule: rule.ID, Why: why})
	}
	ok, err := holds(rule.When, v)
	switch {
	case v.in.RBAC == nil && rule.NeedsRBAC():
		withhold("no RBAC document is in force")
		return
	case err != nil:
		withhold("the condition could not be evaluated")
		return
	case !ok:
		withhold("condition not met: " + rule.When.Source)
		return
	}
	values, list, err := evaluate(rule.Value, v)
	if err != nil {
		withhold("the value could not be evaluated")
		return
	}
	if len(values) == 0 {
		withhold("no value on record")
		return
	}
	iss.Attributes = append(iss.Attributes, bridge.Attribute{Name: rule.Name, Friendly: rule.Friendly, Format: rule.Format, Values: values, List: list, Rule: rule.ID})
}

// clean drops characters that no directory value has any business with.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, s)
}

// Holds reports whether a condition of the hub's own holds of a person; one that fails does not.
func (t Translator) Holds(c *trust.Clause, in bridge.Facts) bool {
	ok, err := holds(c, t.view(in, false))
	return ok && err == nil
}
