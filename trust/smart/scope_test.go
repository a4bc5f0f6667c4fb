package smart

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestParse lists scopes and their canonical forms; empty: refused.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"patient/Observation.rs": "patient/Observation.rs",
		"user/*.cruds":           "user/*.cruds",
		"system/Patient.r":       "system/Patient.r",
		"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory": "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
		"patient/Observation.rs?b=2&a=1&b=2":                           "patient/Observation.rs?a=1&b=2",
		"user/Observation.s?code:in=http://x/y&subject:Patient.name=z": "user/Observation.s?code:in=http://x/y&subject:Patient.name=z",
		"patient/*.read":            "patient/*.rs",
		"patient/Observation.write": "patient/Observation.cud",
		"user/*.*":                  "user/*.cruds",
		"patient/Observation.dus":   "", "patient/Observation.rd?x": "", "patient/Observation.rr": "", "patient/Observation.sr": "",
		"patient/Observation.": "", "patient/Observation": "", "patient/.rs": "", "patient/observation.rs": "", "patient/Obs-x.rs": "", "patient/*x.rs": "",
		"patient/Observation.rs?": "", "patient/Observation.rs?a": "", "patient/Observation.rs?a=": "", "patient/Observation.rs?=b": "", "patient/Observation.rs?a=1&": "",
		"patient/Observation.read?a=1": "", "patient/Observation.rs?_include=Observation:subject": "", "patient/Observation.rs?a=b c": "", "patient/Observation.rs?a=\"": "",
		"launch/patient": "", "openid": "", "Patient/Observation.rs": "", "practitioner/*.rs": "", "patient/Observation.Read": "", "patient/Observation.rs.rs": "",
		"patient/" + strings.Repeat("A", 65) + ".rs": "", "patient/A.rs?a=" + strings.Repeat("x", maxScope): "",
	} {
		s, err := Parse(text)
		switch {
		case want == "" && !errors.Is(err, ErrScope):
			t.Errorf("%s: read as %s", text, s)
		case want != "" && (err != nil || s.String() != want):
			t.Errorf("%s: %s %v, want %s", text, s, err, want)
		}
	}
}

// TestNarrow lists what terms make of a request.
func TestNarrow(t *testing.T) {
	for _, c := range []struct{ permitted, asked, want string }{
		{"user/*.rs", "user/*.cruds", "user/*.rs"},
		{"user/Patient.rs user/Observation.r", "user/*.rs", "user/Patient.rs user/Observation.r"},
		{"user/*.r user/*.s", "user/Patient.rs", "user/Patient.rs"},
		{"patient/Observation.rs?category=lab", "patient/Observation.rs", "patient/Observation.rs?category=lab"},
		{"patient/Observation.rs?category=lab", "patient/Observation.r?code=1", "patient/Observation.r?category=lab&code=1"},
		{"patient/Observation.rs?category=lab patient/*.rs", "patient/Observation.rs", "patient/Observation.rs"},
		{"patient/*.rs", "user/*.rs", ""},
		{"system/*.rs", "user/*.rs", ""},
		{"user/*.cud", "user/*.rs", ""},
		{"user/Patient.rs", "user/Observation.rs", ""},
		{"", "user/*.rs", ""},
	} {
		var got []string
		for _, s := range Narrow(all(t, c.permitted), all(t, c.asked)[0]) {
			got = append(got, s.String())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s of %s: %v, want %s", c.asked, c.permitted, got, c.want)
		}
	}
}

func all(t *testing.T, text string) []Scope {
	t.Helper()
	var out []Scope
	for _, f := range strings.Fields(text) {
		s, err := Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// anyScope draws from a small world, in which much overlaps.
func anyScope() *rapid.Generator[Scope] {
	return rapid.Custom(func(t *rapid.T) Scope {
		s := Scope{
			Level:    rapid.SampledFrom([]Level{Patient, User}).Draw(t, "level"),
			Resource: rapid.SampledFrom([]string{"*", "Patient", "Observation"}).Draw(t, "resource"),
			Actions:  Actions(rapid.IntRange(1, 31).Draw(t, "actions")),
		}
		s.Query = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a=1", "b=2", "c=3"}), 0, 2, rapid.ID).Draw(t, "query")
		slices.Sort(s.Query)
		if len(s.Query) == 0 {
			s.Query = nil
		}
		return s
	})
}

// TestProperties: the canonical form reads back; covering is reflexive and transitive; what is narrowed is covered by both sides, is the
// whole if and only if it was covered, holds every scope that both sides cover, and narrows to itself.
func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, permitted := anyScope().Draw(t, "asked"), rapid.SliceOfN(anyScope(), 0, 5).Draw(t, "permitted")
		if back, err := Parse(s.String()); err != nil || !back.Equal(s) {
			t.Fatalf("%s reads back as %s %v", s, back, err)
		}
		if !Covered([]Scope{s}, s) {
			t.Fatalf("%s does not cover itself", s)
		}
		got := Narrow(permitted, s)
		for _, g := range got {
			if !Covered(permitted, g) || !Covered([]Scope{s}, g) {
				t.Fatalf("%s of %v is more than both", g, permitted)
			}
			if again := Narrow(permitted, g); len(again) != 1 || !again[0].Equal(g) {
				t.Fatalf("%s narrows once more, to %v", g, again)
			}
		}
		if whole := len(got) == 1 && got[0].Equal(s); whole != Covered(permitted, s) {
			t.Fatalf("%s of %v is %v", s, permitted, got)
		}
		less := anyScope().Draw(t, "less")
		if Covered(permitted, less) && Covered([]Scope{s}, less) && !Covered(got, less) {
			t.Fatalf("%s is in both %s and %v, and not in %v", less, s, permitted, got)
		}
		if Covered(permitted, s) && Covered([]Scope{s}, less) && !Covered(permitted, less) {
			t.Fatalf("%v covers %s, which covers %s, and not that", permitted, s, less)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"patient/Observation.rs?category=a|b&b=2", "user/*.*", "system/*.read", "patient/Observation.dus", "launch/patient", "user/A.c?a=%20"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		back, err := Parse(s.String())
		if err != nil || !back.Equal(s) || !Covered([]Scope{s}, back) || strings.ContainsAny(s.String(), " \"\\") {
			t.Errorf("%q is %q, which is %v %v", text, s, back, err)
		}
	})
}
