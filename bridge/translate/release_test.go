package translate

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// full has a value in every field that an expression can name.
func full(f *bridge.Facts) {
	coded := func(code string) []people.Coded { return []people.Coded{{Code: code, Name: "Name of " + code}} }
	r := nurse()
	r.Activities, r.Workgroups, r.AreasOfWork = coded("B0360"), coded("W1"), coded("A1")
	f.Role = r
	f.Person = people.Person{
		UID: f.Person.UID, Status: people.Active, Name: "Dr Asha Patel", Title: "Dr", GivenName: "Asha", MiddleNames: "Rani", Initials: "AR",
		FamilyName: "Patel", Email: "asha@rx1.example", Identity: 2, Professional: map[string]string{"gmc_id": "C7"}, Roles: []people.RoleProfile{r},
		Orgs: []people.Organisation{
			{PersonOrgID: "555000000201", Code: "RX1", Name: "Example Hospital"},
			{PersonOrgID: "555000000202", Code: "RX2", Name: "Left Hospital", Closes: now},
		},
	}
}

// TestExpressionsSeeEveryField pins each name of the rule language to the fact that it stands for.
func TestExpressionsSeeEveryField(t *testing.T) {
	const pairwise = "M7" // replaced below: only that it is the subject's own matters
	for expression, want := range map[string]string{
		"person.uid": `"555021935107"`, "person.name": `"Dr Asha Patel"`, "person.title": `"Dr"`, "person.given_name": `"Asha"`,
		"person.middle_names": `"Rani"`, "person.initials": `"AR"`, "person.family_name": `"Patel"`, "person.email": `"asha@rx1.example"`,
		"person.identity": `2`, "person.identity == 2": `true`, "person.professional['gmc_id']": `"C7"`,
		"person.orgs":    `{"org_code":"RX1","org_name":"Example Hospital","person_orgid":"555000000201"}`,
		"person.orgs[0]": `{"org_code":"RX1","org_name":"Example Hospital","person_orgid":"555000000201"}`,
		"role.id":        `"555000000101"`, "role.person_org": `"555000000201"`, "role.org": `"RX1"`, "role.org_name": `"Example Hospital"`,
		"role.code": `"R8001"`, "role.full_code": `"S8000:G8000:R8001"`, "role.name": `"Nurse Access Role"`, "roles[0].code": `"R8001"`,
		"role.activities": `"B0360"`, "role.activity_names": `"Name of B0360"`, "role.workgroups": `"W1"`, "role.workgroup_names": `"Name of W1"`,
		"role.areas_of_work": `"A1"`, "role.area_of_work_names": `"Name of A1"`,
		"session.method": `"FIDO2"`, "session.assurance": `3`,
		"subject.scoped": `"555021935107@rx1.example"`, "subject.pairwise": `"` + pairwise + `"`, "subject.pairwise_scoped": `"` + pairwise + `@rx1.example"`,
	} {
		t.Run(expression, func(t *testing.T) {
			f := facts(t, "release: [{ name: n, value: \""+expression+"\" }]")
			full(&f)
			want := strings.Replace(want, pairwise, translator.pairwise(f.Partner, f.Person.UID), 1)
			iss, err := translator.Translate(f)
			if err != nil || len(iss.Attributes) != 1 || len(iss.Attributes[0].Values) != 1 {
				t.Fatalf("attributes = %+v, withheld %+v, %v", iss.Attributes, iss.Withheld, err)
			}
			got, err := json.Marshal(iss.Attributes[0].Values[0])
			if err != nil || string(got) != want {
				t.Errorf("value %s, want %s", got, want)
			}
		})
	}
}

func TestIssuanceStatesTheFacts(t *testing.T) {
	f := facts(t, "release: [{ name: n, friendly: Name, value: person.name }]")
	full(&f)
	f.Contexts = []bridge.AuthnContext{{Class: "low", Max: 1}, {Class: "high", Min: 3}}
	f.Session.AuthnAt = now.Add(-time.Minute)
	iss, err := translator.Translate(f)
	if err != nil {
		t.Fatal(err)
	}
	want := bridge.Issuance{
		Partner: "epr", Protocol: trust.OIDC, UID: f.Person.UID, Person: f.Person, Role: f.Role, Assurance: 3, Identity: 2, Method: bridge.MethodFIDO2,
		Class: "high", AuthnAt: now.Add(-time.Minute), At: now, SubjectKind: f.Partner.Terms.Subject, Subject: iss.Subject,
		Attributes: []bridge.Attribute{{Name: "n", Friendly: "Name", Values: []any{"Dr Asha Patel"}, Rule: "release[0]"}},
	}
	if iss.Subject == "" || iss.SubjectKind == "" || !reflect.DeepEqual(iss, want) {
		t.Errorf("issuance\n%+v\nwant\n%+v", iss, want)
	}
}

// TestSubjectKinds says what each kind is made of, and that pairwise inputs can't run into one another.
func TestSubjectKinds(t *testing.T) {
	for kind, want := range map[string]string{"uid": "555021935107", "email": "asha@rx1.example"} {
		f := facts(t, "subject: "+kind)
		full(&f)
		if iss, err := translator.Translate(f); err != nil || iss.Subject != want {
			t.Errorf("%s: %q, %v", kind, iss.Subject, err)
		}
	}
	f := facts(t, "subject: pairwise")
	sector := f.Partner
	oidc := *f.Partner.OIDC
	oidc.Sector = "pas"
	sector.OIDC = &oidc
	other := f.Partner
	other.ID, other.OIDC = "pas", nil
	if a, b := translator.pairwise(sector, "1"), translator.pairwise(other, "1"); a != b {
		t.Errorf("one sector, two identifiers: %s and %s", a, b)
	}
	seen := map[string]string{}
	for _, in := range [][3]string{
		{"pairwise", "ab", "c"}, {"pairwise", "a", "bc"}, {"pairwise", "c", "ab"}, {"pairwisea", "b", "c"},
		{"pairwise", "1", "1:a"}, {"pairwise", "11", ":a"}, {"pairwise", "", "111:a"}, {"transient", "ab", "c"},
		// a length without its colon, or a colon without its length, would make these alike
		{"p", "a1b", "c"}, {"p", "a", "b1c"}, {"p", "a:b", "c"}, {"p", "a", "b:c"}, {"p", "1", "a1"}, {"p", "", "111a1"},
	} {
		got := translator.derive(in[0], in[1], in[2])
		if was, ok := seen[got]; ok {
			t.Errorf("%v is the same as %s", in, was)
		}
		seen[got] = strings.Join(in[:], "|")
	}
	// It must never change: partners keep it as the key of their own records.
	if got, want := translator.derive("pairwise", "epr", "555021935107"), "PPGMO2BUSUNQOIQMKHQ7RHOB7J5SOTJW"; got != want {
		t.Errorf("pairwise identifier %s, want %s", got, want)
	}
}

func TestLevelsAtTheirLimit(t *testing.T) {
	f := facts(t, "require: { assurance: AAL3, identity: 2, role: true }")
	full(&f)
	if _, err := translator.Translate(f); err != nil {
		t.Errorf("exactly what is asked: %v", err)
	}
	f = facts(t, "require: { assurance: AAL3, identity: 2 }")
	full(&f)
	f.Role = people.RoleProfile{}
	if _, err := translator.Translate(f); err != nil {
		t.Errorf("without a role where none is asked: %v", err)
	}
}

func TestOnlyWhatIsWantedIsEvaluated(t *testing.T) {
	const rules = "release: [{ name: a, value: person.uid }, { name: b, value: person.name }]"
	for name, tc := range map[string]struct {
		wants []string
		want  string
	}{
		"all": {nil, "ab"}, "one": {[]string{"b"}, "b"}, "none": {[]string{}, ""}, "unknown": {[]string{"c"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(t, rules+"\nrequire: { when: \"person.uid == '555021935107'\" }")
			f.Wants = tc.wants
			iss, err := translator.Translate(f)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, a := range iss.Attributes {
				got += a.Name
			}
			if got != tc.want || len(iss.Withheld) != 0 {
				t.Errorf("released %q, want %q; withheld %+v", got, tc.want, iss.Withheld)
			}
		})
	}
	f := facts(t, "require: { when: \"person.uid == 'x'\" }")
	f.Wants = []string{}
	if _, err := translator.Translate(f); bridge.AsRefusal(err).Reason != bridge.RoleNotAllowed {
		t.Errorf("the condition of the terms holds whatever is wanted: %v", err)
	}
}

// TestWithheldSaysWhy lists why a rule releases nothing, in the words that explain prints.
func TestWithheldSaysWhy(t *testing.T) {
	const fails = "person.professional['nmc_id']"
	for name, tc := range map[string]struct{ rule, why string }{
		"no value":         {`{ name: n, value: person.email }`, "no value on record"},
		"empty list":       {`{ name: n, value: role.workgroups }`, "no value on record"},
		"no role":          {`{ name: n, value: role }`, "no value on record"},
		"condition":        {`{ name: n, value: person.uid, when: "session.assurance > 3" }`, "condition not met: session.assurance > 3"},
		"condition fails":  {`{ name: n, value: person.uid, when: "` + fails + ` == ''" }`, "the condition could not be evaluated"},
		"evaluation fails": {`{ name: n, value: "` + fails + `" }`, "the value could not be evaluated"},
		"only controls":    {`{ name: n, value: person.title }`, "no value on record"},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(t, "release: ["+tc.rule+"]")
			f.Role, f.Person.Title = people.RoleProfile{}, "\x01"
			iss, err := translator.Translate(f)
			if err != nil {
				t.Fatal(err)
			}
			want := []bridge.Withheld{{Name: "n", Rule: "release[0]", Why: tc.why}}
			if len(iss.Attributes) != 0 || !reflect.DeepEqual(iss.Withheld, want) {
				t.Errorf("attributes %+v, withheld %+v, want %+v", iss.Attributes, iss.Withheld, want)
			}
		})
	}
}

func TestEmptyValuesOfAListAreNone(t *testing.T) {
	f := facts(t, "release: [{ name: n, value: \"[person.email, person.uid]\" }]")
	iss, err := translator.Translate(f)
	if err != nil || len(iss.Attributes) != 1 || !reflect.DeepEqual(iss.Attributes[0].Values, []any{f.Person.UID}) {
		t.Errorf("attributes = %+v, %v", iss.Attributes, err)
	}
}

func TestCleanDropsWhatNoDirectoryHolds(t *testing.T) {
	if got := clean("a\x00b\x1fc d\x7fe\ufffef\uffffg\tÅ\U0001f600"); got != "abc defgÅ\U0001f600" {
		t.Errorf("clean = %q", got)
	}
}
