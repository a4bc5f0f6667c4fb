package lanyard_test

import (
	"strings"
	"testing"
	"testing/fstest"
)

// planted breaks every rule. bad must be reported with want; good, the same done well, must not be reported at all.
var planted = []struct {
	rule, name, want string
	bad, good        map[string]string
}{
	{
		rule: "imports", name: "outwards", want: "arrows point inward",
		bad:  map[string]string{"bridge/x.go": "package bridge\nimport _ \"" + module + "/web\""},
		good: map[string]string{"bridge/x.go": "package bridge\nimport _ \"" + module + "/trust/people\""},
	},
	{
		rule: "imports", name: "front ends", want: "arrows point inward",
		bad:  map[string]string{"protocols/saml2/x.go": "package saml2\nimport _ \"" + module + "/protocols/oidc\""},
		good: map[string]string{"protocols/saml2/x.go": "package saml2\nimport _ \"" + module + "/web\""},
	},
	{
		rule: "imports", name: "pages from a front end", want: "arrows point inward",
		bad:  map[string]string{"protocols/oidc/x.go": "package oidc\nimport _ \"" + module + "/web/signin\""},
		good: map[string]string{"cmd/hub/x.go": "package hub\nimport _ \"" + module + "/web/signin\""},
	},
	{
		rule: "imports", name: "front ends even in tests", want: "arrows point inward",
		bad:  map[string]string{"protocols/saml2/x_test.go": "package saml2\nimport _ \"" + module + "/protocols/oidc\""},
		good: map[string]string{"protocols/saml2/x_test.go": "package saml2\nimport _ \"" + module + "/adapters/memory\""},
	},
	{
		rule: "imports", name: "adapters", want: "arrows point inward",
		bad:  map[string]string{"adapters/fido/x.go": "package fido\nimport _ \"" + module + "/adapters/httpsource\""},
		good: map[string]string{"adapters/fido/x.go": "package fido\nimport _ \"" + module + "/bridge\""},
	},
	{
		rule: "imports", name: "demo from the composition root", want: "reserved",
		bad:  map[string]string{"cmd/hub/x.go": "package hub\nimport _ \"" + module + "/cmd/demo\""},
		good: map[string]string{"cmd/lanyard/x.go": "package main\nimport _ \"" + module + "/cmd/demo\""},
	},
	{
		rule: "imports", name: "software key in the product", want: "reserved",
		bad:  map[string]string{"adapters/fido/x.go": "package fido\nimport _ \"" + module + "/adapters/fido/softkey\""},
		good: map[string]string{"adapters/fido/x_test.go": "package fido\nimport _ \"" + module + "/adapters/fido/softkey\""},
	},
	{
		rule: "imports", name: "mutation kit in the product", want: "reserved",
		bad:  map[string]string{"protocols/saml2/x.go": "package saml2\nimport _ \"" + module + "/metadata/xmlsec/mutate\""},
		good: map[string]string{"protocols/saml2/x_test.go": "package saml2\nimport _ \"" + module + "/metadata/xmlsec/mutate\""},
	},
	{
		rule: "imports", name: "library out of its room", want: "lives only in protocols/oidc",
		bad:  map[string]string{"web/x.go": "package web\nimport _ \"golang.org/x/crypto/chacha20poly1305\""},
		good: map[string]string{"protocols/oidc/x.go": "package oidc\nimport _ \"golang.org/x/crypto/chacha20poly1305\""},
	},
	{
		rule: "imports", name: "library without a room", want: "has no room",
		bad:  map[string]string{"web/x.go": "package web\nimport _ \"example.org/clever\""},
		good: map[string]string{"web/x.go": "package web\nimport _ \"github.com/labstack/echo/v4\""},
	},
	{
		rule: "imports", name: "library for tests", want: "has no room",
		bad:  map[string]string{"web/x.go": "package web\nimport _ \"pgregory.net/rapid\""},
		good: map[string]string{"web/x_test.go": "package web\nimport _ \"pgregory.net/rapid\""},
	},
	{
		rule: "imports", name: "HTTP in the core", want: "must do without",
		bad:  map[string]string{"bridge/x.go": "package bridge\nimport _ \"net/http\""},
		good: map[string]string{"bridge/x.go": "package bridge\nimport _ \"crypto/hmac\""},
	},
	{
		rule: "imports", name: "randomness in translation", want: "must do without",
		bad:  map[string]string{"bridge/translate/x.go": "package translate\nimport _ \"crypto/rand\""},
		good: map[string]string{"bridge/translate/x.go": "package translate\nimport _ \"crypto/sha256\""},
	},
	{
		rule: "imports", name: "a new room", want: "no such room",
		bad:  map[string]string{"session/x.go": "package session"},
		good: map[string]string{"bridge/x.go": "package bridge"},
	},
	{
		rule: "clock", name: "clock", want: "the time is handed in",
		bad:  map[string]string{"bridge/x.go": "package bridge\nimport t \"time\"\nvar clock = t.Now"},
		good: map[string]string{"bridge/x.go": "package bridge\nimport \"time\"\nvar day = 24 * time.Hour"},
	},
	{
		rule: "unverified", name: "vouched for by nobody", want: "nobody verified",
		bad:  map[string]string{"protocols/saml2/x.go": "package saml2\nimport x \"" + module + "/metadata/xmlsec\"\nvar f = x.AcceptVouched"},
		good: map[string]string{"trust/entity.go": "package trust\nimport \"" + module + "/metadata/xmlsec\"\nvar f = xmlsec.AcceptVouched"},
	},
	{
		rule: "unverified", name: "claimed by anybody", want: "nobody verified",
		bad:  map[string]string{"protocols/oidc/x.go": "package oidc\nimport \"" + module + "/trust/jose\"\nvar f = jose.ClaimedIssuer"},
		good: map[string]string{"protocols/oidc/x.go": "package oidc\nimport \"" + module + "/trust/jose\"\nvar f = jose.Verify"},
	},
	{
		rule: "clock", name: "goroutine", want: "no goroutine",
		bad:  map[string]string{"bridge/x.go": "package bridge\nfunc f() { go f() }"},
		good: map[string]string{"web/x.go": "package web\nfunc f() { go f() }"},
	},
	{
		rule: "package docs", name: "none", want: "no doc.go",
		bad:  map[string]string{"web/x.go": "// Package web is here.\npackage web", "web/doc.go": "package web"},
		good: map[string]string{"web/doc.go": "// Package web is here.\npackage web"},
	},
	{
		rule: "routes", name: "not printed", want: "does not print GET /secret",
		bad:  map[string]string{"web/doc.go": "// Package web serves.\npackage web", "web/x.go": route("web", "GET", "/secret")},
		good: map[string]string{"web/doc.go": "// Package web serves.\n//\n//\tGET /secret  it\npackage web", "web/x.go": route("web", "GET", "/secret")},
	},
	{
		rule: "routes", name: "not served", want: "prints POST /gone",
		bad:  map[string]string{"web/doc.go": "// Package web serves.\n//\n//\tGET POST /gone  it\npackage web", "web/x.go": route("web", "GET", "/gone")},
		good: map[string]string{"web/doc.go": "// Package web serves.\n//\n//\tGET /gone  it\npackage web", "web/x.go": route("web", "GET", "/gone")},
	},
	{
		rule: "names", name: "drawer", want: "named after what it is",
		bad:  map[string]string{"web/util/x.go": "package util"},
		good: map[string]string{"web/cookie/x.go": "package cookie"},
	},
	{
		rule: "state", name: "init", want: "func init",
		bad:  map[string]string{"web/x.go": "package web\nfunc init() {}"},
		good: map[string]string{"web/x.go": "package web\ntype t struct{}\nfunc (t) init() {}"},
	},
	{
		rule: "state", name: "assigned elsewhere in the package", want: "does not change",
		bad:  map[string]string{"web/x.go": "package web\nvar limit = 3", "web/y.go": "package web\nfunc f() { limit++ }"},
		good: map[string]string{"web/x.go": "package web\nvar limit = 3", "web/y.go": "package web\nfunc f() { limit := 4; limit++ }"},
	},
	{
		rule: "state", name: "element assigned", want: "does not change",
		bad:  map[string]string{"web/x.go": "package web\nvar table = map[string]int{}\nfunc f() { table[\"a\"] = 1 }"},
		good: map[string]string{"web/x.go": "package web\nvar table = map[string]int{\"a\": 1}\nfunc f() int { return table[\"a\"] }"},
	},
	{
		rule: "state", name: "another package's", want: "not ours to change",
		bad:  map[string]string{"protocols/saml2/x.go": "package saml2\nimport \"github.com/crewjam/saml\"\nfunc f() { saml.TimeNow = nil }"},
		good: map[string]string{"protocols/saml2/x.go": "package saml2\nimport \"github.com/crewjam/saml\"\nfunc f() any { return saml.TimeNow }"},
	},
	{
		rule: "state", name: "lock", want: "is state",
		bad:  map[string]string{"web/x.go": "package web\nimport \"sync\"\nvar mu sync.Mutex"},
		good: map[string]string{"web/x.go": "package web\nimport \"sync\"\ntype t struct{ mu sync.Mutex }"},
	},
	{
		rule: "reasons", name: "no code", want: "reasonCodes has none for Late",
		bad:  map[string]string{"bridge/refusal.go": "package bridge\ntype Reason int\nconst (\n\tInternal Reason = iota\n\tLate\n)\nvar reasonCodes = [...]string{Internal: \"internal\"}", "web/refuse.go": refusal("web", "Internal, bridge.Late")},
		good: map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late")},
	},
	{
		rule: "reasons", name: "no case", want: "leaves out Late",
		bad:  map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal")},
		good: map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late")},
	},
	{
		rule: "reasons", name: "default", want: "has a default",
		bad:  map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late:\n\tdefault")},
		good: map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late")},
	},
	{
		rule: "reasons", name: "front end without the file", want: "is missing",
		bad:  map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late"), "protocols/fax/x.go": "package fax"},
		good: map[string]string{"bridge/refusal.go": twoReasons, "web/refuse.go": refusal("web", "Internal, bridge.Late"), "protocols/fax/refusal.go": refusal("fax", "Internal, bridge.Late")},
	},
	{
		rule: "audit events", name: "undescribed", want: "does not describe signed_in",
		bad:  map[string]string{"trust/ledger/x.go": oneKind, "docs/audit-events.md": "# Events\n"},
		good: map[string]string{"trust/ledger/x.go": oneKind, "docs/audit-events.md": "# Events\n\n### `signed_in`\n"},
	},
	{
		rule: "audit events", name: "invented", want: "which is no kind",
		bad:  map[string]string{"trust/ledger/x.go": oneKind, "docs/audit-events.md": "### `signed_in`\n### `dreamt`\n"},
		good: map[string]string{"trust/ledger/x.go": oneKind, "docs/audit-events.md": "### `signed_in`\n"},
	},
	{
		rule: "hazards", name: "one number twice", want: "H1 stands for two hazards",
		bad:  map[string]string{"docs/hazards.md": "| H1 | a |\n| H1 | b |\n"},
		good: map[string]string{"docs/hazards.md": "| H1 | a |\n| H2 | b |\n"},
	},
	{
		rule: "links", name: "file", want: "no such file",
		bad:  map[string]string{"docs/a.md": "See [b](../b.md)."},
		good: map[string]string{"docs/a.md": "See [b](../b.md) and [c](https://c.example/).", "b.md": "b"},
	},
	{
		rule: "links", name: "heading", want: "no such heading",
		bad:  map[string]string{"a.md": "See [b](b.md#two-words).", "b.md": "# One\n"},
		good: map[string]string{"a.md": "See [b](b.md#two-words).", "b.md": "# Two words\n"},
	},
	{
		rule: "named files", name: "gone", want: "does not exist",
		bad:  map[string]string{"docs/a.md": "It is in `bridge/gone.go`."},
		good: map[string]string{"docs/a.md": "It is in `bridge/x.go`.", "bridge/x.go": "package bridge"},
	},
	{
		rule: "walks", name: "function", want: "does not declare Hub.Begin",
		bad:  map[string]string{"docs/life-of-a-login.md": "| 1 | `bridge/x.go` | `Hub.Begin` | |", "bridge/x.go": "package bridge\nfunc Begin() {}"},
		good: map[string]string{"docs/life-of-a-login.md": "| 1 | `bridge/x.go` | `Hub.Begin` | |", "bridge/x.go": "package bridge\ntype Hub struct{}\nfunc (h *Hub) Begin() {}"},
	},
	{
		rule: "commands", name: "command", want: "there is no command partners",
		bad:  map[string]string{"README.md": "```\nlanyard partners list\n```", "cmd/lanyard/x.go": commands},
		good: map[string]string{"README.md": "```\n$ lanyard partner list --json\n```", "cmd/lanyard/x.go": commands},
	},
	{
		rule: "commands", name: "flag", want: "there is no flag --yaml",
		bad:  map[string]string{"README.md": "```\nlanyard partner list --yaml\n```", "cmd/lanyard/x.go": commands},
		good: map[string]string{"README.md": "```\ngo run ./cmd/lanyard partner list\n```", "cmd/lanyard/x.go": commands},
	},
	{
		rule: "command reference", name: "undescribed", want: "does not describe `lanyard partner list`",
		bad:  map[string]string{"docs/reference/commands.md": "# Commands", "cmd/lanyard/x.go": commands},
		good: map[string]string{"docs/reference/commands.md": "### `lanyard partner list`", "cmd/lanyard/x.go": commands},
	},
	{
		rule: "references", name: "key of a partner", want: "does not name the key colour",
		bad:  map[string]string{"docs/reference/partner.md": "| `name` |", "trust/document.go": "package trust\ntype Document struct {\n\tColour string `yaml:\"colour,omitempty\"`\n}"},
		good: map[string]string{"docs/reference/partner.md": "| `name.colour` |", "trust/document.go": "package trust\ntype Document struct {\n\tColour string `yaml:\"colour,omitempty\"`\n}"},
	},
	{
		rule: "references", name: "release set", want: "does not name the release set mood",
		bad:  map[string]string{"docs/reference/partner.md": "", "trust/release.go": "package trust\nvar sets = map[string]set{\"mood\": {}}"},
		good: map[string]string{"docs/reference/partner.md": "`mood`", "trust/release.go": "package trust\nvar sets = map[string]set{\"mood\": {}}"},
	},
	{
		rule: "references", name: "port", want: "does not name the port Clocks",
		bad:  map[string]string{"docs/architecture.md": "`bridge`", "bridge/ports.go": "package bridge\ntype Clocks interface{}"},
		good: map[string]string{"docs/architecture.md": "`bridge`, `bridge.Clocks`", "bridge/ports.go": "package bridge\ntype Clocks interface{}"},
	},
	{
		rule: "references", name: "room", want: "does not name the room web",
		bad:  map[string]string{"docs/architecture.md": "the web", "web/x.go": "package web"},
		good: map[string]string{"docs/architecture.md": "`web`", "web/x.go": "package web"},
	},
	{
		rule: "references", name: "step of a trace", want: "does not name the step of a trace lost",
		bad:  map[string]string{"docs/how-to/read-a-reference.md": "", "bridge/x.go": "package bridge\nfunc f(h *Hub) { h.trace(ref, \"lost\") }"},
		good: map[string]string{"docs/how-to/read-a-reference.md": "`lost`", "bridge/x.go": "package bridge\nfunc f(h *Hub) { h.trace(ref, \"lost\") }"},
	},
	{
		rule: "settings", name: "read by nobody", want: "Session.Idle is read by nobody",
		bad:  map[string]string{"config/config.go": oneSetting, "cmd/hub/x.go": "package hub\nfunc f(c config.Config) { c.Session.Idle = 1 }"},
		good: map[string]string{"config/config.go": oneSetting, "cmd/hub/x.go": "package hub\nfunc f(c config.Config) int { return c.Session.Idle }"},
	},
	{
		rule: "function length", name: "long", want: "more than 60",
		bad:  map[string]string{"web/x.go": "package web\nfunc f() {" + strings.Repeat("\n", 60) + "}"},
		good: map[string]string{"cmd/hub/x.go": "package hub\nfunc f() {" + strings.Repeat("\n", 60) + "}"},
	},
	{
		rule: "function length", name: "long wiring", want: "more than 80",
		bad:  map[string]string{"cmd/hub/x.go": "package hub\nfunc f() {" + strings.Repeat("\n", 80) + "}"},
		good: map[string]string{"web/x_test.go": "package web\nfunc f() {" + strings.Repeat("\n", 80) + "}"},
	},
	{
		rule: "room size", name: "lines", want: "no ADR",
		bad:  map[string]string{"web/x.go": "package web" + strings.Repeat("\n", maxLines+1)},
		good: map[string]string{"web/x.go": "package web" + strings.Repeat("\n", maxLines+1), "docs/adr/0001-web.md": "Large room: `web`"},
	},
	{
		rule: "room size", name: "names", want: "no ADR",
		bad:  map[string]string{"web/x.go": "package web\nvar " + strings.Repeat("A, ", maxNames) + "A int"},
		good: map[string]string{"web/x.go": "package web\nvar " + strings.Repeat("a, ", maxNames) + "a int"},
	},
	{
		rule: "fuzz corpora", name: "none", want: "no corpus in web/testdata/fuzz/FuzzX",
		bad:  map[string]string{"web/x_test.go": "package web\nfunc FuzzX() {}"},
		good: map[string]string{"web/x_test.go": "package web\nfunc FuzzX() {}", "web/testdata/fuzz/FuzzX/one": "go test fuzz v1"},
	},
	{
		rule: "workplace", name: "path", want: "speaks of",
		bad:  map[string]string{"docs/a.md": "Copy it to /wo" + "rk/main."},
		good: map[string]string{"docs/a.md": "Copy it to /etc/lanyard."},
	},
}

const (
	twoReasons = "package bridge\ntype Reason int\nconst (\n\tInternal Reason = iota\n\tLate\n)\nvar reasonCodes = [...]string{Internal: \"internal\", Late: \"late\"}"
	oneKind    = "package ledger\ntype Kind string\nconst SignedIn Kind = \"signed_in\"\n"
	oneSetting = "package config\ntype Config struct {\n\tSession Session `key:\"session\"`\n}\ntype Session struct {\n\tIdle int `key:\"idle\"`\n}"
	commands   = `package main

func newRoot() *cobra.Command {
	root := &cobra.Command{Use: "lanyard"}
	root.PersistentFlags().BoolVar(&asJSON, "json", false, "")
	root.AddCommand(partner())
	return root
}

func partner() *cobra.Command {
	cmd := &cobra.Command{Use: "partner"}
	cmd.AddCommand(&cobra.Command{Use: "list"})
	return cmd
}
`
)

func route(pkg, method, path string) string {
	return "package " + pkg + "\nvar routes = []Route{{Method: \"" + method + "\", Path: \"" + path + "\", Handler: nil}}"
}

func refusal(pkg, cases string) string {
	return "package " + pkg + "\nfunc f(r bridge.Reason) {\n\tswitch r {\n\tcase bridge." + cases + ":\n\t}\n}"
}

// TestRulesBite proves that every rule reports what it is there for, and nothing else.
func TestRulesBite(t *testing.T) {
	bitten := map[string]bool{}
	for _, p := range planted {
		t.Run(p.rule+"/"+p.name, func(t *testing.T) {
			rule := rules[p.rule]
			if rule == nil {
				t.Fatalf("there is no rule %q", p.rule)
			}
			bitten[p.rule] = true
			if found := strings.Join(rule(plantedHouse(t, p.bad)), "\n"); !strings.Contains(found, p.want) {
				t.Errorf("not reported: want %q in %q", p.want, found)
			}
			if found := rule(plantedHouse(t, p.good)); len(found) > 0 {
				t.Errorf("reported although it is well: %q", found)
			}
		})
	}
	for name := range rules {
		if !bitten[name] {
			t.Errorf("nothing is planted for the rule %q", name)
		}
	}
}

func plantedHouse(t *testing.T, sources map[string]string) house {
	t.Helper()
	fsys := fstest.MapFS{}
	var files []string
	for name, text := range sources {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
		files = append(files, name)
	}
	h, err := readHouse(fsys, files)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestModuleRuleBites(t *testing.T) {
	good := moduleFile{Go: "1.26.0", Require: []struct{ Path, Version string }{{"github.com/russellhaering/goxmldsig", "v1.6.1"}}}
	good.Module.Path = module
	if found := checkModule(good); len(found) > 0 {
		t.Errorf("reported although it is well: %q", found)
	}
	for want, spoil := range map[string]func(*moduleFile){
		"replace": func(m *moduleFile) { m.Replace = []any{"x"} },
		"goxmldsig is v1.": func(m *moduleFile) {
			m.Require = []struct{ Path, Version string }{{"github.com/russellhaering/goxmldsig", "v1.6.0"}}
		},
		"goxmldsig is ;": func(m *moduleFile) { m.Require = nil },
		"not 1.26":       func(m *moduleFile) { m.Go = "1.25" },
		"the module is":  func(m *moduleFile) { m.Module.Path = "example.org/other" },
	} {
		bad := good
		spoil(&bad)
		if found := strings.Join(checkModule(bad), "\n"); !strings.Contains(found, want) {
			t.Errorf("not reported: want %q in %q", want, found)
		}
	}
}
