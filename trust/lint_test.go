package trust

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
)

// TestPlainEntityID: a system whose entityID is no URI is a partner by its terms only, and its administrator reads that.
func TestPlainEntityID(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	named := func(id string) []byte {
		return []byte(strings.Replace(string(metadataListing(t)), "https://sp.example/", id, 1))
	}
	for name, c := range map[string]struct {
		id      string
		terms   SAMLDocument
		refused string
		warned  bool
	}{
		"a URI":                 {"urn:example:sp", SAMLDocument{}, "", false},
		"a URI, permitted":      {"urn:example:sp", SAMLDocument{AllowPlainEntityID: true}, "", false},
		"a name":                {"rx1.example", SAMLDocument{}, "saml.allow_plain_entity_id", false},
		"a name, permitted":     {"rx1.example", SAMLDocument{AllowPlainEntityID: true}, "", true},
		"dot segments":          {"rx1/../sp", SAMLDocument{AllowPlainEntityID: true}, "dot segments", false},
		"too long, permitted":   {strings.Repeat("x", 1025), SAMLDocument{AllowPlainEntityID: true}, "1024 characters", false},
		"a name of the longest": {strings.Repeat("x", 1024), SAMLDocument{AllowPlainEntityID: true}, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: c.id, Protocol: SAML2, Stage: Live, SAML: &c.terms}
			p, err := compiler.Compile(d, named(c.id), CompileOptions{Now: time.Now()})
			if (err != nil) != (c.refused != "") || err != nil && !strings.Contains(err.Error(), c.refused) {
				t.Fatalf("error %v, want %q", err, c.refused)
			}
			if err == nil && warns(p, "entity_id_plain") != c.warned {
				t.Errorf("warned: %v", !c.warned)
			}
		})
	}
}

// TestRequestsSignedForAll: the configuration demands what no terms can take back, and a partner that could never meet it is
// pointed out.
func TestRequestsSignedForAll(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	both := metadataListing(t)
	encryption := []byte(strings.Replace(string(both), "<md:KeyDescriptor>", `<md:KeyDescriptor use="encryption">`, 1))
	for name, c := range map[string]struct {
		all, terms       bool
		metadata         []byte
		required, warned bool
	}{
		"nobody demands it":     {false, false, both, false, false},
		"the terms":             {false, true, both, true, false},
		"the configuration":     {true, false, both, true, false},
		"no key, no demand":     {false, false, encryption, false, false},
		"no key, the terms":     {false, true, encryption, true, true},
		"no key, configuration": {true, false, encryption, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &SAMLDocument{SignedRequests: c.terms}}
			p, err := compiler.Compile(d, c.metadata, CompileOptions{Now: time.Now(), SAML: SAMLDefaults{RequestsSigned: c.all}})
			if err != nil {
				t.Fatal(err)
			}
			if p.SAML.RequestsSigned != c.required || warns(p, "no_signing_key") != c.warned {
				t.Errorf("required %v, warned %v", p.SAML.RequestsSigned, !c.warned)
			}
		})
	}
}

func warns(p Partner, code string) bool {
	return slices.ContainsFunc(p.SAML.Lint(time.Now()), func(f metadata.Finding) bool {
		return f.Code == code && f.Severity == metadata.Warning
	})
}
