package smart

import "slices"

// covers reports whether p alone permits all that s says.
func (p Scope) covers(s Scope) bool {
	return p.Level == s.Level && (p.Resource == "*" || p.Resource == s.Resource) && s.Actions&^p.Actions == 0 &&
		!slices.ContainsFunc(p.Query, func(q string) bool { return !slices.Contains(s.Query, q) })
}

// Covered reports whether scopes that are permitted, together, permit all that s says.
func Covered(permitted []Scope, s Scope) bool {
	for bit := Create; bit <= Search; bit <<= 1 {
		if s.Actions&bit == 0 {
			continue
		}
		part := s
		part.Actions = bit
		if !slices.ContainsFunc(permitted, func(p Scope) bool { return p.covers(part) }) {
			return false
		}
	}
	return true
}

// meet is what two scopes have in common; false: nothing, or more search parameters than a scope has.
func meet(a, b Scope) (Scope, bool) {
	out := Scope{Level: a.Level, Resource: a.Resource, Actions: a.Actions & b.Actions}
	if out.Resource == "*" {
		out.Resource = b.Resource
	}
	if a.Level != b.Level || out.Actions == 0 || a.Resource != "*" && b.Resource != "*" && a.Resource != b.Resource {
		return Scope{}, false
	}
	if len(a.Query)+len(b.Query) > 0 {
		out.Query = slices.Concat(a.Query, b.Query)
		slices.Sort(out.Query)
		out.Query = slices.Compact(out.Query)
	}
	return out, len(out.Query) <= maxQuery && len(out.String()) <= maxScope
}

// Narrow is the part of s that is permitted, as few scopes as say it; none: nothing of it is. It is s alone if and only if s is covered.
func Narrow(permitted []Scope, s Scope) []Scope {
	var parts []Scope
	for _, p := range permitted {
		part, ok := meet(p, s)
		if !ok {
			continue
		}
		at := slices.IndexFunc(parts, part.like)
		if at < 0 {
			parts = append(parts, part)
			continue
		}
		parts[at].Actions |= part.Actions
	}
	var out []Scope
	for i, part := range parts {
		if !slices.ContainsFunc(parts, func(o Scope) bool { return !o.Equal(parts[i]) && o.covers(part) }) {
			out = append(out, part)
		}
	}
	return out
}
