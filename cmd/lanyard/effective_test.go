package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// with adds lines to the configuration and writes files beside it.
func (h rehearsed) with(configuration string, files map[string]string) {
	h.t.Helper()
	path := filepath.Join(h.dir, "lanyard.yaml")
	now, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, append(now, configuration...), 0o600); err != nil {
		h.t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
}

const clerk = `people:
- uid: 555021935107
  name: Carol Specimen
  identity: 3
  roles:
  - { id: 555000001111, org: RX1, code: S8001:G8003:R8008, name: '"Admin and Clerical":"Admin and Clerical":"Admin/Clinical Support Access Role"', activities: [B0825] }
`

const chart = `partner: chart
protocol: oidc
stage: live
require: { role: true, when: "'B0820' in role.effective_activities" }
release: [{ set: effective-activities }]
oidc: { auth: none, redirect_uris: [https://chart.example/cb], scopes: [effective-activities] }
`

// TestExplainEffectiveActivities goes through docs/reference/rbac.md: with a document, without one, and with a mistake in it.
func TestExplainEffectiveActivities(t *testing.T) {
	h := newRehearsed(t)
	files := map[string]string{"people.yaml": clerk, "chart.yaml": chart}
	h.with("", files)
	h.must("people", "import", filepath.Join(h.dir, "people.yaml"))
	explain := []string{"policy", "explain", "--user", "555021935107", "--partner", "chart"}

	_, hint, err := h.both("partner", "apply", "-f", filepath.Join(h.dir, "chart.yaml"))
	if err != nil || !strings.Contains(hint, "names no RBAC document (rbac.file)") {
		t.Errorf("without a document: hint %q, %v", hint, err)
	}
	if out, _, err := h.both(explain...); err == nil || exitCode(err) != exitRefused || !strings.Contains(err.Error(), "condition_failed") {
		t.Errorf("without a document: %s, %v", out, err)
	}

	files["rbac.yaml"] = "activities:\n- { code: B0825, name: Amend Patient Demographics, includes: [B0820] }\n- { code: B0820, name: View Patient Demographics }\n- { code: B0360, name: View Detailed Health Records }\nroles:\n- { code: R8008, baseline: [B0360] }\n"
	h.with("rbac: { file: rbac.yaml }\n", files)
	if _, hint, err := h.both("partner", "apply", "-f", filepath.Join(h.dir, "chart.yaml")); err != nil || strings.Contains(hint, "RBAC") {
		t.Errorf("with a document: hint %q, %v", hint, err)
	}
	out := h.must(explain...)
	for _, want := range []string{"computed for 555000001111, S8001:G8003:R8008:", "B0825 assigned, Amend Patient Demographics", "B0360 baseline, View Detailed Health Records", "B0820 included by B0825, View Patient Demographics"} {
		if !strings.Contains(out, want) {
			t.Errorf("explain lacks %q:\n%s", want, out)
		}
	}
	var printed explained
	if err := json.Unmarshal([]byte(h.must(append(explain, "--json")...)), &printed); err != nil || len(printed.Attributes) != 1 {
		t.Fatalf("%+v, %v", printed, err)
	}
	text, err := json.Marshal(printed.Attributes[0].Values[0])
	const want = `{"activities":[{"activity":"Amend Patient Demographics","activity_code":"B0825","source":"assigned"},{"activity":"View Detailed Health Records","activity_code":"B0360","source":"baseline"},` +
		`{"activity":"View Patient Demographics","activity_code":"B0820","source":"included","via":"B0825"}],"computed":true,"person_roleid":"555000001111","role_code":"S8001:G8003:R8008"}`
	if err != nil || string(text) != want {
		t.Errorf("claim %s\nwant  %s", text, want)
	}
	if out := h.must("config", "validate"); !strings.Contains(out, "valid") {
		t.Error(out)
	}

	h.with("", map[string]string{"rbac.yaml": "activities:\n- { code: B0825, includes: [B0820] }\n"})
	if _, err := h.run("config", "validate"); exitCode(err) != exitConfig || !strings.Contains(err.Error(), "line 2: activity B0825: name is missing\n") || !strings.Contains(err.Error(), "no activity of this document") {
		t.Errorf("a document with mistakes is valid: %v", err)
	}
	if _, warning, err := h.both(explain...); exitCode(err) != exitRefused || !strings.Contains(warning, "name is missing") {
		t.Errorf("explain with mistakes: %q, %v", warning, err)
	}
}

func TestReadable(t *testing.T) {
	for name, tc := range map[string]struct {
		value any
		want  string
	}{
		"text":         {"a", "a"},
		"structured":   {map[string]any{"org_code": "RX1"}, `{"org_code":"RX1"}`},
		"not computed": {map[string]any{"activities": []any{"B0820"}}, `{"activities":["B0820"]}`},
		"no name":      {map[string]any{"computed": true, "person_roleid": "1", "role_code": "2", "activities": []any{map[string]any{"activity_code": "B1", "source": "assigned"}}}, "computed for 1, 2:|B1 assigned"},
	} {
		if got := strings.Join(readable(tc.value), "|"); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
