package people

import (
	"errors"
	"fmt"

	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const goodRBAC = `activities:
- { code: B0825, name: Amend Patient Demographics, includes: [B0820] }
- { code: B0820, name: View Patient Demographics }
- { code: B0420, name: Independent Prescribing, includes: [B0360] }
- { code: B0360, name: View Detailed Health Records, includes: [B0820] }
roles:
- { code: R8000, name: Clinical Practitioner Access Role, baseline: [B0360, B0420] }
- { code: R8008, name: Admin/Clinical Support Access Role, baseline: [] }
`

func readRBAC(t testing.TB, document string) *RBAC {
	t.Helper()
	b, err := ReadRBAC(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func profile(job string, activities ...string) RoleProfile {
	r := RoleProfile{Code: "S8000:G8000:" + job}
	for _, code := range activities {
		r.Activities = append(r.Activities, Coded{Code: code})
	}
	return r
}

// TestEffectiveSaysWhy: the nearest reason wins, each activity is there once, names come from the profile first.
func TestEffectiveSaysWhy(t *testing.T) {
	b := readRBAC(t, goodRBAC)
	for name, tc := range map[string]struct {
		role RoleProfile
		want string
	}{
		"nothing":                   {profile("R8001"), ""},
		"assigned alone":            {profile("R8001", "B9999"), "B9999 assigned"},
		"included":                  {profile("R8001", "B0825"), "B0825 assigned; B0820 included B0825"},
		"included through another":  {profile("R8001", "B0420"), "B0420 assigned; B0360 included B0420; B0820 included B0360"},
		"baseline":                  {profile("R8000"), "B0360 baseline; B0420 baseline; B0820 included B0360"},
		"assigned before baseline":  {profile("R8000", "B0420"), "B0420 assigned; B0360 baseline; B0820 included B0360"},
		"assigned before included":  {profile("R8001", "B0825", "B0820"), "B0825 assigned; B0820 assigned"},
		"the first that includes":   {profile("R8001", "B0825", "B0360"), "B0825 assigned; B0360 assigned; B0820 included B0825"},
		"assigned twice":            {profile("R8001", "B0820", "B0820"), "B0820 assigned"},
		"an empty baseline":         {profile("R8008", "B0820"), "B0820 assigned"},
		"another role's baseline":   {profile("R80001", "B0820"), "B0820 assigned"},
		"the job role, not a group": {RoleProfile{Code: "R8000:G8000:R8001"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, a := range b.Effective(tc.role) {
				got = append(got, strings.TrimSpace(a.Code+" "+string(a.Source)+" "+a.Via))
			}
			if strings.Join(got, "; ") != tc.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "; "), tc.want)
			}
		})
	}
	local := RoleProfile{Code: "S1:G1:R8001", Activities: []Coded{{Code: "B0825", Name: "As the profile says"}, {Code: "B0360"}, {Code: "B9999"}}}
	var names []string
	for _, a := range b.Effective(local) {
		names = append(names, a.Name)
	}
	if want := []string{"As the profile says", "View Detailed Health Records", "", "View Patient Demographics"}; !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	if got := (*RBAC)(nil).Effective(profile("R8000", "B0825")); len(got) != 1 || got[0].Source != AssignedActivity {
		t.Errorf("without a database: %+v", got)
	}
	if a, r := b.Size(); a != 4 || r != 2 {
		t.Errorf("size %d, %d", a, r)
	}
	if a, r := (*RBAC)(nil).Size(); a != 0 || r != 0 {
		t.Errorf("size of none %d, %d", a, r)
	}
}

// TestEffectiveEndsInACircle: a reader refuses one, the computation does not rely on that.
func TestEffectiveEndsInACircle(t *testing.T) {
	b := &RBAC{includes: map[string][]string{"B0001": {"B0002"}, "B0002": {"B0003", "B0002"}, "B0003": {"B0001"}}}
	if got := codesOf(b.Effective(profile("R8000", "B0001"))); !slices.Equal(got, []string{"B0001", "B0002", "B0003"}) {
		t.Errorf("effective %v", got)
	}
}

func codesOf(list []EffectiveActivity) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.Code)
	}
	return out
}

// anyRBAC has circles too: what is computed must not rely on a reader.
func anyRBAC(t *rapid.T, code *rapid.Generator[string]) *RBAC {
	lists := rapid.MapOfN(code, rapid.SliceOfN(code, 0, 4), 0, 12)
	return &RBAC{includes: lists.Draw(t, "includes"), baseline: map[string][]string{"R8000": rapid.SliceOfN(code, 0, 4).Draw(t, "baseline")}}
}

// TestEffectiveIsAClosure holds for any inclusions, baseline and profile.
func TestEffectiveIsAClosure(t *testing.T) {
	code := rapid.Map(rapid.IntRange(0, 19), func(i int) string { return fmt.Sprintf("B%04d", i) })
	rapid.Check(t, func(t *rapid.T) {
		b := anyRBAC(t, code)
		assigned := rapid.SliceOfN(code, 0, 6).Draw(t, "assigned")
		more := append(slices.Clone(assigned), rapid.SliceOfN(code, 0, 3).Draw(t, "more")...)
		list := b.Effective(profile("R8000", assigned...))
		got := codesOf(list)
		has := func(of []string, what string, codes ...string) {
			for _, c := range codes {
				if !slices.Contains(of, c) {
					t.Fatalf("%s: %s is not in %v", what, c, of)
				}
			}
		}
		if len(slices.Compact(slices.Sorted(slices.Values(got)))) != len(got) {
			t.Fatalf("an activity is there twice: %v", got)
		}
		has(got, "assigned", assigned...)
		has(got, "baseline", b.baseline["R8000"]...)
		for _, a := range list {
			has(got, "closed", b.includes[a.Code]...)
			switch a.Source { // every reason is true, and there is nothing without one
			case AssignedActivity:
				has(assigned, "said to be assigned", a.Code)
			case BaselineActivity:
				has(b.baseline["R8000"], "said to be baseline", a.Code)
			case IncludedActivity:
				has(got, "said to include", a.Via)
				has(b.includes[a.Via], "said to be included", a.Code)
			}
			if (a.Source == IncludedActivity) != (a.Via != "") {
				t.Fatalf("%+v", a)
			}
		}
		has(codesOf(b.Effective(profile("R8000", more...))), "monotone", got...)
		again := codesOf(b.Effective(profile("R8000", got...)))
		if !slices.Equal(again, got) {
			t.Fatalf("not idempotent: %v, then %v", got, again)
		}
		alone := &RBAC{includes: b.includes}
		if with, without := b.Effective(profile("R8001", assigned...)), alone.Effective(profile("R8001", assigned...)); !reflect.DeepEqual(with, without) {
			t.Fatalf("a job role without baseline: %v, want %v", with, without)
		}
	})
}

// TestReadRBACReportsEverything: all mistakes, each with its line, in one go.
func TestReadRBACReportsEverything(t *testing.T) {
	const document = `activities:
- { code: B0825, name: Amend, includes: [B0820, B0820, B0829] }
- { code: B0820, name: View, includes: [B0825] }
- { code: B0825, name: Again, includes: [B0820] }
- { code: X0825, name: Letter }
- { code: B08251, name: Digits }
- { code: B0001, colour: red, name: [a] }
- { name: None }
- { code: B0002, name: Self, includes: [B0002] }
- B0003
roles:
- { code: R8000, name: A, baseline: [B0820, B0820, R8000] }
- { code: "S8000:G8000:R8001", baseline: [] }
- { code: R8002 }
- { code: R8000, baseline: [] }
- { code: R8003, baseline: B0820 }
extra: 1
`
	_, err := ReadRBAC(strings.NewReader(document))
	if !errors.Is(err, ErrImport) {
		t.Fatalf("error = %v", err)
	}
	want := []string{
		"line 2: B0825: includes lists B0820 twice",
		"line 4: activity B0825 is on line 2 already",
		`line 5: activity: code "X0825" is not a B and four digits`,
		`line 6: activity: code "B08251" is not a B and four digits`,
		`line 7: activity has no key "colour"`,
		"line 7: name must be a single value",
		"line 7: activity B0001: name is missing",
		`line 8: activity: code "" is not a B and four digits`,
		"line 10: activity must be a mapping",
		`line 10: activity: code "" is not a B and four digits`,
		"line 12: R8000: baseline lists B0820 twice",
		`line 13: role: code "S8000:G8000:R8001" is not an R and at least four digits, the last part of a role code`,
		"line 14: role R8002: baseline is missing",
		"line 15: role R8000 is on line 12 already",
		"line 16: baseline must be a list",
		`line 17: document has no key "extra"`,
		`line 2: B0825 lists "B0829", which is no activity of this document`,
		`line 12: R8000 lists "R8000", which is no activity of this document`,
		"line 9: B0002 includes itself: B0002 > B0002",
		"line 2: B0820 includes itself: B0820 > B0825 > B0820",
	}
	var got []string
	for _, line := range strings.Split(err.Error(), "\n") {
		got = append(got, strings.TrimPrefix(line, ErrImport.Error()+": "))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("reported\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestReadRBACLimits: what is exactly at a limit is read.
func TestReadRBACLimits(t *testing.T) {
	many := func(n int, line string) string { // of codes 0 to n-1
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, line, i)
		}
		return b.String()
	}
	const one = "- { code: B%04d, name: N }\n"
	all := "activities:\n" + many(rbacCodes, one)
	row := "baseline: [" + many(1000, "B%04d,") + "]"
	for name, tc := range map[string]struct{ document, want string }{
		"activities":        {all, ""},
		"roles":             {all + "roles:\n" + many(rbacCodes, "- { code: R%04d, baseline: [] }\n"), ""},
		"a role too many":   {all + "roles:\n" + many(rbacCodes+1, "- { code: R%05d, baseline: [] }\n"), "more than 10000 entries of kind role"},
		"entries":           {all + "roles:\n" + many(rbacLinks/1000, "- { code: R%04d, "+row+" }\n"), ""},
		"an entry too many": {all + "roles:\n" + many(rbacLinks/1000, "- { code: R%04d, "+row+" }\n") + "- { code: R9999, baseline: [B0000] }\n", "more than 200000 entries"},
		"bytes":             {all + "#" + strings.Repeat("x", RBACBytes-len(all)-1), ""},
		"a byte too many":   {all + "#" + strings.Repeat("x", RBACBytes-len(all)), "larger than 4 MiB"},
		"nothing":           {"", "EOF"},
		"empty":             {"{}", ""},
		"two documents":     {"{}\n---\n{}\n", "more than one document"},
		"an alias":          {"activities:\n- &a { code: B0001, name: N }\n- *a\n", "line 3: activity must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := ReadRBAC(strings.NewReader(tc.document))
			if tc.want == "" && (err != nil || b == nil) || tc.want != "" && (b != nil || !errors.Is(err, ErrImport) || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error = %.300v, want %q", err, tc.want)
			}
		})
	}
}

// TestReadRBACOfManyWays: forty levels of two make 2^40 ways through them, and are read in no time.
func TestReadRBACOfManyWays(t *testing.T) {
	var b strings.Builder
	b.WriteString("activities:\n")
	for level := range 40 {
		for side := range 2 {
			fmt.Fprintf(&b, "- { code: B%03d%d, name: N, includes: [B%03d0, B%03d1] }\n", level, side, level+1, level+1)
		}
	}
	b.WriteString("- { code: B0400, name: N }\n- { code: B0401, name: N }\n")
	if got := readRBAC(t, b.String()).Effective(profile("R8000", "B0000")); len(got) != 81 {
		t.Errorf("%d activities, want 81", len(got))
	}
}

// FuzzReadRBAC requires that what is accepted is closed in itself and free of circles, and that what is refused is not returned.
func FuzzReadRBAC(f *testing.F) {
	f.Add(goodRBAC)
	f.Add("activities:\n- { code: B0001, name: N, includes: [B0001, *a] }\nroles:\n- { code: R0001, baseline: }\n")
	f.Fuzz(func(t *testing.T, document string) {
		b, err := ReadRBAC(strings.NewReader(document))
		if err != nil {
			if !errors.Is(err, ErrImport) || b != nil {
				t.Fatalf("refused with %v, but returned %+v", err, b)
			}
			return
		}
		for of, list := range b.includes {
			for _, code := range list {
				if b.names[code] == "" {
					t.Fatalf("%s includes %s, which has no name", of, code)
				}
				for _, a := range b.Effective(profile("R0000", code)) {
					if a.Code == of {
						t.Fatalf("%s includes itself by %s", of, code)
					}
				}
			}
		}
		for role, list := range b.baseline {
			if got := codesOf(b.Effective(profile(role))); !slices.Equal(got[:len(list)], list) {
				t.Fatalf("baseline of %s: %v, effective %v", role, list, got)
			}
		}
	})
}
