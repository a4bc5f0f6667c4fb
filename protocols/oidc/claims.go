package oidc

import (
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// Scopes with a meaning of their own, and the one claim of them that goes into the ID token.
const (
	scopeOpenID       = "openid"
	scopeSelectedRole = "selectedrole"
	scopeChangedRole  = "changedrole"
	claimSelectedRole = "selected_roleid"
)

// scopeTable says which claims a scope asks for (CIS2 scopes and claims). The terms must release them as well.
type scopeTable struct {
	names  []string            // in the order discovery prints them
	claims []string            // the same
	scopes map[string][]string // claim to the scopes that ask for it
}

// newScopeTable takes the scopes of the trust room. changedrole asks for what selectedrole does, and
// associatedorgs covers the older name of its claim too. The scope of effective activities is there if an RBAC document is
// configured: without one nothing could ever answer to it.
func newScopeTable(rbac bool) scopeTable {
	t := scopeTable{scopes: map[string][]string{}}
	t.add(scopeOpenID)
	for _, scope := range trust.CIS2Scopes() {
		t.add(scope, trust.ScopeClaims(scope)...)
	}
	t.add(scopeChangedRole, claimSelectedRole)
	if rbac {
		t.add(trust.EffectiveActivities, trust.ScopeClaims(trust.EffectiveActivities)...)
	}
	t.scopes["nhsid_org_roles"] = []string{"associatedorgs"}
	return t
}

func (t *scopeTable) add(scope string, claims ...string) {
	t.names = append(t.names, scope)
	for _, c := range claims {
		if t.scopes[c] == nil {
			t.claims = append(t.claims, c)
		}
		t.scopes[c] = append(t.scopes[c], scope)
	}
}

func (t scopeTable) known(scope string) bool { return slices.Contains(t.names, scope) }

// asked reports whether a claim belongs to one of the granted scopes. A claim that an administrator named
// and CIS2 did not comes with openid.
func (t scopeTable) asked(granted []string, claim string) bool {
	scopes, ok := t.scopes[claim]
	if !ok {
		return true
	}
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(granted, s) })
}

// userinfoClaims are the released claims whose scope was granted, and sub. Nothing empty is printed: a claim
// without a value is absent.
func (p *Provider) userinfoClaims(iss bridge.Issuance, subject string, scopes []string) map[string]any {
	out := make(map[string]any, len(iss.Attributes)+1)
	for _, a := range iss.Attributes {
		if trust.ReservedClaim(a.Name) || a.Name == claimSelectedRole || len(a.Values) == 0 || !p.scopes.asked(scopes, a.Name) {
			continue
		}
		if a.List || len(a.Values) > 1 {
			out[a.Name] = a.Values
			continue
		}
		out[a.Name] = a.Values[0]
	}
	out["sub"] = subject
	return out
}

// idTokenWants names the released claims that an ID token holds: the chosen role, if a scope asks for it.
func idTokenWants(scopes []string) []string {
	if slices.Contains(scopes, scopeSelectedRole) || slices.Contains(scopes, scopeChangedRole) {
		return []string{claimSelectedRole}
	}
	return []string{}
}

// selectedRole is the claim of the ID token; empty unless it was asked for and the terms release it.
func selectedRole(iss bridge.Issuance, scopes []string) string {
	if len(idTokenWants(scopes)) == 0 {
		return ""
	}
	a, ok := iss.Attribute(claimSelectedRole)
	if !ok || len(a.Values) != 1 {
		return ""
	}
	id, _ := a.Values[0].(string)
	return id
}
