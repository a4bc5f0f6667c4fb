package trust

import (
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata"
)

func TestHints(t *testing.T) {
	const subjectID, pairwiseID = "urn:oasis:names:tc:SAML:attribute:subject-id", "urn:oasis:names:tc:SAML:attribute:pairwise-id"
	for name, c := range map[string]struct {
		needs    string
		required bool
		releases []string
		want     []string
	}{
		"nothing asked": {}, "none": {needs: "none"}, "something of its own": {needs: "urn:x"},
		"subject-id":           {needs: "subject-id", want: []string{"subject-id"}},
		"subject-id, another":  {needs: "subject-id", releases: []string{pairwiseID}, want: []string{"subject-id"}},
		"subject-id, released": {needs: "subject-id", releases: []string{subjectID}},
		"any":                  {needs: "any", want: []string{"pairwise-id"}},
		"any, one of them":     {needs: "any", releases: []string{subjectID}}, "any, the other": {needs: "any", releases: []string{pairwiseID}},
		"attribute": {required: true, want: []string{"urn:mail (mail)"}}, "attribute, released": {required: true, releases: []string{"urn:mail"}},
	} {
		p := Partner{SAML: &SAMLTerms{}}
		if c.needs != "" {
			p.SAML.Entity.Attributes = map[string][]string{metadata.AttributeSubjectIDReq: {c.needs}}
		}
		p.SAML.Entity.Requested = []metadata.RequestedAttribute{{Name: "urn:mail", FriendlyName: "mail", Required: c.required}}
		for _, r := range c.releases {
			p.Terms.Release = append(p.Terms.Release, Rule{Name: r})
		}
		got := p.Hints()
		if len(got) != len(c.want) || len(got) == 1 && !strings.Contains(got[0], c.want[0]) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := (Partner{}).Hints(); got != nil {
		t.Errorf("no SAML: %q", got)
	}
}

func TestHintsOfTheFrontChannel(t *testing.T) {
	for name, c := range map[string]struct {
		terms OIDCTerms
		want  string
	}{
		"none":                   {OIDCTerms{}, ""},
		"back channel":           {OIDCTerms{BackchannelLogoutURI: "b"}, ""},
		"both":                   {OIDCTerms{BackchannelLogoutURI: "b", FrontchannelLogoutURI: "f", FrontchannelSession: true}, "is not used"},
		"front, without session": {OIDCTerms{FrontchannelLogoutURI: "f"}, "keep from frames"},
		"front, with session":    {OIDCTerms{FrontchannelLogoutURI: "f", FrontchannelSession: true}, ""},
	} {
		got := Partner{OIDC: &c.terms}.Hints()
		if len(got) > 1 || (len(got) == 1) != (c.want != "") || len(got) == 1 && !strings.Contains(got[0], c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
