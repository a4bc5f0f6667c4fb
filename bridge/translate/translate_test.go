package translate

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

var now = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

func nurse() people.RoleProfile {
	return people.RoleProfile{
		ID: "555000000101", PersonOrgID: "555000000201", OrgCode: "RX1", OrgName: "Example Hospital", Code: "S8000:G8000:R8001",
		Name:       `"Clinical":"Clinical Provision":"Nurse Access Role"`,
		Activities: []people.Coded{{Code: "B0360", Name: "View Detailed Health Records"}},
	}
}

func facts(t testing.TB, document string) bridge.Facts {
	t.Helper()
	c, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	docs, err := trust.ReadDocuments(strings.NewReader("partner: epr\nprotocol: oidc\nstage: live\noidc: { auth: none, redirect_uris: [https://epr.example/cb] }\n" + document))
	if err != nil {
		t.Fatal(err)
	}
	p, err := c.Compile(docs[0], nil, trust.CompileOptions{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	person := people.Person{UID: "555021935107", Status: people.Active, Name: "Test Nurse", Identity: 3, Roles: []people.RoleProfile{nurse()}}
	return bridge.Facts{
		Session: bridge.Session{ID: "s", UID: person.UID, Assurance: 3, Method: bridge.MethodFIDO2, AuthnAt: now, Started: now, Seen: now},
		Person:  person, Role: nurse(), Partner: p, Now: now,
	}
}

var translator = Translator{Salt: []byte("0123456789abcdef0123456789abcdef"), Scope: "rx1.example"}

func TestTranslateReleasesWhatTheTermsName(t *testing.T) {
	iss, err := translator.Translate(facts(t, `
release:
  - { set: nationalrbacaccess }
  - { name: staff, value: person.uid }
  - { name: secret, value: person.email }
  - { name: never, value: person.uid, when: "session.assurance < AAL2" }
`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(iss.Attributes)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"Name":"nhsid_nrbac_roles","Friendly":"","Format":"","Values":[{"activities":["View Detailed Health Records"],"activity_codes":["B0360"],"org_code":"RX1","org_name":"Example Hospital","person_orgid":"555000000201","person_roleid":"555000000101","role_code":"S8000:G8000:R8001","role_name":"\"Clinical\":\"Clinical Provision\":\"Nurse Access Role\""}],"List":true,"Rule":"set nationalrbacaccess"},{"Name":"staff","Friendly":"","Format":"","Values":["555021935107"],"List":false,"Rule":"release[1]"}]`
	if string(got) != want {
		t.Errorf("attributes:\n%s\nwant\n%s", got, want)
	}
	if len(iss.Withheld) != 2 || iss.Withheld[0].Name != "secret" || iss.Withheld[1].Name != "never" {
		t.Errorf("withheld = %+v", iss.Withheld)
	}
}

func TestTranslateRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		document string
		change   func(*bridge.Facts)
		want     bridge.Reason
	}{
		"role not accepted":    {`require: { when: "role.code == 'R8000'" }`, nil, bridge.RoleNotAllowed},
		"no role":              {`require: { role: true }`, func(f *bridge.Facts) { f.Role = people.RoleProfile{} }, bridge.NoRole},
		"role closed":          {``, func(f *bridge.Facts) { f.Person.Roles[0].Closes = now }, bridge.RoleNotAllowed},
		"role not open yet":    {``, func(f *bridge.Facts) { f.Person.Roles[0].Opens = now.Add(time.Hour) }, bridge.RoleNotAllowed},
		"role of someone":      {``, func(f *bridge.Facts) { f.Role.ID = "555000000999" }, bridge.RoleNotAllowed},
		"assurance too low":    {`require: { assurance: AAL3 }`, func(f *bridge.Facts) { f.Session.Assurance = 2 }, bridge.AssuranceTooLow},
		"identity too low":     {`require: { identity: 3 }`, func(f *bridge.Facts) { f.Person.Identity = 2 }, bridge.IdentityTooLow},
		"suspended partner":    {``, func(f *bridge.Facts) { f.Partner.Stage = trust.SuspendedAt }, bridge.PartnerSuspended},
		"suspended person":     {``, func(f *bridge.Facts) { f.Person.Status = people.Suspended }, bridge.UnknownSubject},
		"other person":         {``, func(f *bridge.Facts) { f.Session.UID = "555000000000" }, bridge.UnknownSubject},
		"no e-mail":            {`subject: email`, nil, bridge.InvalidNameIDPolicy},
		"condition that fails": {`require: { when: "person.professional['gmc_id'] != ''" }`, nil, bridge.RoleNotAllowed},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(t, tc.document)
			if tc.change != nil {
				tc.change(&f)
			}
			iss, err := translator.Translate(f)
			if got := bridge.AsRefusal(err).Reason; err == nil || got != tc.want {
				t.Fatalf("error = %v (%v), want %v", err, got, tc.want)
			}
			if !reflect.DeepEqual(iss, bridge.Issuance{}) {
				t.Errorf("a refusal came with an issuance: %+v", iss)
			}
		})
	}
}

func TestSubjectIdentifiers(t *testing.T) {
	pair := facts(t, "subject: pairwise")
	a, err := translator.Translate(pair)
	if err != nil {
		t.Fatal(err)
	}
	other := pair
	other.Partner.ID = "pas"
	b, err := translator.Translate(other)
	if err != nil {
		t.Fatal(err)
	}
	if a.Subject == b.Subject || len(a.Subject) != 32 || strings.Contains(a.Subject, pair.Person.UID) {
		t.Errorf("pairwise: %q and %q", a.Subject, b.Subject)
	}
	tr := facts(t, "subject: transient")
	first, err := translator.Translate(tr)
	if err != nil {
		t.Fatal(err)
	}
	tr.Session.ID = "another"
	second, err := translator.Translate(tr)
	if err != nil {
		t.Fatal(err)
	}
	if first.Subject == second.Subject {
		t.Error("transient identifier is the same in two sessions")
	}
}

// TestTranslateNeverExceedsItsTerms holds for any mix of rules, session and person.
func TestTranslateNeverExceedsItsTerms(t *testing.T) {
	names := []string{"a", "b", "c", "d"}
	values := []string{"person.uid", "person.email", "role.activities", "[role]", "roles", "session.assurance", "role.org"}
	rapid.Check(t, func(rt *rapid.T) {
		listed := rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(rt, "names")
		doc := ""
		for i, n := range listed {
			if i == 0 {
				doc = "release:\n"
			}
			doc += "  - { name: " + n + ", value: \"" + rapid.SampledFrom(values).Draw(rt, "value") + "\" }\n"
		}
		f := facts(t, doc)
		f.Session.Assurance = bridge.Assurance(rapid.IntRange(1, 3).Draw(rt, "assurance"))
		if rapid.Bool().Draw(rt, "no role") {
			f.Role = people.RoleProfile{}
		}
		iss, err := translator.Translate(f)
		if err != nil {
			rt.Fatal(err)
		}
		again, err := translator.Translate(f)
		if err != nil || !reflect.DeepEqual(iss, again) {
			rt.Fatal("not pure")
		}
		if iss.Assurance > f.Session.Assurance {
			rt.Fatal("claims more than happened")
		}
		for _, a := range iss.Attributes {
			if !slices.Contains(listed, a.Name) || len(a.Values) == 0 {
				rt.Fatalf("released %+v", a)
			}
		}
		if len(iss.Attributes)+len(iss.Withheld) != len(listed) {
			rt.Fatal("an attribute is neither released nor withheld")
		}
	})
}

func TestValuesAreCleaned(t *testing.T) {
	f := facts(t, "release: [{ name: n, value: person.name }]")
	f.Person.Name = "A\x00B\x1b[31m</x>\n"
	iss, err := translator.Translate(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := iss.Attributes[0].Values[0]; got != "AB[31m</x>" {
		t.Errorf("value = %q", got)
	}
}
