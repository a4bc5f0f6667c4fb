package lanyard_test

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// arrows says who may import whom of ours. A room that is not listed may not exist. An entry that ends in
// "/..." stands for a room and all below it.
var arrows = map[string][]string{
	"metadata/xmlsec":             {},
	"metadata/xmlsec/mutate":      {},
	"metadata":                    {"metadata/xmlsec"},
	"trust/jose":                  {"trust/keyring"},
	"trust/keyring":               {},
	"trust/ledger":                {},
	"trust/people":                {},
	"trust/smart":                 {},
	"trust":                       {"metadata", "metadata/xmlsec", "trust/..."},
	"bridge":                      {"trust/..."},
	"bridge/agent":                {"bridge", "trust", "trust/jose", "trust/keyring", "trust/people"},
	"bridge/agent/softagent":      {"bridge/agent", "trust/jose", "trust/keyring"},
	"bridge/translate":            {"bridge", "trust", "trust/people"},
	"bridge/trace":                {"bridge"},
	"web":                         {"bridge/...", "trust/...", "metadata/..."},
	"web/signin":                  {"web", "bridge/...", "trust/...", "metadata/..."},
	"web/home":                    {"web", "bridge/...", "trust/...", "metadata/..."},
	"web/console":                 {"web", "bridge/...", "trust/...", "metadata/..."},
	"protocols/saml2":             {"web", "bridge/...", "trust/...", "metadata/..."},
	"protocols/oidc":              {"web", "bridge/...", "trust/...", "metadata/...", "trust/jose", "protocols/oidc/registration", "protocols/oidc/schema"},
	"protocols/oidc/schema":       {},
	"protocols/oidc/registration": {"trust", "trust/jose"},
	"protocols/ticket":            {"web", "bridge/...", "trust/...", "metadata/...", "protocols/ticket/gpobject"},
	"protocols/ticket/gpobject":   {"metadata/xmlsec"},
	"protocols/workstation":       {"web", "bridge/...", "trust/...", "metadata/..."},
	"adapters/directory":          {"bridge/...", "trust/...", "metadata/..."},
	"adapters/fido":               {"bridge/...", "trust/...", "metadata/..."},
	"adapters/fido/softkey":       {},
	"adapters/httpsource":         {"bridge/...", "trust/...", "metadata/..."},
	"adapters/keystore":           {"bridge/...", "trust/...", "metadata/..."},
	"adapters/keystore/openssl":   {},
	"adapters/proxyproto":         {},
	"adapters/memory":             {"bridge/...", "trust/...", "metadata/..."},
	"adapters/smartcard":          {"bridge/...", "trust/...", "metadata/...", "adapters/smartcard/revocation"},
	"adapters/sqlstore":           {"bridge/...", "trust/...", "metadata/..."},
	"adapters/storetest":          {"bridge/...", "trust/...", "metadata/..."},
	"adapters/upstream":           {"bridge/...", "trust/...", "metadata/..."},
	"config":                      {},
	"cmd/hub": {
		"config", "metadata/...", "trust/...", "bridge/...", "web/...", "protocols/...", "adapters/fido", "adapters/smartcard", "adapters/smartcard/revocation",
		"adapters/sqlstore", "adapters/keystore", "adapters/keystore/openssl", "adapters/httpsource", "adapters/proxyproto", "adapters/directory", "adapters/upstream",
	},
	"cmd/demo": {
		"config", "metadata/...", "trust/...", "bridge/...", "web/...", "protocols/...", "adapters/...", "cmd/hub",
	},
	"cmd/lanyard": {
		"config", "metadata/...", "trust/...", "bridge/...", "web/...", "protocols/...", "adapters/fido", "adapters/smartcard", "adapters/smartcard/revocation",
		"adapters/sqlstore", "adapters/keystore", "adapters/httpsource", "adapters/directory", "adapters/upstream", "cmd/decode", "cmd/hub", "cmd/demo",
	},
	"cmd/decode":              {"protocols/oidc", "bridge/agent", "trust/jose", "metadata/xmlsec", "trust/keyring", "protocols/ticket/gpobject"},
	"cmd/agent/access":        {},
	"cmd/agent/card":          {"cmd/agent/card/cryptoki"},
	"cmd/agent/card/cryptoki": {},
	"cmd/agent/pinentry":      {"cmd/agent/card"},
	"cmd/agent/channel":       {"cmd/agent/access"},
	"cmd/agent/ticket":        {"cmd/agent/card", "cmd/agent/channel", "cmd/agent/pinentry"},
	"cmd/agent/loopback":      {"cmd/agent/card", "cmd/agent/channel", "cmd/agent/ticket"},
	"cmd/agent":               {"cmd/agent/..."},
	"cmd/lanyard-agent":       {"cmd/agent/..."},
	"e2e":                     {"..."},
	"e2e/components":          {"e2e/components/virtualcard"},
	".":                       {},

	"adapters/smartcard/revocation": {"bridge"},

	"e2e/components/virtualcard": {},
}

// testArrows are what tests of any room may import besides: fakes and real components.
var testArrows = []string{
	"adapters/memory", "adapters/storetest", "adapters/fido/softkey", "adapters/keystore", "e2e/components", "e2e/components/virtualcard",
	"bridge/...", "trust/...", "metadata/...", "web",
}

// libraries binds every outside library to its rooms. A library that is not listed has no room and may not
// be imported. cmd/demo plays the partners, which are programs of their own, with libraries of their own.
var libraries = map[string][]string{
	"github.com/russellhaering/goxmldsig":           {"metadata/xmlsec"},
	"github.com/beevik/etree":                       {"metadata/xmlsec"},
	"github.com/mattermost/xml-roundtrip-validator": {"metadata/xmlsec"},
	"github.com/crewjam/saml":                       {"protocols/saml2", "cmd/demo"},
	"github.com/go-jose/go-jose/v4":                 {"cmd/demo"},
	"github.com/hashicorp/go-memdb":                 {"trust", "adapters/memory"},
	"cel.dev/cel-go":                                {"trust", "bridge/translate"},
	"go.yaml.in/yaml/v3":                            {"config", "trust", "trust/people", "cmd/agent"},
	"golang.org/x/mod/sumdb":                        {"trust/ledger"},
	"github.com/labstack/echo/v4":                   {"web"},
	"github.com/go-webauthn/webauthn":               {"adapters/fido"},
	"github.com/jackc/pgx/v5":                       {"adapters/sqlstore"},
	"modernc.org/sqlite":                            {"adapters/sqlstore"},
	"golang.org/x/crypto/cryptobyte":                {"adapters/smartcard", "adapters/smartcard/revocation"},
	"golang.org/x/crypto/ocsp":                      {"adapters/smartcard/revocation"},
	"golang.org/x/crypto/chacha20poly1305":          {"protocols/oidc"},
	"github.com/ebitengine/purego":                  {"adapters/keystore/openssl", "cmd/agent/card/cryptoki"},
	"golang.org/x/sync":                             {"cmd/hub", "cmd/demo"},
	"github.com/prometheus/client_golang":           {"cmd/hub"},
	"github.com/spf13/cobra":                        {"cmd/lanyard", "cmd/lanyard-agent"},
	"golang.org/x/sys/unix":                         {"cmd/agent/loopback"}, // macOS
	"golang.org/x/sys/windows":                      {"cmd/agent", "cmd/agent/access", "cmd/agent/card/cryptoki", "cmd/agent/loopback", "cmd/agent/pinentry", "cmd/lanyard-agent"},
	"github.com/chromedp":                           {"e2e/components", "e2e"},
}

// testLibraries are for tests only; an empty list stands for every room.
var testLibraries = map[string][]string{
	"github.com/google/go-cmp":                 {},
	"pgregory.net/rapid":                       {},
	"github.com/descope/virtualwebauthn":       {"adapters/fido"},
	"github.com/google/go-tpm":                 {"adapters/fido"}, // what TPMs say, as the webauthn library reads it
	"github.com/ory/fosite":                    {"protocols/oidc"},
	"github.com/santhosh-tekuri/jsonschema/v6": {"protocols/oidc"},
	"github.com/go-jose/go-jose/v4":            {"protocols/oidc", "trust/jose", "protocols/oidc/registration", "e2e", "e2e/components"}, // the clients of tests, and the oracle
	"github.com/jackc/pgx/v5":                  {"e2e", "e2e/components"},
	"github.com/crewjam/saml":                  {"protocols/saml2", "e2e"},
	"github.com/labstack/echo/v4":              {},
	"golang.org/x/net":                         {"e2e", "e2e/components"},
	"github.com/coreos/go-oidc/v3":             {"e2e"}, // a relying party as Go programs have it
	"golang.org/x/oauth2":                      {"e2e"},
	"golang.org/x/crypto/ocsp":                 {"adapters/smartcard", "e2e/components"},
}

// std is what the core must not touch: it knows no HTTP, no SQL, no XML, no files.
var std = map[string][]string{
	"bridge":           {"net/http", "net/url", "net", "database/sql", "encoding/xml", "os", "io/fs", "log", "log/slog", "html/template"},
	"bridge/agent":     {"net/http", "net/url", "net", "database/sql", "encoding/xml", "os", "io/fs", "log", "log/slog", "html/template"},
	"bridge/trace":     {"net/http", "net", "database/sql", "encoding/xml", "os", "io/fs"},
	"bridge/translate": {"net/http", "net", "database/sql", "encoding/xml", "os", "io", "io/fs", "bufio", "log", "log/slog", "context", "crypto/rand", "math/rand", "math/rand/v2"},
	"trust/ledger":     {"net/http", "net", "database/sql", "encoding/xml", "os"},
	"trust/people":     {"net/http", "net", "database/sql", "encoding/xml", "os"},
}

// reserved rooms may be imported by these alone, outside of tests.
var reserved = map[string][]string{
	"cmd/demo":               {"cmd/lanyard"},
	"adapters/fido/softkey":  {"cmd/demo"},
	"bridge/agent/softagent": {},
	"adapters/memory":        {"cmd/demo"},
	"metadata/xmlsec/mutate": {},
	"adapters/storetest":     {},
	"e2e/components":         {"e2e"},
	"cmd/hub":                {"cmd/lanyard", "cmd/demo", "e2e"},
}

func (h house) checkImports() []string {
	var out []string
	for _, r := range h.rooms {
		if _, known := arrows[r.dir]; !known {
			out = append(out, fmt.Sprintf("%s: there is no such room; give it a row in imports_test.go", r.dir))
			continue
		}
		for _, s := range r.sources {
			for _, p := range s.imports() {
				if why := judge(r.dir, s.test, p); why != "" {
					out = append(out, fmt.Sprintf("%s imports %s: %s", s.path, p, why))
				}
			}
		}
	}
	return out
}

// judge says why a room may not import a package; empty if it may.
func judge(dir string, test bool, p string) string {
	switch {
	case within(p, module):
		return judgeOurs(dir, test, strings.TrimPrefix(strings.TrimPrefix(p, module), "/"))
	case strings.Contains(strings.SplitN(p, "/", 2)[0], "."):
		return judgeLibrary(dir, test, p)
	case !test && slices.Contains(std[dir], p):
		return "this room must do without it"
	}
	return ""
}

func judgeOurs(dir string, test bool, p string) string {
	if p == dir || (test && listed(testArrows, p)) || dir == "e2e" {
		return "" // a package's outer tests import it
	}
	if by, ok := reserved[p]; ok && !test && !slices.Contains(by, dir) {
		return "that room is reserved"
	}
	if listed(arrows[dir], p) {
		return ""
	}
	return "arrows point inward; see docs/architecture.md"
}

func listed(list []string, p string) bool {
	return slices.ContainsFunc(list, func(entry string) bool {
		folder, below := strings.CutSuffix(entry, "/...")
		return entry == "..." || p == entry || below && within(p, folder)
	})
}

func judgeLibrary(dir string, test bool, p string) string {
	rooms, known := home(libraries, p)
	if known && slices.Contains(rooms, dir) {
		return ""
	}
	if test {
		if rooms, ok := home(testLibraries, p); ok && (len(rooms) == 0 || slices.Contains(rooms, dir)) {
			return ""
		}
	}
	if !known {
		return "this library has no room; give it one in imports_test.go, with an ADR"
	}
	return "this library lives only in " + strings.Join(rooms, ", ")
}

func home(table map[string][]string, p string) ([]string, bool) {
	for lib, rooms := range table {
		if within(p, lib) {
			return rooms, true
		}
	}
	return nil, false
}

// checkClock finds reads of the real clock in rooms that are handed the time, and goroutines in the core.
func (h house) checkClock() []string {
	var out []string
	for _, dir := range []string{"bridge", "bridge/agent", "bridge/translate", "trust/people", "trust/ledger"} {
		for _, s := range h.room(dir).production() {
			as := s.importedAs()
			ast.Inspect(s.file, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					out = append(out, h.at(g.Pos())+": no goroutine is started here")
				}
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				x, ok := sel.X.(*ast.Ident)
				if ok && as[x.Name] == "time" && slices.Contains([]string{"Now", "Since", "Until"}, sel.Sel.Name) {
					out = append(out, h.at(sel.Pos())+": time."+sel.Sel.Name+": the time is handed in")
				}
				return true
			})
		}
	}
	return out
}
