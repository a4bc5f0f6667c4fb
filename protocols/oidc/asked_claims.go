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
	return slices.ContainsFunc(values, func(v any) bool {
		text, err := json.Marshal(v)
		return err == nil && slices.ContainsFunc(wanted, func(w json.RawMessage) bool { return sameJSON(w, text) })
	})
}

// sameJSON compares two values that are no objects or arrays, whatever way a string is escaped in them.
func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	switch x.(type) {
	case map[string]any, []any:
		return false
	}
	switch y.(type) {
	case map[string]any, []any:
		return false
	}
	return x == y
}
