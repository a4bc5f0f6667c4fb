package translate

import (
	"encoding/json"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestPlace: the workstation is told by the set and in expressions, and nothing is for a session at none that is known.
func TestPlace(t *testing.T) {
	at := bridge.Place{Workstation: "bay4", Key: "thumb", User: "2", Card: "ab12"}
	for name, c := range map[string]struct {
		release string
		at      bridge.Place
		want    string
	}{
		"the set":                 {"{ set: workstation }", at, `[{"id":"bay4","jkt":"thumb"}]`},
		"the set, nowhere":        {"{ set: workstation }", bridge.Place{}, ""},
		"the id":                  {"{ name: n, value: session.workstation }", at, `["bay4"]`},
		"the key":                 {"{ name: n, value: session.place.jkt }", at, `["thumb"]`},
		"by the place":            {"{ name: n, value: person.uid, when: \"session.workstation == 'bay4'\" }", at, `["555021935107"]`},
		"by the place, elsewhere": {"{ name: n, value: person.uid, when: \"session.workstation == 'bay4'\" }", bridge.Place{Workstation: "bay5"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := facts(t, "release: ["+c.release+"]")
			f.Session.Workstation, f.Place = c.at.Workstation, c.at
			iss, err := translator.Translate(f)
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(iss.Attributes) != 0 {
					t.Errorf("%+v", iss.Attributes)
				}
				return
			}
			if len(iss.Attributes) != 1 {
				t.Fatalf("%+v, withheld %+v", iss.Attributes, iss.Withheld)
			}
			if got, err := json.Marshal(iss.Attributes[0].Values); err != nil || string(got) != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// TestNeedsPlace: the place is looked up for terms that speak of it alone.
func TestNeedsPlace(t *testing.T) {
	for document, want := range map[string]bool{
		"release: [{ set: workstation }]":                                              true,
		"require: { when: \"session.place.id != ''\" }":                                true,
		"release: [{ name: n, value: person.uid, when: \"session.place.jkt == ''\" }]": true,
		"require: { when: \"session.workstation != ''\" }":                             false,
		"release: [{ set: cis2 }]":                                                     false,
		"emergency: { allow: true, release: [{ set: workstation }] }":                  true,
	} {
		if got := facts(t, document).Partner.Terms.NeedsPlace(); got != want {
			t.Errorf("%s: %v", document, got)
		}
	}
}
