package trust

import (
	"slices"
	"strings"
	"testing"
)

// TestEffectiveActivitiesAreTypeChecked: a misspelt field is refused when the terms are proposed.
func TestEffectiveActivitiesAreTypeChecked(t *testing.T) {
	for condition, want := range map[string]string{
		"'B0820' in role.effective_activities":                        "",
		"role.effective.activities.exists(a, a.source == 'included')": "",
		"'B0820' in role.efective_activities":                         "efective_activities",
		"820 in role.effective_activities":                            "no matching overload",
		"'B0820' in role.effective":                                   "no matching overload",
		"role.effective.activities.exists(a, a.colour == '')":         "colour",
		"role.effective_activities":                                   "not bool",
	} {
		_, err := compile(t, ticketDoc+"require: { when: \""+condition+"\" }\n")
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", condition, err, want)
		}
	}
}

// TestEffectiveActivitiesSet: by protocol, and never by the set cis2.
func TestEffectiveActivitiesSet(t *testing.T) {
	names := func(r Release, p Protocol) (out []string) {
		rules, err := r.expand(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			out = append(out, r.Name)
		}
		return out
	}
	named := Release{Set: EffectiveActivities}
	if got := names(named, OIDC); !slices.Equal(got, []string{"effective_activities"}) || !slices.Equal(got, ScopeClaims(EffectiveActivities)) {
		t.Errorf("OIDC: %v", got)
	}
	if got := names(named, SAML2); len(got) != 1 || !strings.HasPrefix(got[0], "https://") || !strings.HasSuffix(got[0], "/computed-effective-activities") {
		t.Errorf("SAML: %v", got)
	}
	if got := names(Release{Set: "cis2"}, OIDC); slices.Contains(got, "effective_activities") || slices.Contains(CIS2Scopes(), EffectiveActivities) {
		t.Errorf("CIS2 has no such claim: %v, %v", got, CIS2Scopes())
	}
	if _, err := (Release{Set: "everything"}).expand(OIDC); err == nil || !strings.Contains(err.Error(), EffectiveActivities) {
		t.Errorf("the sets that there are: %v", err)
	}
}
