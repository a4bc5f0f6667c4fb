package translate

import (
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/lanyard-hub/lanyard/trust"
)

// neutral turns an expression's result into plain values; list says whether it was a list. Empty strings
// and empty lists are no values: an absent attribute is absent in every protocol.
func neutral(v ref.Val) (values []any, list bool) {
	if l, ok := v.(traits.Lister); ok {
		for it := l.Iterator(); it.HasNext() == types.True; {
			if one, ok := scalar(it.Next()); ok {
				values = append(values, one)
			}
		}
		return values, true
	}
	if one, ok := scalar(v); ok {
		return []any{one}, false
	}
	return nil, false
}

func scalar(v ref.Val) (any, bool) {
	switch x := v.Value().(type) {
	case string:
		s := clean(x)
		return s, s != ""
	case bool:
		return x, true
	case int64:
		return x, true
	case trust.RoleView:
		return role(x), x.ID != ""
	case *trust.RoleView:
		return role(*x), x.ID != ""
	case trust.EffectiveView:
		return effectiveValue(x), len(x.Activities) > 0
	case *trust.EffectiveView:
		return effectiveValue(*x), len(x.Activities) > 0
	case trust.ActivityView:
		return activity(x), true
	case *trust.ActivityView:
		return activity(*x), true
	case trust.PlaceView:
		return place(x), x.Key != ""
	case *trust.PlaceView:
		return place(*x), x.Key != ""
	case trust.OrgView:
		return org(x), true
	case *trust.OrgView:
		return org(*x), true
	}
	return nil, false
}

// role is a role profile in the shape of nhsid_nrbac_roles: parallel arrays, absent when empty.
func role(r trust.RoleView) map[string]any {
	m := map[string]any{
		"person_orgid": clean(r.PersonOrg), "person_roleid": clean(r.ID), "org_code": clean(r.Org), "org_name": clean(r.OrgName),
		"role_name": clean(r.FullName), "role_code": clean(r.FullCode),
	}
	for name, list := range map[string][]string{
		"activities": r.ActivityNames, "activity_codes": r.Activities,
		"workgroups": r.WorkgroupNames, "workgroups_codes": r.Workgroups,
		"aow": r.AreaNames, "aow_codes": r.Areas,
	} {
		if len(list) > 0 {
			m[name] = texts(list)
		}
	}
	return m
}

// effectiveValue is the claim effective_activities of one role profile. It says itself that it is computed: nobody registered it.
func effectiveValue(e trust.EffectiveView) map[string]any {
	activities := make([]any, len(e.Activities))
	for i, a := range e.Activities {
		activities[i] = activity(a)
	}
	return map[string]any{"person_roleid": clean(e.Role), "role_code": clean(e.FullCode), "computed": true, "activities": activities}
}

func activity(a trust.ActivityView) map[string]any {
	m := map[string]any{"activity_code": clean(a.Code), "source": a.Source}
	if name := clean(a.Name); name != "" {
		m["activity"] = name
	}
	if a.Via != "" {
		m["via"] = clean(a.Via)
	}
	return m
}

func org(o trust.OrgView) map[string]any {
	return map[string]any{"person_orgid": clean(o.PersonOrg), "org_code": clean(o.Code), "org_name": clean(o.Name)}
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = clean(s)
	}
	return out
}

// place is where a session is: the workstation, and the key of its agent.
func place(p trust.PlaceView) map[string]any { return map[string]any{"id": p.ID, "jkt": p.Key} }
