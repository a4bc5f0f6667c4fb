package metadata

import (
	"errors"
	"strings"
	"testing"
)

// TestParseEntity chooses from aggregates, nested ones included; what ends first of all that an entity stands in bounds it.
func TestParseEntity(t *testing.T) {
	const pas, epr = "https://pas.rx1.example/shibboleth", "https://epr.rx1.example/shibboleth"
	one := goodPartner(t)
	one = one[strings.Index(one, "<md:"):]
	one = replace(t, one, ` xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"`, "")
	other := strings.ReplaceAll(one, "pas.rx1", "epr.rx1")
	const root, inner, end = `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">`, `<md:EntitiesDescriptor validUntil="2026-12-01T00:00:00Z">`, `</md:EntitiesDescriptor>`
	beside := root + "<md:Extensions/>" + one + inner + other + end + end
	for name, c := range map[string]struct{ doc, id, until string }{
		"first":             {root + one + other + end, pas, "2027-01-01"},
		"second":            {root + one + other + end, epr, "2027-01-01"},
		"beside":            {beside, pas, "2027-01-01"},
		"nested":            {beside, epr, "2026-12-01"},
		"alone, nested":     {root + inner + one + end + end, "", "2026-12-01"},
		"alone, of another": {root + one + end, epr, "2027-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := ParseEntity(accepted(t, c.doc), c.id)
			want := c.id
			if strings.HasPrefix(name, "alone") {
				want = pas
			}
			if err != nil || e.ID != want || e.ValidUntil.Format("2006-01-02") != c.until {
				t.Errorf("%s until %s, %v", e.ID, e.ValidUntil, err)
			}
			if again := parsed(t, string(e.Raw)); again.ID != want {
				t.Errorf("raw bytes do not stand alone: %s", e.Raw)
			}
		})
	}
	for name, c := range map[string]struct{ doc, id, says string }{
		"none chosen":          {root + one + other + end, "", "aggregate of 2: " + pas + ", " + epr},
		"not there":            {root + one + other + end, "https://lab.rx1.example", "aggregate of 2 without https://lab.rx1.example: " + pas},
		"another case":         {root + one + other + end, strings.ToUpper(pas), "without"},
		"there twice":          {root + one + other + one + end, pas, "more than once"},
		"twice, nested":        {root + one + inner + one + end + end, pas, "more than once"},
		"many":                 {root + strings.Repeat(other, 7) + end, pas, epr + ", …"},
		"empty":                {root + end, pas, "aggregate of 0"},
		"in an entity's place": {root + `<x xmlns="urn:x">` + one + `</x>` + other + other + end, pas, "without"},
	} {
		t.Run(name, func(t *testing.T) {
			if e, err := ParseEntity(accepted(t, c.doc), c.id); !errors.Is(err, ErrNotMetadata) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s, %v", e.ID, err)
			}
		})
	}
}
