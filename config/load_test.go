package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// minimal is a complete configuration for the files of trial. Tests add lines
// below it, so the first line of a test's own is line 9.
const minimal = `version: 1
issuer: https://sso.trust.example
organisation: { name: Example Hospital, ods: RX1 }
tls: { cert: tls.crt, key_file: tls.key }
data: data
keys: { signing_file: signing.pem }
authenticators: [fido2]
trusted_proxies: ["10.0.1.0/24"]
`

// without is minimal with the line of one key left out, to be said again below.
func without(key string) string {
	var keep []string
	for _, line := range strings.SplitAfter(minimal, "\n") {
		if !strings.HasPrefix(line, key+":") {
			keep = append(keep, line)
		}
	}
	return strings.Join(keep, "")
}

// load reads text as lanyard.yaml in a fresh trial directory.
func load(t *testing.T, text string, env []string, opts Options) (Config, []string, string) {
	t.Helper()
	dir := trial(t)
	path := write(t, dir, "lanyard.yaml", text, 0o600)
	c, report := Load(path, env, opts)
	return c, brief(report, dir), dir
}

// loadReport does the same with a file of some mode.
func loadReport(t *testing.T, text string, env []string, opts Options, mode os.FileMode) ([]string, Report) {
	t.Helper()
	dir := trial(t)
	_, report := Load(write(t, dir, "lanyard.yaml", text, mode), env, opts)
	return brief(report, dir), report
}

// brief is a report without excerpts and without the directory.
func brief(report Report, dir string) []string {
	var lines []string
	for _, p := range report {
		p.Excerpt = ""
		line := strings.ReplaceAll(p.String(), dir+"/lanyard.yaml:", "")
		lines = append(lines, strings.ReplaceAll(line, dir, "DIR"))
	}
	return lines
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestLoadMinimal(t *testing.T) {
	c, problems, dir := load(t, minimal, nil, Options{Production: true, Now: certified().AddDate(0, 6, 0)})
	expect(t, problems)
	for _, row := range []struct{ name, got, want string }{
		{"host", c.Host(), "sso.trust.example"},
		{"scope", c.Organisation.Scope, "sso.trust.example"},
		{"address", c.Listeners.Public.Address, ":443"},
		{"card address", c.Listeners.Card.Address, ":443"},
		{"pattern", c.Listeners.Card.HostPattern, "*.card.sso.trust.example"},
		{"metrics", c.Listeners.Metrics.Address, "127.0.0.1:9110"},
		{"certificate", c.Listeners.Public.TLS.Cert, dir + "/tls.crt"},
		{"card certificate", c.Listeners.Card.TLS.Cert, dir + "/tls.crt"},
		{"data", c.Data, dir + "/data"},
		{"driver", c.Store.Driver, "sqlite"},
		{"database", c.Store.Path, dir + "/data/lanyard.db"},
		{"store key", c.Store.EncryptionKey, dir + "/data/store.key"},
		{"signing", c.Keys.Signing, dir + "/signing.pem"},
		{"authenticators", fmt.Sprint(c.Authenticators.FIDO2.Enabled, c.Authenticators.Smartcard.Enabled), "true false"},
		{"hints", fmt.Sprint(c.Authenticators.FIDO2.Hints), "[security-key]"},
		{"eku", fmt.Sprint(c.Authenticators.Smartcard.EKU), "[1.3.6.1.5.5.7.3.2]"},
		{"session", fmt.Sprint(c.Session.Idle, c.Session.Absolute), "15m0s 12h0m0s"},
		{"saml", fmt.Sprint(c.SAML), "{3m0s rsa-sha256 when-key-present 5m0s false [] [] {168h0m0s [en=Example Hospital] [] [] [] [] [] [en=Example Hospital] [en=https://sso.trust.example] {[] [] [] [] [] []} {[] [] []} [] [] [] [] {  []} }}"},
		{"oidc", fmt.Sprint(c.OIDC), "{10m0s 10m0s 12h0m0s 1m0s 1m30s false false true [code] {10m0s} {5m0s 10m0s} { true} {off  100 20 false}}"},
		{"tickets", fmt.Sprint(c.Tickets), "{true 10h0m0s {false [] 10h0m0s [] false}}"},
		{"trace", fmt.Sprint(c.Trace), "{redacted 24h0m0s}"},
		{"log", fmt.Sprint(c.Log), "{json info}"},
		{"shutdown", fmt.Sprint(c.Shutdown), "{0s 20s}"},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, row.got, row.want)
		}
	}
}

func TestLoadEverything(t *testing.T) {
	text := strings.Replace(without("tls"), `["10.0.1.0/24"]`, `[10.0.1.0/24, "2001:db8::/32"]`, 1)
	text = strings.Replace(text, "[fido2]", `{ fido2: { hints: [security-key, hybrid] }, smartcard: { revocation: { mode: "off" }, eku: [smartcard_logon, 1.2.3.4] } }`, 1)
	text += `
listeners:
  public: { address: "0.0.0.0:8443", tls: &pair { cert: tls.crt, key_file: tls.key } }
  card: { address: ":9443", host_pattern: "*.c.trust.example", tls: *pair, client_ca: card-ca.pem, crl: [card.crl] }
  ticket: { address: ":7443", client_ca: card-ca.pem }
  mtls: { address: ":6443", client_ca: card-ca.pem, client_cert: proxy, proxy_cert: [card-ca.pem], proxy_protocol: true }
  metrics: { address: "[::1]:9110" }
#
store: { driver: postgres, dsn_file: dsn, encryption_key_file: tls.key }
session: { idle: 1h30m, absolute: 0.5d }
shutdown: { drain_delay: 1500ms }
`
	c, problems, dir := load(t, text, nil, Options{})
	expect(t, problems, "10:51: warning: listeners.card.tls.cert: the certificate is not for *.c.trust.example")
	for _, row := range []struct{ name, got, want string }{
		{"public", fmt.Sprint(c.Listeners.Public), "{0.0.0.0:8443 {" + dir + "/tls.crt " + dir + "/tls.key false} false}"},
		{"card port", fmt.Sprint(c.Listeners.Card.PublicPort), "9443"},
		{"card", fmt.Sprint(c.Listeners.Card.CRL, " ", c.Listeners.Card.TLS.Cert), "[" + dir + "/card.crl] " + dir + "/tls.crt"},
		{"mtls", fmt.Sprint(c.Listeners.MTLS), "{:6443 https://mtls.sso.trust.example {" + dir + "/tls.crt " + dir + "/tls.key false} " + dir + "/card-ca.pem proxy [" + dir + "/card-ca.pem] true}"},
		{"ticket", c.Listeners.Ticket.TLS.Key, dir + "/tls.key"},
		{"proxies", fmt.Sprint(c.TrustedProxies), "[10.0.1.0/24 2001:db8::/32]"},
		{"dsn", c.Store.DSN.Reveal(), "postgres://hub:hunter2@db/lanyard"},
		{"session", fmt.Sprint(c.Session), "{1h30m0s 12h0m0s logout 30m0s end end keep}"},
		{"drain", fmt.Sprint(c.Shutdown.DrainDelay), "1.5s"},
		{"eku", fmt.Sprint(c.Authenticators.Smartcard.EKU), "[1.3.6.1.4.1.311.20.2.2 1.2.3.4]"},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %q, want %q", row.name, row.got, row.want)
		}
	}
	if !c.Authenticators.FIDO2.Enabled || !c.Authenticators.Smartcard.Enabled {
		t.Error("an authenticator named in a mapping is off")
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	big := write(t, dir, "big.yaml", strings.Repeat("# too long\n", 1<<17), 0o600)
	for _, row := range []struct{ name, path, want string }{
		{"absent", filepath.Join(dir, "no.yaml"), "cannot read the configuration: no such file or directory"},
		{"directory", dir, "cannot read the configuration: is a directory"},
		{"too large", big, "cannot read the configuration: is larger than 1 MiB"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, report := Load(row.path, nil, Options{})
			want := row.path + ": error: " + row.want + "\n1 error\n"
			if report.String() != want || !report.HasErrors() {
				t.Errorf("got %q, want %q", report, want)
			}
		})
	}
}

func TestLoadOnlyEnvironment(t *testing.T) {
	dir := trial(t)
	env := []string{
		"HOME=/root", "LANYARD_TEST_X=1", "LANYARD_COMPONENTS=1",
		"LANYARD_VERSION=1", "LANYARD_ISSUER=https://sso.trust.example", "LANYARD_ORGANISATION__NAME=Example",
		"LANYARD_ORGANISATION__ODS=RX1", "LANYARD_TLS__CERT=" + dir + "/tls.crt", "LANYARD_TLS__KEY_FILE=" + dir + "/tls.key",
		"LANYARD_DATA=" + dir, "LANYARD_KEYS__SIGNING_FILE=" + dir + "/signing.pem", "LANYARD_AUTHENTICATORS=fido2",
		"LANYARD_TRUSTED_PROXIES=10.0.1.0/24, 10.0.2.0/24", "LANYARD_LISTEN=:1", "LANYARD_LISTEN=:8443",
	}
	c, report := Load("", env, Options{})
	if len(report) > 0 {
		t.Fatal(report)
	}
	if got := fmt.Sprint(c.TrustedProxies, c.Listeners.Public.Address); got != "[10.0.1.0/24 10.0.2.0/24]:8443" {
		t.Error(got)
	}
	_, report = Load("", env[:len(env)-5], Options{})
	want := "LANYARD_AUTHENTICATORS (environment): error: authenticators is missing\n" +
		"LANYARD_KEYS__SIGNING_FILE (environment): error: keys.signing_file is missing\n2 errors\n"
	if report.String() != want {
		t.Errorf("got:\n%swant:\n%s", report, want)
	}
}

// TestLoadCredentials reads what systemd's LoadCredential leaves.
func TestLoadCredentials(t *testing.T) {
	creds := t.TempDir()
	cert, key := selfSigned(t, "sso.trust.example")
	write(t, creds, "keys.signing", key+cert, 0o400)
	write(t, creds, "store.dsn", "host=db password=hunter2\n", 0o400)
	write(t, creds, "hub-key", key, 0o400)
	text := strings.Replace(without("keys"), "key_file: tls.key", "key_file: hub-key", 1) + "store: { driver: postgres }\n"
	dir := trial(t)
	write(t, dir, "tls.crt", cert, 0o644)
	path := write(t, dir, "lanyard.yaml", text, 0o600)
	c, report := Load(path, []string{"CREDENTIALS_DIRECTORY=" + creds}, Options{Production: true})
	if len(report) > 0 {
		t.Fatal(report)
	}
	if c.Keys.Signing != creds+"/keys.signing" || c.Store.DSN.Reveal() != "host=db password=hunter2" || c.Listeners.Public.TLS.Key != creds+"/hub-key" {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(Show(c), "# keys.signing (credential)") {
		t.Error(Show(c))
	}
}

func TestEnvironmentReplacesFile(t *testing.T) {
	c, problems, _ := load(t, minimal+"listen: \":1\"\nsession: { idle: 5m }\n", []string{
		"LANYARD_LISTENERS__PUBLIC__ADDRESS=:2", "LANYARD_SESSION__IDLE=7m", "LANYARD_OIDC__REQUIRE_PKCE=false",
		"LANYARD_TRUSTED_PROXIES=10.0.0.0/8,192.0.2.0/24", "LANYARD_AUTHENTICATORS=fido2",
	}, Options{})
	expect(t, problems)
	if got := fmt.Sprint(c.Listeners.Public.Address, " ", c.Session.Idle, c.OIDC.RequirePKCE, len(c.TrustedProxies)); got != ":2 7m0s false 2" {
		t.Error(got)
	}
}

// TestExample proves that what init writes is a valid configuration.
func TestExample(t *testing.T) {
	for name, issuer := range map[string]string{
		"https": "https://sso.trust.example", "port": "https://sso.trust.example:8443", "http": "http://hub.localhost:8080",
	} {
		t.Run(name, func(t *testing.T) {
			dir := trial(t)
			path := write(t, dir, "lanyard.yaml", Example(dir, issuer), 0o600)
			_, report := Load(path, nil, Options{})
			if len(report) > 0 {
				t.Error(report)
			}
			golden(t, "testdata/example-"+name+".golden", strings.ReplaceAll(Example(dir, issuer), dir, "/etc/lanyard"))
			spaced := filepath.Join(dir, "a b: c")
			if err := os.Mkdir(spaced, 0o700); err != nil {
				t.Fatal(err)
			}
			c, _ := Load(write(t, spaced, "lanyard.yaml", Example(spaced, issuer), 0o600), nil, Options{SkipFiles: true})
			if c.Data != spaced+"/data" {
				t.Errorf("data is %q", c.Data)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	if c := Defaults(); c.Session.Idle != 15*time.Minute || c.Issuer != "" || c.Listeners.Public.Address != ":443" {
		t.Errorf("%+v", c)
	}
	for _, f := range tree().leaves() {
		if f.doc == "" {
			t.Errorf("%s has no doc", f.path)
		}
		if f.fallback == "" {
			continue
		}
		if _, err := f.parseAll(strings.Fields(f.fallback)); err != nil {
			t.Errorf("the default of %s: %v", f.path, err)
		}
	}
}
