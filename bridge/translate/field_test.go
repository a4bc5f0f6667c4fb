package translate

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// fields are the expressions that are read without the interpreter.
var fields = []string{
	"person.uid", "person.name", "person.title", "person.given_name", "person.family_name", "person.middle_names", "person.initials", "person.email",
	"role.id", "role.org", "role.org_name", "role.code", "role.name", "role.full_code", "role.full_name",
	"role.activities", "role.workgroups", "role.areas_of_work", "role.effective_activities",
}

// TestFieldsEqualTheInterpreter holds for any person and role, and for control characters in them.
func TestFieldsEqualTheInterpreter(t *testing.T) {
	c, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	text := rapid.OneOf(rapid.Just(""), rapid.StringN(0, 6, -1), rapid.SampledFrom([]string{"\x00", "a\x1bb", "\ufffe", `"A":"B":"C"`, "S1:G2:R3"}))
	coded := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) people.Coded { return people.Coded{Code: text.Draw(t, "code")} }), 0, 3)
	for _, source := range fields {
		clause, err := c.Value(source)
		if err != nil {
			t.Fatal(err)
		}
		rapid.Check(t, func(rt *rapid.T) {
			in := bridge.Facts{Now: now, Person: people.Person{
				UID: text.Draw(rt, "uid"), Name: text.Draw(rt, "name"), Title: text.Draw(rt, "title"), GivenName: text.Draw(rt, "given"),
				FamilyName: text.Draw(rt, "family"), MiddleNames: text.Draw(rt, "middle"), Initials: text.Draw(rt, "initials"), Email: text.Draw(rt, "email"),
			}, Role: people.RoleProfile{
				ID: text.Draw(rt, "id"), OrgCode: text.Draw(rt, "org"), OrgName: text.Draw(rt, "org name"), Code: text.Draw(rt, "code"), Name: text.Draw(rt, "role"),
				Activities: coded.Draw(rt, "activities"), Workgroups: coded.Draw(rt, "workgroups"), AreasOfWork: coded.Draw(rt, "areas"),
			}}
			v := translator.view(in, false)
			out, _, err := clause.Program.Eval(v.variables())
			if err != nil {
				rt.Fatal(err)
			}
			values, list := neutral(out)
			got, gotList, ok := field(source, v)
			if !ok || gotList != list || !reflect.DeepEqual(got, values) {
				rt.Fatalf("%s: %v, %v, %v; the interpreter says %v, %v", source, got, gotList, ok, values, list)
			}
		})
	}
}

// BenchmarkTranslate applies the terms of a SAML partner that is told all of nhs-saml.
func BenchmarkTranslate(b *testing.B) {
	in := facts(b, "release: [{ set: nhs-saml }]")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := translator.Translate(in); err != nil {
			b.Fatal(err)
		}
	}
}
