package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

func TestMistakesOnTheCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"polcy":                       "did you mean policy?",
		"frobnicate":                  `"frobnicate" is not a command of ` + "`lanyard`",
		"partner aply":                "did you mean apply?",
		"partner":                     "",
		"partner apply":               `required flag(s) "file" not set`,
		"partner apply -f x extra":    "unknown command",
		"partner show":                "accepts 1 arg(s), received 0",
		"people enrol 1 2":            "accepts 1 arg(s), received 2",
		"policy explain --user 1":     `required flag(s) "partner" not set`,
		"policy explain --frobnicate": "unknown flag: --frobnicate",
		"policy explain --user 1 --partner p --assurance 4":     "--assurance 4",
		"policy explain --user 1 --partner p --method PASSWORD": "--method",
		"session end":                   "at least one of the flags",
		"session end --person 1 --id 2": "none of the others can be",
		"session list --limit 0":        "--limit begins at 1",
		"session show":                  "accepts 1 arg(s), received 0",
		"people revoke 1":               "accepts 2 arg(s), received 1",
		"audit query --limit x":         "invalid argument",
		"serve now":                     "unknown command",
		"demo --port 70000":             "is not a port",
	} {
		t.Run(line, func(t *testing.T) {
			var out, errs bytes.Buffer
			root := newRoot(&out, &errs, nil)
			root.SetArgs(strings.Fields(line))
			err := root.ExecuteContext(t.Context())
			if err == nil || exitCode(err) != exitUsage {
				t.Fatalf("error %v, exit %d", err, exitCode(err))
			}
			if !strings.Contains(err.Error(), want) {
				t.Errorf("says %q, want %q", err, want)
			}
			if out.Len() > 0 {
				t.Errorf("prints %q where results go", out.String())
			}
		})
	}
}

func TestHelpIsNoMistake(t *testing.T) {
	for _, line := range []string{"", "--help", "help partner", "partner --help", "partner apply --help", "completion bash"} {
		var out, errs bytes.Buffer
		root := newRoot(&out, &errs, nil)
		root.SetArgs(strings.Fields(line))
		if err := root.ExecuteContext(t.Context()); err != nil || out.Len() == 0 {
			t.Errorf("%q: %v, %d bytes", line, err, out.Len())
		}
	}
}

func TestIssuanceIsReadable(t *testing.T) {
	long := strings.Repeat("very long ", 20)
	iss := bridge.Issuance{
		Subject: "555021935107", SubjectKind: "uid",
		Attributes: []bridge.Attribute{
			{Name: "urn:oid:2.5.4.4", Friendly: "sn", Values: []any{"O'Neil & Sons"}, Rule: "set nhs-saml"},
			{Name: "roles", Values: []any{map[string]any{"role_code": "R8000", "org": "RX1"}, "two", int64(3), true, []any{"a"}}, List: true, Rule: "release[1]"},
			{Name: "note", Values: []any{long}, Rule: "release[2]"},
		},
		Withheld: []bridge.Withheld{{Name: "email", Rule: "release[3]", Why: "no value on record"}},
	}
	var table, whole bytes.Buffer
	if err := printIssuance(&table, iss); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sn urn:oid:2.5.4.4", "O'Neil & Sons", `{"org":"RX1","role_code":"R8000"}`, "\n       ", `["a"]`, "withheld: no value on record", "…", "--json"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
	for line := range strings.Lines(table.String()) {
		if len([]rune(line)) > 2*widest+30 || strings.Contains(line, "map[") {
			t.Errorf("not readable: %s", line)
		}
	}
	if err := printIssuanceJSON(&whole, iss); err != nil {
		t.Fatal(err)
	}
	if got := whole.String(); !strings.Contains(got, long) || !strings.Contains(got, `"values":[{"org":"RX1","role_code":"R8000"},"two",3,true,["a"]]`) {
		t.Errorf("got %s", got)
	}
}
