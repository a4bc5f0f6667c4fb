package trust

import (
	"fmt"
	"slices"
	"strings"
)

// roleOrRoles releases the chosen role alone when one was chosen, else all that are open.
const roleOrRoles = "role.id != '' ? [role] : roles"

// set is a named bundle of release rules.
type set []Release

// scopes maps each CIS2 scope to the claims it asks for (DOMAIN: scopes and claims). An OIDC partner
// receives a claim only if it asked for the scope and its terms release it.
var scopes = map[string]set{
	"profile": {
		{Name: "name", Value: "person.name"}, {Name: "family_name", Value: "person.family_name"},
		{Name: "given_name", Value: "person.given_name"}, {Name: "uid", Value: "person.uid"},
	},
	"email": {{Name: "email", Value: "person.email"}},
	"nhsperson": {
		{Name: "nhsid_useruid", Value: "person.uid"}, {Name: "title", Value: "person.title"}, {Name: "initials", Value: "person.initials"},
		{Name: "middle_names", Value: "person.middle_names"}, {Name: "display_name", Value: "person.name"},
		{Name: "idassurancelevel", Value: "string(person.identity)"},
	},
	"nationalrbacaccess":        {{Name: "nhsid_nrbac_roles", Value: roleOrRoles}},
	"associatedorgs":            {{Name: "nhsid_user_orgs", Value: "person.orgs"}},
	"organisationalmemberships": {{Name: "nhsid_org_memberships", Value: "person.orgs"}},
	"professionalmemberships": {
		professional("gmc_id"), professional("gmp_id"), professional("gdc_id"), professional("gdp_id"), professional("nmc_id"),
		professional("rcn_id"), professional("gphc_id"), professional("consultant_id"),
	},
	"selectedrole": {{Name: "selected_roleid", Value: "role.id"}},
}

func professional(id string) Release {
	return Release{Name: id, Value: fmt.Sprintf("'%s' in person.professional ? person.professional['%s'] : ''", id, id)}
}

// ssbPerson is what the role assertion says of the person; the roles follow.
var ssbPerson = set{
	{Name: "cn", Value: "person.name"}, {Name: "uid", Value: "person.uid"},
	{Name: "nhsOcsPrCode", Value: professional("gmp_id").Value},
}

// sets are the bundles for tickets.
var sets = map[string]set{
	"ssb":           slices.Concat(ssbPerson, set{{Name: "roles", Value: "[role]"}}),
	"ssb-all-roles": slices.Concat(ssbPerson, set{{Name: "roles", Value: "roles"}}),
}

// CIS2Scopes lists every scope that asks for claims, sorted.
func CIS2Scopes() []string {
	var out []string
	for name := range scopes {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// ScopeClaims lists the claims that a scope asks for; nil for a scope that asks for none.
func ScopeClaims(scope string) []string {
	var out []string
	for _, r := range slices.Concat(scopes[scope], effectiveSets[scope]) {
		out = append(out, r.Name)
	}
	return out
}

// expand replaces a set by its rules for a protocol.
func (r Release) expand(p Protocol) ([]Release, error) {
	switch {
	case r.Set == "" && r.Name != "" && r.Value != "":
		return []Release{r}, nil
	case r.Set == "":
		return nil, fmt.Errorf("%w: a release rule needs name and value, or set", ErrInvalid)
	case r.Name != "" || r.Value != "" || r.Friendly != "":
		return nil, fmt.Errorf("%w: a release rule has either set or name and value", ErrInvalid)
	}
	var members set
	if r.Set == "cis2" {
		for _, scope := range CIS2Scopes() {
			members = append(members, scopes[scope]...)
		}
	}
	for _, m := range setsOf(p) {
		if members == nil {
			members = m[r.Set]
		}
	}
	if members == nil {
		return nil, fmt.Errorf("%w: there is no release set %q; known: cis2, %s, %s", ErrInvalid, r.Set, strings.Join(CIS2Scopes(), ", "), strings.Join(sortedSets(), ", "))
	}
	out := slices.Clone(members)
	for i := range out {
		out[i].When, out[i].Format = r.When, r.Format
	}
	return out, nil
}

// setsOf are the sets that a protocol can release, the scopes first.
func setsOf(p Protocol) []map[string]set {
	all := []map[string]set{scopes, sets, samlSets}
	switch p {
	case SAML2:
		return append(all, effectiveSAML, emergencySAML)
	case OIDC:
		return append(all, effectiveSets, emergencySets, placeSets, smartSets)
	case Ticket:
	}
	return append(all, effectiveSets, emergencySets)
}

func sortedSets() []string {
	var out []string
	for _, m := range []map[string]set{sets, samlSets, effectiveSets, smartSets, placeSets, emergencySets} {
		for name := range m {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
