package oidc

import (
	"encoding/json"
	"slices"
)

// asked are claims asked for by name, each with the values that were asked for; none: any. They live on in the grant.
type asked map[string][]json.RawMessage

// askedClaims are what the claims parameter asks for beyond the scopes, in the two places where claims go.
type askedClaims struct {
	IDToken  asked `json:"i,omitempty"`
	Userinfo asked `json:"u,omitempty"`
}

// released keeps those wishes that the terms could fulfil: they are stored with the grant.
func (c *client) released(wishes map[string]wish) asked {
	var out asked
	for _, rule := range c.rules.Release {
		w, ok := wishes[rule.Name]
		if !ok {
			continue
		}
		if out == nil {
			out = asked{}
		}
		out[rule.Name] = w.values
	}
	return out
}

// has reports whether a claim was asked for that has these values. A claim of many values fits if one of them does.
func (a asked) has(name string, values []any) bool {
	wanted, ok := a[name]
	if !ok || len(wanted) == 0 {
		return ok
	}
	var would []any // read once, however many values the person has
	for _, w := range wanted {
		if x, ok := simple(w); ok {
			would = append(would, x)
		}
	}
	return slices.ContainsFunc(values, func(v any) bool {
		text, err := json.Marshal(v)
		x, ok := simple(text)
		return err == nil && ok && slices.Contains(would, x)
	})
}

// simple reads a value that is no object or array, whatever way a string is escaped in it: others are never the same as anything.
func simple(text []byte) (any, bool) {
	var x any
	if len(text) == 0 || text[0] == '{' || text[0] == '[' || json.Unmarshal(text, &x) != nil {
		return nil, false
	}
	return x, true
}
