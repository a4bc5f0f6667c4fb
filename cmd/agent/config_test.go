package agent

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestReadConfig(t *testing.T) {
	c, err := readConfig([]byte(`hub: {issuer: "https://sso.trust.example/", ca_file: ca.pem}
state_dir: /var/lib/lanyard-agent
modules: [/usr/lib/opensc-pkcs11.so]
origins: ["https://pas.trust.example"]
audiences: {"https://pas.trust.example": [pas]}
pin: {command: [ask, --now], timeout: 30s, cache: 2m}
`), false)
	if err != nil {
		t.Fatal(err)
	}
	if c.Hub.Issuer != "https://sso.trust.example" || !slices.Equal(c.Origins, []string{"https://pas.trust.example", "https://sso.trust.example"}) ||
		c.PIN.Timeout != 30*time.Second || c.PIN.Cache != 2*time.Minute || len(c.Ports) != 5 || c.Log.Level != "info" {
		t.Errorf("%+v", c)
	}
	least, err := readConfig([]byte(`hub: {issuer: "https://sso.trust.example"}`), false)
	if err != nil || least.PIN.Cache != 0 || least.StateDir == "" || least.Ticket.URL != "" {
		t.Errorf("%+v, %v", least, err)
	}
}

func TestConfigRefused(t *testing.T) {
	const hub = "hub: {issuer: 'https://sso.trust.example'}\n"
	for text, key := range map[string]string{
		"": "hub.issuer",
		"hub: {issuer: 'http://sso.trust.example'}":             "hub.issuer",
		"hub: {issuer: 'https://a@sso.trust.example'}":          "hub.issuer",
		"hub: {issuer: 'https://sso.trust.example?x'}":          "hub.issuer",
		hub + "module: [/x.so]":                                 "module",
		hub + "modules: [x.so]":                                 "modules",
		hub + "modules: [/a.so]\nmodules: [/b.so]":              "already defined",
		hub + "origins: ['https://pas.trust.example/']":         "origins",
		hub + "origins: ['https://PAS.trust.example']":          "origins",
		hub + "origins: ['*']":                                  "origins",
		hub + "origins: ['null']":                               "origins",
		hub + "origins: ['http://pas.trust.example']":           "origins",
		hub + "audiences: {'https://pas.trust.example': [pas]}": "audiences",
		hub + "ports: [80]":                                     "ports",
		hub + "ports: [70000]":                                  "ports",
		hub + "pin: {timeout: 1s}":                              "pin.timeout",
		hub + "pin: {timeout: 30}":                              "time.Duration",
		hub + "pin: {cache: 1h}":                                "pin.cache",
		hub + "pin: {cache: -1s}":                               "pin.cache",
		hub + "pin: {program: /x, command: [/y]}":               "exclude",
		hub + "lock: {command: ['']}":                           "lock.command",
		hub + "ticket: {origins: ['https://app.example']}":      "ticket.origins",
		hub + "ticket: {url: 'http://gas.trust.example'}":       "ticket.url",
		hub + "log: {level: loud}":                              "log.level",
		hub + "---\n" + hub:                                     "document",
		hub + "role: {prefer: 'x'}":                             "line 2",
		"hub: {issuer: 'https://sso.trust.example'}\n#" + strings.Repeat("x", maxConfig): "longer",
	} {
		if _, err := readConfig([]byte(text), false); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%.60q: %v, want a word on %s", text, err, key)
		}
	}
	if _, err := readConfig([]byte("hub: {issuer: 'http://hub.localhost:8080'}"), true); err != nil {
		t.Errorf("a rehearsal: %v", err)
	}
	if _, err := readConfig([]byte("hub: {issuer: 'http://sso.trust.example'}"), true); err == nil {
		t.Error("a rehearsal with another machine over http")
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none"), false); !errors.Is(err, ErrConfig) {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "agent.yaml")
	if err := os.WriteFile(file, []byte("hub: {issuer: 'https://sso.trust.example'}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(file, false); err != nil {
		t.Error(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadConfig(file, false); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "others can change it") {
		t.Errorf("a file that everybody can change: %v", err)
	}
}

// TestReferenceNamesEveryKey keeps docs/reference/agent.md true.
func TestReferenceNamesEveryKey(t *testing.T) {
	text, err := os.ReadFile("../../docs/reference/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range configKeys() {
		if !strings.Contains(string(text), "| `"+key+"` |") {
			t.Errorf("docs/reference/agent.md does not describe %s", key)
		}
	}
}

// FuzzReadConfig: whatever the file says, what is accepted passes the rules again.
func FuzzReadConfig(f *testing.F) {
	f.Add([]byte("hub: {issuer: 'https://sso.trust.example'}\nports: [43487]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := readConfig(text, false)
		if err == nil && c.check(false) != nil {
			t.Error("accepted, and against the rules")
		}
	})
}
