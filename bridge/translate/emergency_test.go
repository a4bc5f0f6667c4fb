package translate

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

const emergencyACR = "AAL2_EMERGENCY"

// emergencyTranslator has emergency access in OpenID Connect.
var emergencyTranslator = Translator{Salt: translator.Salt, Scope: translator.Scope, Emergency: map[trust.Protocol]string{trust.OIDC: emergencyACR}}

// TestEmergencyIsToldAsSuch holds for any session, terms and request: what is told under emergency access is told under its own class
// and no longer than it is open, only to partners whose terms allow it, and never of a person who is not active; and whatever is told
// otherwise is, to the last byte, what the same session would be told without.
func TestEmergencyIsToldAsSuch(t *testing.T) {
	documents := []string{
		"", "require: { role: true }", "require: { assurance: AAL3 }", "require: { identity: 3 }", "require: { when: \"role.code == 'R8000'\" }",
		"require: { when: \"role.code == 'R8001' && !session.emergency\" }", "require: { when: \"role.code == 'R8001' && session.emergency\" }", "require: { when: \"person.professional['gmc_id'] != ''\" }",
	}
	allows := []string{"", "emergency: { allow: false }\n", "emergency: { allow: true }\n", "emergency: { allow: true, unasked: true }\n", "emergency: { allow: true, release: [{ name: x, value: session.standing }] }\n"}
	told := 0
	rapid.Check(t, func(rt *rapid.T) {
		f := facts(t, rapid.SampledFrom(allows).Draw(rt, "allow")+rapid.SampledFrom(documents).Draw(rt, "terms")+"\nrelease: [{ name: e, value: session.emergency }, { name: uid, value: person.uid }]\n")
		f.Session.Assurance = bridge.Assurance(rapid.IntRange(1, 3).Draw(rt, "assurance"))
		f.Session.Standing = rapid.SampledFrom([]bridge.Standing{"", bridge.StandingFresh, bridge.StandingStale, bridge.StandingUnknown, bridge.StandingEmergency, bridge.StandingOff}).Draw(rt, "standing")
		f.Session.Emergency = f.Now.Add(time.Duration(rapid.IntRange(-2, 2).Draw(rt, "until")) * time.Minute)
		f.Person.Identity = people.IdentityLevel(rapid.IntRange(1, 3).Draw(rt, "identity"))
		f.Contexts = rapid.SampledFrom([][]bridge.AuthnContext{nil, {{Class: "AAL3_ANY", Min: 3}}, {{Class: emergencyACR, Emergency: true}}, {{Class: "AAL3_ANY", Min: 3}, {Class: emergencyACR, Emergency: true}}}).Draw(rt, "contexts")
		if rapid.Bool().Draw(rt, "no role") {
			f.Role = people.RoleProfile{}
		}
		f.Person.Status = rapid.SampledFrom([]people.Status{people.Active, people.Active, people.Suspended}).Draw(rt, "status")

		iss, err := emergencyTranslator.Translate(f)
		without := f
		without.Session.Emergency = time.Time{}
		plain, plainErr := emergencyTranslator.Translate(without)
		switch {
		case err != nil:
			if plainErr == nil && !f.Session.EmergencyOnly() {
				rt.Fatalf("emergency access took away what a good proof does for: %v", err)
			}
		case iss.Emergency.IsZero():
			if f.Session.EmergencyOnly() || iss.Class == emergencyACR || plainErr != nil || !reflect.DeepEqual(iss, plain) {
				rt.Fatalf("told %+v, without emergency access %+v, %v", iss, plain, plainErr)
			}
		default:
			told++
			if iss.Class != emergencyACR || !iss.Emergency.Equal(f.Session.Emergency) || !f.Now.Before(iss.Emergency) || f.Partner.Terms.Emergency == nil || f.Person.Status != people.Active {
				rt.Fatalf("told under emergency access: %+v", iss)
			}
			if a, ok := iss.Attribute("e"); ok && (len(a.Values) != 1 || a.Values[0] != true) {
				rt.Fatalf("session.emergency is %v", a.Values)
			}
		}
	})
	if told == 0 {
		t.Error("nothing was ever told under emergency access")
	}
}

func TestEmergencyRelease(t *testing.T) {
	for document, want := range map[string][]string{
		"emergency: { allow: true }\nrelease: [{ set: emergency }]":                                   {"emergency_access", "authentication_standing"},
		"emergency: { allow: true, release: [] }\nrelease: [{ set: emergency }]":                      nil,
		"emergency: { allow: true, release: [{ set: emergency, when: 'session.standing != \"\"' }] }": {"emergency_access", "authentication_standing"},
	} {
		f := facts(t, document)
		f.Session.Emergency, f.Session.Standing = f.Now.Add(time.Minute), bridge.StandingEmergency
		iss, err := emergencyTranslator.Translate(f)
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if iss.Standing != bridge.StandingUnknown {
			t.Errorf("%s: it stands %q", document, iss.Standing)
		}
		var names []string
		for _, a := range iss.Attributes {
			names = append(names, a.Name)
			if a.Name == "authentication_standing" && (len(a.Values) != 1 || a.Values[0] != "unknown") {
				t.Errorf("%s: it stands %v", document, a.Values)
			}
		}
		if !reflect.DeepEqual(names, want) {
			t.Errorf("%s: %v, want %v", document, names, want)
		}
	}
}

// TestEmergencyNeedsAName: a protocol without a class for it is told nothing under it.
func TestEmergencyNeedsAName(t *testing.T) {
	f := facts(t, "emergency: { allow: true }")
	f.Session.Emergency, f.Session.Standing = f.Now.Add(time.Minute), bridge.StandingEmergency
	if _, err := translator.Translate(f); err == nil || bridge.AsRefusal(err).Reason != bridge.RevocationUnknown {
		t.Errorf("error = %v", err)
	}
}
