package trust

import (
	"errors"
	"strings"
	"testing"
)

// TestSmartTerms lists what terms may say of SMART App Launch and IHE IUA, and what of it is refused.
func TestSmartTerms(t *testing.T) {
	compile := oidcDocuments(t, "partner: app\nprotocol: oidc\nstage: test\n%\n  redirect_uris: [https://app.example/cb]\n")
	const public = "oidc:\n  auth: none"
	secret := "oidc:\n  secret_sha256: " + strings.Repeat("ab", 32)
	for section, want := range map[string]string{
		public + "\n  scopes: [launch, launch/patient, fhirUser, 'user/*.rs', 'patient/Observation.rs?category=a|b']": "",
		public + "\n  scopes: ['patient/Observation.dus']":                                                            "oidc.scopes",
		public + "\n  scopes: ['user/patient.rs']":                                                                    "oidc.scopes",
		public + "\n  smart: { launch_uri: 'https://app.example/launch' }":                                            "",
		public + "\n  smart: { launch_uri: 'http://app.example/launch' }":                                             "oidc.smart.launch_uri",
		public + "\n  smart: { fhir_base: '/r4' }":                                                                    "oidc.smart.fhir_base",
		public + "\n  smart: { fhir_base: 'https://fhir.example/?a' }":                                                "oidc.smart.fhir_base",
		public + "\n  smart: { launches: [app] }":                                                                     "oidc.smart.launches",
		secret + "\n  smart: { launches: [app] }":                                                                     "",
		secret + "\n  smart: { launches: [''] }":                                                                      "oidc.smart.launches",
		public + "\n  iua: { home_community_id: 'urn:oid:1.2.3' }":                                                    "",
		public + "\n  iua: { home_community_id: '1.2.3' }":                                                            "oidc.iua.home_community_id",
		"release: [{ set: smart }, { set: iua }]\n" + public + "\n  smart: { fhir_base: 'https://fhir.example/r4/' }": "",
		"release: [{ set: smart }]\n" + public:                                                                        "fhir_base",
		"release: [{ name: patient, value: person.uid }]\n" + public:                                                  "patient",
		"release: [{ name: extensions, value: person.uid }]\n" + public:                                               "extensions",
	} {
		_, err := compile(section)
		if want == "" && err != nil || want != "" && (!errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", section, err, want)
		}
	}
	p, err := compile("release: [{ set: smart }]\n" + public + "\n  smart: { fhir_base: 'https://fhir.example/r4/' }")
	if err != nil || !strings.Contains(p.Terms.Release[0].Value.Source, `"https://fhir.example/r4" + '/PractitionerRole/'`) {
		t.Errorf("the base is not in the rule: %v %+v", err, p.Terms.Release)
	}
	if _, err := (Release{Set: "smart"}).expand(SAML2); err == nil {
		t.Error("the set smart is for SAML")
	}
	for name, s := range smartSets {
		for _, r := range s {
			if strings.Contains(r.Value, "https://fhir.example") {
				t.Errorf("set %s was filled for good", name)
			}
		}
	}
}
