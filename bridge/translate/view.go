package translate

import (
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// view is what the terms' expressions may speak of. Most terms only name fields of person and role: the rest is worked out when an
// expression wants the interpreter.
type view struct {
	t         Translator
	in        bridge.Facts
	emergency bool
	person    trust.PersonView
	role      trust.RoleView
	all       map[string]any // see variables
}

func (t Translator) view(in bridge.Facts, emergency bool) *view {
	v := &view{t: t, in: in, emergency: emergency, person: personView(in)}
	if in.Role.ID != "" {
		v.role = v.roleView(in.Role)
	}
	return v
}

// roleView adds what the RBAC document says of the role if anybody looks.
func (v *view) roleView(r people.RoleProfile) trust.RoleView {
	if v.in.RBAC == nil || !v.in.Partner.Terms.NeedsRBAC() {
		return roleView(r)
	}
	return effective(roleView(r), v.in.RBAC.Effective(r))
}

// variables are the view as the interpreter takes it.
func (v *view) variables() map[string]any {
	if v.all != nil {
		return v.all
	}
	open := v.in.Person.OpenRoles(v.in.Now)
	roles := make([]trust.RoleView, len(open))
	for i, r := range open {
		roles[i] = v.roleView(r)
	}
	s, pairwise := v.in.Session, v.t.pairwise(v.in.Partner, v.in.Person.UID)
	v.all = map[string]any{
		"person": v.person,
		"role":   v.role,
		"roles":  roles,
		"session": trust.SessionView{Assurance: int(s.Assurance), Method: string(s.Method), Emergency: v.emergency, Standing: string(s.Standing.Told()),
			Workstation: s.Workstation, Place: trust.PlaceView{ID: v.in.Place.Workstation, Key: v.in.Place.Key}},
		"subject": trust.SubjectView{Pairwise: pairwise, Scoped: scoped(v.in.Person.UID, v.t.Scope), PairwiseScoped: scoped(pairwise, v.t.Scope), Scope: v.t.Scope},
	}
	return v.all
}

// scoped joins an identifier and a scope; empty if it is not of the form that every partner may rely on: 1 to 127 characters on
// each side, of letters, digits and a few more, the first a letter or a digit (SAML Subject Identifier Attributes 1.0).
func scoped(id, scope string) string {
	if !subjectPart(id, "=-") || !subjectPart(scope, "-.") {
		return ""
	}
	return id + "@" + scope
}

func subjectPart(s, more string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
		if !alphanumeric && (i == 0 || !strings.ContainsRune(more, rune(c))) {
			return false
		}
	}
	return s != "" && len(s) <= 127
}

func personView(in bridge.Facts) trust.PersonView {
	p := in.Person
	v := trust.PersonView{
		UID: p.UID, Name: p.Name, Title: p.Title, GivenName: p.GivenName, MiddleNames: p.MiddleNames, Initials: p.Initials,
		FamilyName: p.FamilyName, Email: p.Email, Identity: int(p.Identity), Professional: p.Professional,
	}
	if v.Professional == nil {
		v.Professional = map[string]string{}
	}
	for _, o := range p.Orgs {
		if o.OpenAt(in.Now) {
			v.Orgs = append(v.Orgs, trust.OrgView{PersonOrg: o.PersonOrgID, Code: o.Code, Name: o.Name})
		}
	}
	return v
}

func roleView(r people.RoleProfile) trust.RoleView {
	v := trust.RoleView{
		ID: r.ID, PersonOrg: r.PersonOrgID, Org: r.OrgCode, OrgName: r.OrgName, Code: r.JobRole(), FullCode: r.Code,
		Name: r.JobRoleName(), FullName: r.Name,
	}
	v.Activities, v.ActivityNames = split(r.Activities)
	v.Workgroups, v.WorkgroupNames = split(r.Workgroups)
	v.Areas, v.AreaNames = split(r.AreasOfWork)
	return v
}

// effective adds what is worked out of a role profile.
func effective(v trust.RoleView, activities []people.EffectiveActivity) trust.RoleView {
	v.Effective = trust.EffectiveView{Role: v.ID, FullCode: v.FullCode, Activities: make([]trust.ActivityView, len(activities))}
	v.EffectiveCodes = make([]string, len(activities))
	for i, a := range activities {
		v.EffectiveCodes[i] = a.Code
		v.Effective.Activities[i] = trust.ActivityView{Code: a.Code, Name: a.Name, Source: string(a.Source), Via: a.Via}
	}
	return v
}

func split(cs []people.Coded) (codes, names []string) {
	codes, names = make([]string, len(cs)), make([]string, len(cs))
	for i, c := range cs {
		codes[i], names[i] = c.Code, c.Name
	}
	return codes, names
}
