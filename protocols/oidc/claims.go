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
// configured: without one nothing could ever answer to it. Those of SMART App Launch are not there on the CIS2 face.
func newScopeTable(rbac, smart bool) scopeTable {
	t := scopeTable{scopes: map[string][]string{}}
	t.add(scopeOpenID)
	for _, scope := range trust.CIS2Scopes() {
		t.add(scope, trust.ScopeClaims(scope)...)
	}
	t.add(scopeChangedRole, claimSelectedRole)
	if rbac {
		t.add(trust.EffectiveActivities, trust.ScopeClaims(trust.EffectiveActivities)...)
	}
	if smart {
		t.add(trust.ScopeFHIRUser, trust.ScopeFHIRUser)
		for _, scope := range smartScopes()[1:] {
			t.add(scope)
		}
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

// userinfoClaims are the released claims that a granted scope or the claims parameter asks for, and sub.
func (p *Provider) userinfoClaims(iss bridge.Issuance, g *grant) map[string]any {
	out := make(map[string]any, len(iss.Attributes)+1)
	for _, a := range iss.Attributes {
		byScope := a.Name != claimSelectedRole && p.scopes.asked(g.Scopes, a.Name)
		if !byScope && (g.Claims == nil || !g.Claims.Userinfo.has(a.Name, a.Values)) {
			continue
		}
		if v, ok := claimValue(a); ok {
			out[a.Name] = v
		}
	}
	out["sub"] = g.Subject
	return out
}
