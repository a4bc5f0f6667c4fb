package translate

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// released compiles the sets as an OIDC partner's terms, which release the same, and prints what they release.
func released(t *testing.T, change func(*people.Person), sets ...string) map[string]string {
	t.Helper()
	doc := "release:\n"
	for _, s := range sets {
		doc += "  - { set: " + s + " }\n"
	}
	f := facts(t, doc)
	f.Person.Roles[0].Workgroups = []people.Coded{{Code: "000000000001", Name: "Ward 1"}}
	f.Role = f.Person.Roles[0]
	if change != nil {
		change(&f.Person)
		if len(f.Person.Roles) == 0 {
			f.Role = people.RoleProfile{}
		}
	}
	iss, err := translator.Translate(f)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, a := range iss.Attributes {
		out[a.Friendly] = strings.Trim(fmt.Sprint(a.Values), "[]")
	}
	return out
}

func TestSetsForSAML(t *testing.T) {
	full := func(p *people.Person) {
		p.Title, p.Initials, p.MiddleNames, p.GivenName, p.FamilyName, p.Email = "Ms", "A", "Ann Lee", "Test", "Nurse", "t@rx1.example"
		p.Professional = map[string]string{"nmc_id": "00A0000A", "gmp_id": "G1"}
	}
	nobody := func(p *people.Person) { p.Roles, p.Identity = nil, 0 }
	pairwise := released(t, nil, "eduperson-targeted-id")["eduPersonTargetedID"]
	if len(pairwise) != 32 || released(t, nil, "pairwise-id")["pairwise-id"] != pairwise+"@rx1.example" {
		t.Errorf("targeted id %s, %v", pairwise, released(t, nil, "pairwise-id"))
	}
	const assurance = "https://refeds.org/assurance https://refeds.org/assurance/version/2 https://refeds.org/assurance/ID/unique https://refeds.org/assurance/ID/eppn-unique-no-reassign"
	for name, c := range map[string]struct {
		set    string
		change func(*people.Person)
		want   map[string]string
	}{
		"eduPerson": {"eduperson", nil, map[string]string{
			"eduPersonPrincipalName": "555021935107@rx1.example", "eduPersonUniqueId": "555021935107@rx1.example", "eduPersonAffiliation": "employee member",
			"eduPersonScopedAffiliation": "employee@rx1.example member@rx1.example", "schacHomeOrganization": "rx1.example",
		}},
		"eduPerson of nobody's role": {"eduperson", nobody, map[string]string{
			"eduPersonPrincipalName": "555021935107@rx1.example", "eduPersonUniqueId": "555021935107@rx1.example", "schacHomeOrganization": "rx1.example",
		}},
		"entitlement": {"eduperson-entitlement", nil, map[string]string{
			"eduPersonEntitlement": "urn:nhs:names:sds:nhsJobRoleCode:R8001 urn:nhs:names:sds:nhsBusinessFunctionsCodes:B0360",
		}},
		"entitlement without a role": {"eduperson-entitlement", nobody, map[string]string{}},
		"assurance 3": {"eduperson-assurance", nil, map[string]string{
			"eduPersonAssurance": assurance + " https://refeds.org/assurance/IAP/low https://refeds.org/assurance/IAP/medium https://refeds.org/assurance/IAP/high",
		}},
		"assurance 2": {"eduperson-assurance", func(p *people.Person) { p.Identity = 2 }, map[string]string{
			"eduPersonAssurance": assurance + " https://refeds.org/assurance/IAP/low https://refeds.org/assurance/IAP/medium",
		}},
		"assurance 0":  {"eduperson-assurance", nobody, map[string]string{"eduPersonAssurance": assurance}},
		"personalized": {"personalized", full, map[string]string{"displayName": "Test Nurse", "givenName": "Test", "sn": "Nurse", "mail": "t@rx1.example"}},
		"NHS person":   {"nhs-person", full, map[string]string{"cn": "Test Nurse", "personalTitle": "Ms", "initials": "A", "nhsMiddleNames": "Ann Lee", "nhsPersonStatus": "1"}},
		"professional": {"nhs-professional", full, map[string]string{"nhsNMC": "00A0000A", "nhsGMP": "G1", "nhsOcsPrCode": "G1"}},
		"no number":    {"nhs-professional", nil, map[string]string{}},
		"names of the role": {"nhs-role-names", nil, map[string]string{
			"nhsIDCode": "RX1", "o": "Example Hospital", "nhsBusinessFunctions": "View Detailed Health Records", "nhsWorkGroups": "Ward 1",
		}},
		"NHS": {"nhs-saml", nil, map[string]string{
			"uid": "555021935107", "displayName": "Test Nurse", "nhsUserId": "555021935107", "nhsRoleProfileId": "555000000101", "nhsOrganisation": "RX1",
			"nhsJobRoleCode": "S8000:G8000:R8001", "nhsJobRole": `"Clinical":"Clinical Provision":"Nurse Access Role"`, "nhsActivities": "B0360", "nhsWorkgroups": "000000000001",
		}},
	} {
		if got := released(t, c.change, c.set); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s:\n%v\nwant\n%v", name, got, c.want)
		}
	}
	// those that are meant to be used together do not say anything twice
	released(t, nil, "nhs-saml", "nhs-person", "nhs-professional", "nhs-role-names", "subject-id", "pairwise-id", "eduperson", "eduperson-entitlement", "eduperson-targeted-id", "eduperson-assurance")
}

// TestScopedIdentifiers: what is released has the syntax of the SAML Subject Identifier Attributes profile, or is not released.
func TestScopedIdentifiers(t *testing.T) {
	syntax := regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9=-]{0,126}@[A-Za-z0-9][A-Za-z0-9.-]{0,126}$`)
	rapid.Check(t, func(rt *rapid.T) {
		part := rapid.OneOf(rapid.StringMatching(`[A-Za-z0-9=.@ _-]{0,4}`), rapid.StringMatching(`[a-z]{126,128}`), rapid.String())
		id, scope := part.Draw(rt, "id"), part.Draw(rt, "scope")
		if got, want := scoped(id, scope), id+"@"+scope; got != "" && got != want || (got != "") != syntax.MatchString(want) && strings.Count(want, "@") == 1 {
			rt.Fatalf("%q and %q: %q", id, scope, got)
		}
	})
}
