package trust

import (
	"strings"
	"testing"
	"time"
)

func TestEmergencyTerms(t *testing.T) {
	c, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		text    string
		allowed bool
		release int    // rules under emergency access; of one rule without
		want    string // part of the error; empty: none
	}{
		"nothing said":       {"", false, 1, ""},
		"not allowed":        {"emergency: { allow: false }\n", false, 1, ""},
		"allowed":            {"emergency: { allow: true }\n", true, 1, ""},
		"nothing released":   {"emergency: { allow: true, release: [] }\n", true, 0, ""},
		"released otherwise": {"emergency: { allow: true, release: [{ set: emergency }] }\n", true, 2, ""},
		"half said":          {"emergency: { unasked: true }\n", false, 1, "without allow: true"},
		"a rule is wrong":    {"emergency: { allow: true, release: [{ name: x, value: nobody.uid }] }\n", true, 0, "emergency.release[0]"},
		"a claim is taken":   {"emergency: { allow: true, release: [{ name: acr, value: person.uid }] }\n", true, 0, "acr"},
	} {
		t.Run(name, func(t *testing.T) {
			docs, err := ReadDocuments(strings.NewReader("partner: p\nprotocol: oidc\noidc: { auth: none, redirect_uris: [https://p.example/cb] }\nrelease: [{ name: uid, value: person.uid }]\n" + tc.text))
			if err != nil {
				t.Fatal(err)
			}
			canonical, err := docs[0].Canonical()
			if err != nil {
				t.Fatal(err)
			}
			again, err := ReadDocuments(strings.NewReader(string(canonical)))
			if err != nil {
				t.Fatal(err)
			}
			p, err := c.Compile(again[0], nil, CompileOptions{Now: time.Now()})
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if (p.Terms.Emergency != nil) != tc.allowed || len(p.Terms.Released(true)) != tc.release || len(p.Terms.Released(false)) != 1 {
				t.Errorf("%+v, %d released", p.Terms.Emergency, len(p.Terms.Released(true)))
			}
		})
	}
}

// TestEmergencyClassIsItsOwn: no terms make the class of emergency access one of a normal sign-in.
func TestEmergencyClassIsItsOwn(t *testing.T) {
	const class = "urn:example:emergency"
	for _, terms := range []string{
		"contexts: ['" + class + " AAL3']", "state_context: '" + class + "'", "default_context: '" + class + "'", "contexts: ['" + class + " AAL3'], state_context: '" + class + "'",
	} {
		for _, emergency := range []string{class, ""} {
			b := builder{o: CompileOptions{SAML: SAMLDefaults{Emergency: emergency}}}
			docs, err := ReadDocuments(strings.NewReader("partner: p\nprotocol: saml2\nsaml: { " + terms + " }\n"))
			if err != nil {
				t.Fatal(err)
			}
			b.contexts(&SAMLTerms{}, docs[0].SAML)
			said := false
			for _, err := range b.errs {
				said = said || strings.Contains(err.Error(), "emergency access")
			}
			if said != (emergency != "") {
				t.Errorf("%s with %q: %v", terms, emergency, b.errs)
			}
		}
	}
}
