package oidc

import (
	"encoding/json"
	"slices"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/smart"
)

// launchContext is what an app is launched with (SMART App Launch 2.2, Launch context arrives with your access token), as it is
// kept, told with a token, and told to resource servers.
type launchContext struct {
	Patient   string          `json:"patient,omitempty"`   // id of the FHIR resource
	Encounter string          `json:"encounter,omitempty"` // the same
	FHIR      json.RawMessage `json:"fhirContext,omitempty"`
	Banner    *bool           `json:"need_patient_banner,omitempty"`
	Intent    string          `json:"intent,omitempty"`
	Style     string          `json:"smart_style_url,omitempty"`
	Tenant    string          `json:"tenant,omitempty"`
}

// told is the part of a context that scopes give; nil if they give nothing. launch gives all of it; the scopes of a standalone launch,
// and clinical scopes of the patient in context, what they name.
func (l *launchContext) told(scopes []string) *launchContext {
	if l == nil || slices.Contains(scopes, trust.ScopeLaunch) {
		return l
	}
	var out launchContext
	if slices.Contains(scopes, trust.ScopeLaunchPatient) || slices.ContainsFunc(scopes, ofPatient) {
		out.Patient, out.Banner = l.Patient, l.Banner
	}
	if slices.Contains(scopes, trust.ScopeLaunchEncounter) {
		out.Encounter = l.Encounter
	}
	if out.empty() {
		return nil
	}
	return &out
}

func (l *launchContext) empty() bool { return l.Patient == "" && l.Encounter == "" }

func ofPatient(scope string) bool { return levelOf(scope) == smart.Patient }

// into adds what scopes give of a context to the claims of a token, or to what is said of one.
func (l *launchContext) into(claims map[string]any, scopes []string) {
	t := l.told(scopes)
	if t == nil {
		return
	}
	for name, text := range map[string]string{"patient": t.Patient, "encounter": t.Encounter, "intent": t.Intent, "smart_style_url": t.Style, "tenant": t.Tenant} {
		if text != "" {
			claims[name] = text
		}
	}
	if t.Banner != nil {
		claims["need_patient_banner"] = *t.Banner
	}
	if len(t.FHIR) > 0 {
		claims["fhirContext"] = t.FHIR
	}
}

// settled are the scopes that can be granted with a context, which may be nil: a scope that asks for what is not there is left out, and
// so is every scope of the patient in context where there is no such patient.
func (l *launchContext) settled(scopes []string, launched bool) []string {
	have := launchContext{}
	if l != nil {
		have = *l
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool {
		switch {
		case s == trust.ScopeLaunch:
			return !launched
		case s == trust.ScopeLaunchPatient, ofPatient(s):
			return have.Patient == ""
		case s == trust.ScopeLaunchEncounter:
			return have.Encounter == ""
		}
		return false
	})
}

// withoutContext is for sign-ons that no app is launched with.
func withoutContext(scopes []string) []string { return (*launchContext)(nil).settled(scopes, false) }
