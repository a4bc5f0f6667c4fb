package translate

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const rbacDocument = `activities:
- { code: B0825, name: Amend Patient Demographics, includes: [B0820] }
- { code: B0820, name: View Patient Demographics }
- { code: B0428, name: Personal Medication Administration, includes: [B0825] }
roles:
- { code: R8001, baseline: [B0428] }
`

// withRBAC are facts of a nurse with B0360 assigned, and the document in force.
func withRBAC(t testing.TB, document string) bridge.Facts {
	t.Helper()
	f := facts(t, document)
	b, err := people.ReadRBAC(strings.NewReader(rbacDocument))
	if err != nil {
		t.Fatal(err)
	}
	f.RBAC = b
	return f
}

// TestEffectiveActivitiesClaim: what was assigned comes first, each activity says why it is there, and the claim that it is computed.
// nhsid_nrbac_roles stays as it was registered.
func TestEffectiveActivitiesClaim(t *testing.T) {
	const one = `{"activities":[{"activity":"View Detailed Health Records","activity_code":"B0360","source":"assigned"},` +
		`{"activity":"Personal Medication Administration","activity_code":"B0428","source":"baseline"},` +
		`{"activity":"Amend Patient Demographics","activity_code":"B0825","source":"included","via":"B0428"},` +
		`{"activity":"View Patient Demographics","activity_code":"B0820","source":"included","via":"B0825"}],` +
		`"computed":true,"person_roleid":"555000000101","role_code":"S8000:G8000:R8001"}`
	other := nurse()
	other.ID, other.Code, other.Activities = "555000000102", "S8000:G8000:R8003", []people.Coded{{Code: "B0820"}}
	const second = `{"activities":[{"activity":"View Patient Demographics","activity_code":"B0820","source":"assigned"}],"computed":true,"person_roleid":"555000000102","role_code":"S8000:G8000:R8003"}`
	idle := nurse()
	idle.ID, idle.Code, idle.Activities = "555000000103", "S8000:G8000:R8004", nil
	for name, tc := range map[string]struct {
		change func(*bridge.Facts)
		want   string
	}{
		"of the chosen role":            {func(*bridge.Facts) {}, "[" + one + "]"},
		"of all roles, none was chosen": {func(f *bridge.Facts) { f.Role = people.RoleProfile{} }, "[" + one + "," + second + "]"},
	} {
		t.Run(name, func(t *testing.T) {
			f := withRBAC(t, "release: [{ set: effective-activities }, { set: nationalrbacaccess }]")
			f.Person.Roles = append(f.Person.Roles, other, idle)
			tc.change(&f)
			iss, err := translator.Translate(f)
			if err != nil || len(iss.Attributes) != 2 {
				t.Fatalf("attributes = %+v, withheld %+v, %v", iss.Attributes, iss.Withheld, err)
			}
			a := iss.Attributes[0]
			got, err := json.Marshal(a.Values)
			if err != nil || string(got) != tc.want || !a.List || a.Name != "effective_activities" || a.Rule != "set effective-activities" {
				t.Errorf("%s by %s, list %v: %s\nwant %s", a.Name, a.Rule, a.List, got, tc.want)
			}
			f.RBAC = nil
			plain, err := translator.Translate(f)
			if err != nil || !reflect.DeepEqual(plain.Attributes[0], iss.Attributes[1]) {
				t.Errorf("the document changed what is registered: %+v, want %+v", iss.Attributes[1], plain.Attributes[0])
			}
		})
	}
}

// TestEffectiveActivitiesInExpressions: conditions and values, of the chosen role and of others.
func TestEffectiveActivitiesInExpressions(t *testing.T) {
	for value, want := range map[string]string{
		"role.effective_activities":                                                                      `["B0360","B0428","B0825","B0820"]`,
		"role.effective_activities.filter(a, !(a in role.activities))":                                   `["B0428","B0825","B0820"]`,
		"roles.filter(r, 'B0820' in r.effective_activities).map(r, r.id)":                                `["555000000101"]`,
		"role.effective.activities.filter(a, a.source == 'included').map(a, a.code + ' by ' + a.via)":    `["B0825 by B0428","B0820 by B0825"]`,
		"role.effective.activities.filter(a, a.source == 'baseline').map(a, a.name)":                     `["Personal Medication Administration"]`,
		"role.effective.activities.filter(a, a.via == 'B0825')":                                          `[{"activity":"View Patient Demographics","activity_code":"B0820","source":"included","via":"B0825"}]`,
		"role.effective.activities[0]":                                                                   `[{"activity":"View Detailed Health Records","activity_code":"B0360","source":"assigned"}]`,
		"role.effective.role + ' ' + role.effective.full_code":                                           `["555000000101 S8000:G8000:R8001"]`,
		"[role.effective].map(e, size(e.activities) == size(role.effective_activities))":                 `[true]`,
		"has(role.effective) ? role.effective_activities[1] : 'x'":                                       `["B0428"]`,
		"{'a': role}['a'].effective_activities[3]":                                                       `["B0820"]`,
		"role.effective_activities.exists(a, a == 'B0820') ? 'demographics' : ''":                        `["demographics"]`,
		"[role, roles[0]].map(r, r.effective).filter(e, e.role == role.id).map(e, e.activities[0].code)": `["B0360","B0360"]`,
	} {
		t.Run(value, func(t *testing.T) {
			f := withRBAC(t, "release: [{ name: n, value: \""+value+"\", when: \"'B0820' in role.effective_activities\" }]")
			iss, err := translator.Translate(f)
			if err != nil || len(iss.Attributes) != 1 {
				t.Fatalf("attributes = %+v, withheld %+v, %v", iss.Attributes, iss.Withheld, err)
			}
			if got, err := json.Marshal(iss.Attributes[0].Values); err != nil || string(got) != want {
				t.Errorf("values %s, want %s", got, want)
			}
		})
	}
	for condition, want := range map[string]bool{
		"'B0820' in role.effective_activities": true, "'B0420' in role.effective_activities": false, "'B0820' in role.activities": false,
	} {
		f := withRBAC(t, "require: { when: \""+condition+"\" }")
		if _, err := translator.Translate(f); (err == nil) != want {
			t.Errorf("%s: %v", condition, err)
		}
	}
}

// TestWithoutRBACNothingIsSupposed: no document in force means that nobody knows, for conditions that deny as well.
func TestWithoutRBACNothingIsSupposed(t *testing.T) {
	for _, condition := range []string{"'B0360' in role.effective_activities", "!('B0825' in role.effective_activities)", "size(roles.filter(r, size(r.effective.activities) == 0)) == 1"} {
		f := facts(t, "require: { when: \""+condition+"\" }")
		iss, err := translator.Translate(f)
		if r := bridge.AsRefusal(err); err == nil || r.Reason != bridge.RoleNotAllowed || r.AuditCode() != "condition_failed" || !reflect.DeepEqual(iss, bridge.Issuance{}) {
			t.Errorf("%s: %v", condition, err)
		}
	}
	f := facts(t, `release:
  - { set: effective-activities }
  - { name: codes, value: role.effective_activities }
  - { name: condition, value: person.uid, when: "!('B0825' in role.effective_activities)" }
  - { name: other, value: person.uid }
`)
	iss, err := translator.Translate(f)
	if err != nil || len(iss.Attributes) != 1 || iss.Attributes[0].Name != "other" || len(iss.Withheld) != 3 {
		t.Fatalf("attributes = %+v, withheld %+v, %v", iss.Attributes, iss.Withheld, err)
	}
	for _, w := range iss.Withheld {
		if w.Why != "no RBAC document is in force" {
			t.Errorf("%s withheld: %s", w.Name, w.Why)
		}
	}
}

// TestEffectiveActivitiesAreWorkedOutOnDemand: terms that do not speak of them cost nothing.
func TestEffectiveActivitiesAreWorkedOutOnDemand(t *testing.T) {
	for document, want := range map[string]bool{
		"release: [{ set: cis2 }, { name: effective, value: \"'effective_activities'\" }]":                     false,
		"release: [{ set: effective-activities }]":                                                             true,
		"require: { when: \"'B0820' in role.effective_activities\" }":                                          true,
		"release: [{ name: n, value: person.uid, when: \"roles.exists(r, r.effective.role == person.uid)\" }]": true,
	} {
		f := withRBAC(t, document)
		role, _ := translator.view(f, false).variables()["role"].(trust.RoleView)
		if got := len(role.EffectiveCodes) > 0; got != want || f.Partner.Terms.NeedsRBAC() != want {
			t.Errorf("%s: worked out: %v, needed: %v", document, got, f.Partner.Terms.NeedsRBAC())
		}
	}
}

// BenchmarkTranslateEffective is one more rule beside those of BenchmarkTranslate: what working out and printing them costs.
func BenchmarkTranslateEffective(b *testing.B) {
	for name, release := range map[string]string{"without": "", "with": ", { set: effective-activities }"} {
		in := withRBAC(b, "release: [{ set: nhs-saml }"+release+"]")
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := translator.Translate(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
