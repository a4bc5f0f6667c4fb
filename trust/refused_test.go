package trust

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// TestRefusedAlgorithms: what the configuration refuses cannot be chosen, neither by terms nor by metadata (IIP-ALG08).
func TestRefusedAlgorithms(t *testing.T) {
	compiler, err := NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		algorithm string
		methods   []string // of encryption in the metadata
		refused   []string
		wrong     string
	}{
		"nothing":                  {"RS256", []string{xmlsec.AES256GCM}, nil, ""},
		"something else":           {"RS256", []string{xmlsec.AES256GCM}, []string{xmlsec.RSASHA512, xmlsec.AES128GCM}, ""},
		"algorithm of the terms":   {"RS512", nil, []string{xmlsec.RSASHA512}, "saml.algorithm: RS512 is refused"},
		"all listed encryption":    {"", []string{xmlsec.AES256GCM}, []string{xmlsec.AES256GCM}, "saml.refuse_algorithms of the configuration takes away " + xmlsec.AES256GCM},
		"one of listed encryption": {"", []string{xmlsec.AES256GCM, xmlsec.AES128GCM}, []string{xmlsec.AES256GCM}, ""},
	} {
		d := Document{Partner: "https://sp.example/", Protocol: SAML2, Stage: Live, SAML: &SAMLDocument{Algorithm: c.algorithm}}
		_, err := compiler.Compile(d, metadataListing(t, c.methods...), CompileOptions{Now: time.Now(), SAML: SAMLDefaults{Refused: c.refused}})
		if (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// of a list in the metadata the rest counts
	b := builder{o: CompileOptions{SAML: SAMLDefaults{Refused: []string{xmlsec.ECDSASHA256, xmlsec.RSASHA512}}}}
	terms := &SAMLTerms{Algorithm: "RS256", Entity: metadata.Entity{SP: &metadata.ServiceProvider{SigningMethods: []metadata.SigningMethod{
		{Algorithm: xmlsec.ECDSASHA256}, {Algorithm: xmlsec.RSASHA384}, {Algorithm: xmlsec.RSASHA512},
	}}}}
	b.signing(terms, "")
	if len(b.errs) != 0 || len(terms.Listed) != 1 || terms.Listed[0].Algorithm != keyring.RS384 {
		t.Errorf("%+v %v", terms.Listed, b.errs)
	}
}
