package trust

import "cel.dev/cel-go/common/ast"

// EffectiveView is what a role profile may do as the hub works it out by the RBAC document, as CEL sees it.
type EffectiveView struct {
	Role       string         `cel:"role"`      // role profile id
	FullCode   string         `cel:"full_code"` // S8000:G8000:R8001
	Activities []ActivityView `cel:"activities"`
}

// ActivityView is one effective activity, and why it is there, as CEL sees it.
type ActivityView struct {
	Code   string `cel:"code"`
	Name   string `cel:"name"`
	Source string `cel:"source"` // assigned, baseline or included
	Via    string `cel:"via"`    // code of the activity that includes it, or empty
}

// EffectiveActivities names the release set, and the scope, of what is worked out by the RBAC document.
const EffectiveActivities = "effective-activities"

// effectiveSets are its rules; claims and attributes say in their own way that they are computed, the one by its content, the
// other by its name. They are no part of the set cis2: CIS2 has no such claim.
var (
	effectiveSets = map[string]set{
		"effective-activities": {{Name: "effective_activities", Value: "(" + roleOrRoles + ").map(r, r.effective)"}},
	}
	effectiveSAML = map[string]set{EffectiveActivities: {{
		Name: "https://github.com/lanyard-hub/lanyard/attributes/computed-effective-activities", Friendly: "computedEffectiveActivities",
		Value: "role.effective_activities",
	}}}
)

// needsRBAC reports whether an expression speaks of a field that is worked out by the RBAC document.
func needsRBAC(e ast.Expr) bool { return speaksOf(e, "effective", "effective_activities") }

// NeedsRBAC reports whether the terms speak of effective activities. Without an RBAC document such conditions do not hold, and
// such rules release nothing.
func (t Terms) NeedsRBAC() bool { return t.have((*Clause).needsRBAC) }

// NeedsRBAC reports whether the rule speaks of effective activities.
func (r Rule) NeedsRBAC() bool { return r.has((*Clause).needsRBAC) }

func (c *Clause) needsRBAC() bool { return c != nil && c.RBAC }
