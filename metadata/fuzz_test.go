package metadata

import (
	"slices"
	"testing"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// FuzzParse: whatever the gate lets through is parsed or refused, and the retained bytes say the same again.
func FuzzParse(f *testing.F) {
	f.Add([]byte(goodPartner(f)))
	f.Add([]byte(withKeys(rsaKeyValue(testKey().N, 3))))
	f.Add([]byte(published(f, hub(f))))
	f.Add([]byte(`<md:EntitiesDescriptor xmlns:md="` + space + `"><md:EntityDescriptor entityID="a"/><md:EntityDescriptor entityID="b"/></md:EntitiesDescriptor>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		v, err := xmlsec.AcceptUnsigned(doc, xmlsec.MetadataLimits())
		if err != nil {
			return
		}
		e, err := Parse(v)
		if err != nil {
			if e, err = ParseEntity(v, "b"); err == nil && e.ID != "b" {
				t.Fatalf("another entity of the aggregate: %s", e.ID)
			}
		}
		if err != nil {
			return
		}
		findings := Lint(e, now)
		for _, f := range findings {
			if f.Code == "" || f.Message == "" || f.Severity == 0 {
				t.Fatalf("an empty finding: %+v", f)
			}
		}
		if e.SP != nil && len(e.SP.ACS) > 0 {
			isDefault := func(acs IndexedEndpoint) bool { return acs.Default }
			if i := slices.IndexFunc(e.SP.ACS, isDefault); i < 0 || slices.ContainsFunc(e.SP.ACS[i+1:], isDefault) {
				t.Fatal("not one default assertion consumer service")
			}
		}
		again := parsed(t, string(e.Raw))
		if again.ID != e.ID || (again.SP == nil) != (e.SP == nil) || again.DisplayName != e.DisplayName {
			t.Fatalf("the retained bytes say something else: %s", e.Raw)
		}
	})
}
