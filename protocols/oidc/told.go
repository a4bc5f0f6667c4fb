package oidc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// claimValue is what is printed of an attribute; false: nothing. Nothing empty is printed: a claim without a value is absent.
func claimValue(a bridge.Attribute) (any, bool) {
	switch {
	case len(a.Values) == 0 || trust.ReservedClaim(a.Name) || strings.HasPrefix(a.Name, trust.IUAClaim):
		return nil, false
	case a.List || len(a.Values) > 1:
		return a.Values, true
	}
	return a.Values[0], true
}

// askedInToken are the released claims that the claims parameter asked to have in the ID token (OpenID Connect Core 1.0, section 5.5).
func askedInToken(iss bridge.Issuance, claims *askedClaims) map[string]any {
	if claims == nil || len(claims.IDToken) == 0 {
		return nil
	}
	out := map[string]any{}
	for _, a := range iss.Attributes {
		if v, ok := claimValue(a); ok && claims.IDToken.has(a.Name, a.Values) {
			out[a.Name] = v
		}
	}
	return out
}

// withClaims is what is signed: a token as it is, or with more.
func withClaims(token any, more map[string]any) any {
	if len(more) == 0 {
		return token
	}
	return tokenWithClaims{token, more}
}

// tokenWithClaims is an ID token and what was asked for by name. Its own claims always win.
type tokenWithClaims struct {
	token any
	more  map[string]any
}

// MarshalJSON writes the token's own claims, then the others, each name once.
func (t tokenWithClaims) MarshalJSON() ([]byte, error) {
	own, err := json.Marshal(t.token)
	if err != nil {
		return own, err
	}
	var taken map[string]json.RawMessage
	if err := json.Unmarshal(own, &taken); err != nil {
		return nil, fmt.Errorf("oidc: write ID token: %w", err)
	}
	more := make(map[string]any, len(t.more))
	for name, v := range t.more {
		if _, ok := taken[name]; !ok {
			more[name] = v
		}
	}
	if len(more) == 0 {
		return own, nil
	}
	rest, err := json.Marshal(more)
	if err != nil {
		return nil, fmt.Errorf("oidc: write ID token: %w", err)
	}
	return append(append(own[:len(own)-1], ','), rest[1:]...), nil
}

// idTokenWants names the released claims that an ID token holds: the chosen role and fhirUser, if a scope asks for them, and what the claims
// parameter asked for there.
func idTokenWants(scopes []string, claims *askedClaims) []string {
	wants := []string{}
	if slices.Contains(scopes, scopeSelectedRole) || slices.Contains(scopes, scopeChangedRole) {
		wants = append(wants, claimSelectedRole)
	}
	if slices.Contains(scopes, trust.ScopeFHIRUser) {
		wants = append(wants, trust.ScopeFHIRUser)
	}
	if claims != nil {
		wants = slices.AppendSeq(wants, maps.Keys(claims.IDToken))
	}
	return wants
}

// selectedRole is the claim of the ID token; empty unless a scope asked for it and the terms release it.
func selectedRole(iss bridge.Issuance, scopes []string) string {
	if !slices.Contains(idTokenWants(scopes, nil), claimSelectedRole) {
		return ""
	}
	a, ok := iss.Attribute(claimSelectedRole)
	if !ok || len(a.Values) != 1 {
		return ""
	}
	id, _ := a.Values[0].(string)
	return id
}

func joined(scopes []string) string { return strings.Join(scopes, " ") }
