package translate

import "github.com/lanyard-hub/lanyard/trust"

// evaluate gives the values of a rule. Most rules only name a field; that needs no interpreter, and a test holds
// that the answer is the interpreter's.
func evaluate(c *trust.Clause, v *view) (values []any, list bool, err error) {
	if values, list, ok := field(c.Source, v); ok {
		return values, list, nil
	}
	out, _, err := c.Program.Eval(v.variables())
	if err != nil {
		return nil, false, err
	}
	values, list = neutral(out)
	return values, list, nil
}

// field reads a field of person or role if the expression is nothing but its name.
func field(source string, v *view) (values []any, list, ok bool) {
	if s, ok := personField(source, &v.person); ok {
		return one(s), false, true
	}
	role := &v.role
	if s, ok := roleField(source, role); ok {
		return one(s), false, true
	}
	switch source {
	case "role.activities":
		return many(role.Activities), true, true
	case "role.workgroups":
		return many(role.Workgroups), true, true
	case "role.areas_of_work":
		return many(role.Areas), true, true
	case "role.effective_activities":
		return many(role.EffectiveCodes), true, true
	}
	return nil, false, false
}

func personField(source string, p *trust.PersonView) (string, bool) {
	switch source {
	case "person.uid":
		return p.UID, true
	case "person.name":
		return p.Name, true
	case "person.title":
		return p.Title, true
	case "person.given_name":
		return p.GivenName, true
	case "person.family_name":
		return p.FamilyName, true
	case "person.middle_names":
		return p.MiddleNames, true
	case "person.initials":
		return p.Initials, true
	case "person.email":
		return p.Email, true
	}
	return "", false
}

func roleField(source string, r *trust.RoleView) (string, bool) {
	switch source {
	case "role.id":
		return r.ID, true
	case "role.org":
		return r.Org, true
	case "role.org_name":
		return r.OrgName, true
	case "role.code":
		return r.Code, true
	case "role.name":
		return r.Name, true
	case "role.full_code":
		return r.FullCode, true
	case "role.full_name":
		return r.FullName, true
	}
	return "", false
}

func one(s string) []any {
	if s = clean(s); s != "" {
		return []any{s}
	}
	return nil
}

func many(list []string) []any {
	var out []any
	for _, s := range list {
		out = append(out, one(s)...)
	}
	return out
}
