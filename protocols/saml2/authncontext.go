package saml2

import (
	"cmp"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// never is a level that no authentication reaches.
const never bridge.Assurance = 99

// classes are the authentication context classes known for one partner.
type classes []trust.ContextClass

func classesOf(partner trust.Partner) classes {
	if partner.SAML == nil || partner.SAML.Contexts == nil {
		return trust.DefaultContexts()
	}
	return partner.SAML.Contexts
}

func (t classes) find(ref string) (trust.ContextClass, bool) { return trust.FindContext(t, ref) }

// meaning is what the bridge compares.
func meaning(c trust.ContextClass) bridge.AuthnContext {
	if c.Foreign {
		return bridge.AuthnContext{Class: c.Class, Min: never}
	}
	return bridge.AuthnContext{Class: c.Class, Min: bridge.Assurance(c.Assurance), Method: bridge.Method(c.Method), Identity: people.IdentityLevel(c.Identity)}
}

// contexts turns what was asked into what the bridge compares (SAML Core 3.3.2.2.1), the preferred first. What cannot be met is
// left out; if nothing is left, one context that nothing satisfies makes the request refused rather than the wish ignored.
func (t classes) contexts(asked *requestedContext) []bridge.AuthnContext {
	if asked == nil {
		return nil
	}
	var out []bridge.AuthnContext
	switch {
	case asked.Declarations: // none is known here
	case asked.Comparison == "minimum":
		out = t.minimum(asked.Classes)
	case asked.Comparison == "better":
		out = t.better(asked.Classes)
	case asked.Comparison == "maximum":
		out = t.maximum(asked.Classes)
	default:
		out = t.exactly(asked.Classes)
	}
	if len(out) == 0 {
		return []bridge.AuthnContext{{Class: trust.ClassUnspecified, Min: never}}
	}
	return out
}

// contexts are those of the request, emergency access among them where it is named. It has no place in the order of the others: it
// can only be asked for exactly.
func (q *inquiry) contexts() []bridge.AuthnContext {
	asked := q.req.Context
	out := classesOf(q.partner).contexts(asked)
	if asked == nil || q.emergency == "" || asked.Declarations || asked.Comparison != "" && asked.Comparison != "exact" || !slices.Contains(asked.Classes, q.emergency) {
		return out
	}
	return append(out, bridge.AuthnContext{Class: q.emergency, Min: never, Emergency: true})
}

// exactly keeps the order of the request, which is its order of preference.
func (t classes) exactly(refs []string) []bridge.AuthnContext {
	var out []bridge.AuthnContext
	for _, ref := range refs {
		if slices.ContainsFunc(out, func(c bridge.AuthnContext) bool { return c.Class == ref }) {
			continue
		}
		if ref == trust.ClassUnspecified {
			out = append(out, bridge.AuthnContext{Class: ref})
		} else if c, known := t.find(ref); known && !c.Foreign {
			out = append(out, meaning(c))
		}
	}
	return out
}

// ranks of what was asked; all is false if something in it has none.
func (t classes) ranks(refs []string) (ranks []int, all bool) {
	all = true
	for _, ref := range refs {
		c, known := t.find(ref)
		switch {
		case ref == trust.ClassUnspecified:
			ranks = append(ranks, 0)
		case known && c.Rank > 0:
			ranks = append(ranks, c.Rank)
		default:
			all = false
		}
	}
	return ranks, all
}

// ordered are the ranked classes from some rank on, strongest first; those that were asked for come before others, since a
// partner knows the words that it uses.
func (t classes) ordered(from int, asked []string) classes {
	var out classes
	for _, c := range t {
		if !c.Foreign && c.Rank > 0 && c.Rank >= from {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b trust.ContextClass) int {
		if x, y := slices.Contains(asked, a.Class), slices.Contains(asked, b.Class); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.Rank, a.Rank)
	})
	return out
}

// minimum: at least as strong as one of them.
func (t classes) minimum(refs []string) []bridge.AuthnContext {
	ranks, _ := t.ranks(refs)
	if len(ranks) == 0 {
		return nil
	}
	var out []bridge.AuthnContext
	for _, c := range t.ordered(slices.Min(ranks), refs) {
		out = append(out, meaning(c))
	}
	if slices.Min(ranks) == 0 {
		out = append(out, bridge.AuthnContext{Class: trust.ClassUnspecified})
	}
	return out
}

// better: stronger than any one of them, and so nothing if one is unknown.
func (t classes) better(refs []string) []bridge.AuthnContext {
	ranks, all := t.ranks(refs)
	if len(ranks) == 0 || !all {
		return nil
	}
	var out []bridge.AuthnContext
	for _, c := range t.ordered(slices.Max(ranks)+1, nil) {
		out = append(out, meaning(c))
	}
	return out
}

// maximum: as strong as possible without passing at least one of them. Stronger is what satisfies any class beyond it, so every
// kind of sign-in is gone through. Whether the person was proofed well enough for a class beyond is not asked: in doubt it is passed.
func (t classes) maximum(refs []string) []bridge.AuthnContext {
	ranks, _ := t.ranks(refs)
	if len(ranks) == 0 {
		return nil
	}
	most := slices.Max(ranks)
	var out []bridge.AuthnContext
	for _, method := range bridge.Methods() {
		for level := bridge.Assurance(3); level >= 1; level-- {
			for _, c := range t.strongest(level, method, most, refs) {
				one := meaning(c)
				one.Min, one.Max, one.Method = level, level, method
				out = append(out, one)
			}
		}
	}
	return out
}

// strongest are the classes to state of one kind of sign-in, as far as the person's identity allows; none if it passes most.
func (t classes) strongest(level bridge.Assurance, method bridge.Method, most int, asked []string) classes {
	fits := t.ordered(1, nil)
	fits = slices.DeleteFunc(fits, func(c trust.ContextClass) bool { return !meaning(c).Satisfied(level, method) })
	if len(fits) == 0 || fits[0].Rank > most {
		return nil
	}
	slices.SortStableFunc(fits, func(a, b trust.ContextClass) int { // equals that were asked for first
		if a.Rank == b.Rank && slices.Contains(asked, a.Class) && !slices.Contains(asked, b.Class) {
			return -1
		}
		return cmp.Compare(b.Rank, a.Rank)
	})
	if at := slices.IndexFunc(fits, func(c trust.ContextClass) bool { return c.Identity == 0 }); at >= 0 {
		return fits[:at+1]
	}
	return fits
}

// stated is the class that an assertion names: the one that was asked for and met; else the one that the terms prefer, if it is
// true of this sign-in; else the strongest that is.
func stated(partner trust.Partner, iss bridge.Issuance) string {
	if iss.Class != "" && iss.Class != trust.ClassUnspecified {
		return iss.Class
	}
	table := classesOf(partner)
	happened := func(c trust.ContextClass) bool {
		m := meaning(c)
		return m.Satisfied(iss.Assurance, iss.Method) && iss.Identity >= m.Identity
	}
	if partner.SAML != nil && partner.SAML.DefaultContext != "" {
		if c, known := table.find(partner.SAML.DefaultContext); !known || happened(c) { // unknown is only the one that says nothing
			return partner.SAML.DefaultContext
		}
	}
	for _, c := range table { // strongest first
		if c.Rank > 0 && happened(c) {
			return c.Class
		}
	}
	return trust.ClassUnspecified
}
