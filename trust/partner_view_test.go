package trust

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
)

// aboutMetadata is a partner that says all that expressions may speak of.
func aboutMetadata(t *testing.T, signal ...string) []byte {
	t.Helper()
	attribute := func(name string, values ...string) string {
		out := `<saml:Attribute Name="` + name + `">`
		for _, v := range values {
			out += `<saml:AttributeValue>` + v + `</saml:AttributeValue>`
		}
		return out + `</saml:Attribute>`
	}
	doc := strings.Replace(string(metadataListing(t)), "<md:SPSSODescriptor", `<md:Extensions><mdattr:EntityAttributes xmlns:mdattr="urn:oasis:names:tc:SAML:metadata:attribute" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+
		attribute(entityCategory, "https://refeds.org/category/personalized", "urn:example:ward")+attribute("urn:example:level", "3")+attribute(metadata.AttributeSubjectIDReq, signal...)+
		`</mdattr:EntityAttributes></md:Extensions><md:SPSSODescriptor`, 1)
	return []byte(strings.Replace(doc, "</md:SPSSODescriptor>", `<md:AttributeConsumingService index="1"><md:ServiceName xml:lang="en">a</md:ServiceName><md:RequestedAttribute Name="urn:mail" isRequired="true"/><md:RequestedAttribute Name="urn:phone"/></md:AttributeConsumingService></md:SPSSODescriptor>`, 1))
}

// TestExpressionsOfThePartner: rules may look at what the metadata says (IIP-IDP03, IIP-IDP04).
func TestExpressionsOfThePartner(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]bool{
		"partner.id == 'https://sp.example/'": true, "'https://refeds.org/category/personalized' in partner.categories": true, "'urn:other' in partner.categories": false,
		"'urn:example:level' in partner.attributes && '3' in partner.attributes['urn:example:level']": true, "'urn:other' in partner.attributes": false,
		"'urn:mail' in partner.requested && 'urn:phone' in partner.requested": true, "'urn:mail' in partner.required": true, "'urn:phone' in partner.required": false,
		"partner.subject_id == 'any'": true, "['a'].exists(x, x == partner.subject_id)": false,
	} {
		d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, Release: []Release{{Name: "x", Value: "'y'", When: expression}}}
		p, err := compiler.Compile(d, aboutMetadata(t, "any"), CompileOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(expression, err)
		}
		out, _, err := p.Terms.Release[0].When.Program.Eval(map[string]any{})
		if err != nil || out.Value() != want {
			t.Errorf("%s: %v, %v", expression, out, err)
		}
	}
	p, err := compile(t, strings.Replace(oidcDoc, "protocol:", "release: [{ name: x, value: \"size(partner.categories) == 0 && size(partner.attributes) == 0 ? partner.id : ''\" }]\nprotocol:", 1))
	if err != nil {
		t.Fatal(err)
	}
	if out, _, err := p.Terms.Release[0].Value.Program.Eval(map[string]any{}); err != nil || out.Value() != "epr" {
		t.Errorf("a partner without metadata: %v, %v", out, err)
	}
	if _, err := compile(t, strings.Replace(oidcDoc, "protocol:", "release: [{ name: x, value: partner.colour }]\nprotocol:", 1)); err == nil {
		t.Error("a field that is not there")
	}
}

// TestSubjectIdentifiers: the set gives what the metadata signals, exactly one, and nothing to a partner that signals nothing of its own
// or contradicts itself.
func TestSubjectIdentifiers(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]any{"subject": SubjectView{Scoped: "uid@rx1.example", PairwiseScoped: "pair@rx1.example"}}
	for signal, want := range map[string][]string{
		"subject-id": {"uid@rx1.example", ""}, "pairwise-id": {"", "pair@rx1.example"}, "any": {"", "pair@rx1.example"}, "none": {"", ""}, "": {"", ""}, "urn:x": {"", ""}, "subject-id any": {"", ""},
	} {
		d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, Release: []Release{{Set: "subject-identifiers"}}}
		p, err := compiler.Compile(d, aboutMetadata(t, strings.Fields(signal)...), CompileOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(signal, err)
		}
		var got []string
		for _, r := range p.Terms.Release {
			out, _, err := r.Value.Program.Eval(vars)
			if err != nil {
				t.Fatal(signal, err)
			}
			text, _ := out.Value().(string)
			got = append(got, text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q", signal, got)
		}
		for _, hint := range p.Hints() {
			if strings.Contains(hint, "(subject-id:req)") {
				t.Errorf("%q: %s", signal, hint)
			}
		}
	}
}

// TestHintOfSelfAsserted: entity attributes are what the metadata says of its own partner. Whoever applies terms that go by them is shown them, each
// time: newer metadata may say more. Others are not bothered.
func TestHintOfSelfAsserted(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	many := strings.Fields(strings.Repeat("urn:many ", 20))
	long := []string{"urn:" + strings.Repeat("x", 500)}
	for name, c := range map[string]struct {
		when, require string
		signal        []string
		want          string
	}{
		"by a category":     {when: "'urn:example:ward' in partner.categories", want: `"http://macedir.org/entity-category" is "urn:example:ward", "urn:example:level" is "3"`},
		"by an attribute":   {require: "partner.attributes['urn:example:level'] == ['3']", want: `"urn:example:level" is "3"`},
		"by its signal":     {when: "partner.subject_id == 'any'", signal: []string{"any"}, want: `subject-id:req" is "any"`},
		"by another name":   {when: "[partner].exists(p, 'x' in p.categories)", want: `"urn:example:level" is "3"`},
		"by too many":       {when: "partner.subject_id == 'any'", signal: many, want: ", …"},
		"by a long one":     {when: "partner.subject_id == 'any'", signal: long, want: "x…"},
		"by its id alone":   {when: "partner.id != ''"},
		"by something else": {when: "person.identity > 1"},
		"by nothing":        {},
	} {
		d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, Release: []Release{{Name: "urn:mail", Value: "'y'", When: c.when}}}
		d.Require.When = c.require
		p, err := compiler.Compile(d, aboutMetadata(t, c.signal...), CompileOptions{Now: time.Now()})
		if err != nil {
			t.Fatal(name, err)
		}
		got := strings.Join(p.Hints(), "\n")
		if strings.Contains(got, "you vouch") != (c.want != "") || !strings.Contains(got, c.want) || len(got) > 2000 {
			t.Errorf("%s: %q", name, got)
		}
	}
}
