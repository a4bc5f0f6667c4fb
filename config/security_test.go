package config

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestSecurity has the rows of the attack list that configuration answers.
func TestSecurity(t *testing.T) {
	production := Options{Production: true}
	t.Run("201", func(t *testing.T) { // the issuer has one spelling, and comes from here only
		for _, issuer := range []string{"https://sso.trust.example/", "https://SSO.trust.example", "https://sso.trust.example:443", "https://192.0.2.1", "https://a@sso.trust.example"} {
			_, report := loadReport(t, without("issuer")+"issuer: "+issuer+"\n", nil, production, 0o600)
			if !report.HasErrors() {
				t.Error(issuer)
			}
		}
	})
	t.Run("202", func(t *testing.T) { // no way to trust X-Forwarded-For from everyone
		for _, network := range []string{"0.0.0.0/0", "'::/0'", "'*'"} {
			_, report := loadReport(t, minimal+"trusted_proxies: ["+network+"]\n", nil, production, 0o600)
			if !report.HasErrors() {
				t.Error(network)
			}
		}
	})
	t.Run("246", func(t *testing.T) {
		t.Run("key file 0644", func(t *testing.T) {
			for mode, who := range map[os.FileMode]string{0o644: "readable by others", 0o640: "readable by group", 0o620: "writable by group", 0o602: "writable by others"} {
				if got := keyMode(t, mode); !strings.Contains(got, who) {
					t.Errorf("%o: %s", mode, got)
				}
			}
			for _, mode := range []os.FileMode{0o600, 0o400} {
				if got := keyMode(t, mode); got != "" {
					t.Errorf("%o: %s", mode, got)
				}
			}
		})
		t.Run("key of another certificate", func(t *testing.T) {
			dir := trial(t)
			_, other := selfSigned(t, "other.example")
			write(t, dir, "tls.key", other, 0o600)
			_, report := Load(write(t, dir, "lanyard.yaml", minimal, 0o600), nil, production)
			if !strings.Contains(report.String(), ":4:8: error: tls.cert: private key does not match public key") {
				t.Error(report)
			}
		})
		t.Run("own certificate's dates", func(t *testing.T) {
			for now, want := range map[time.Time]string{
				certified().AddDate(2, 0, 0): "expired on 1 January 2027", certified().AddDate(-1, 0, 0): "not valid before 1 January 2026",
			} {
				_, problems, _ := load(t, minimal, nil, Options{Now: now})
				expect(t, problems, "4:8: error: tls.cert: "+want)
			}
		})
		t.Run("clock skew", func(t *testing.T) {
			_, problems, _ := load(t, minimal+"saml: { clock_skew: 301s }\n", nil, production)
			expect(t, problems, `9:21: error: saml.clock_skew: "301s" is too long, the most is "5m"`)
			_, problems, _ = load(t, minimal+"saml: { clock_skew: 0s }\n", nil, production)
			expect(t, problems, `9:21: error: saml.clock_skew: "0s" is too short, the least is "1s"`)
		})
		t.Run("demo host in production", func(t *testing.T) {
			text := strings.Replace(without("tls"), "https://sso.trust.example", "http://hub.localhost:8080", 1)
			_, problems, _ := load(t, text, nil, production)
			expect(t, problems, `2:9: error: issuer: "http://hub.localhost:8080" is for trials on one machine; in production it must begin with https://`)
			for _, opts := range []Options{{}, {Production: true, Lab: true}} {
				_, problems, _ = load(t, text, nil, opts)
				expect(t, problems)
			}
		})
		t.Run("revocation off", func(t *testing.T) {
			text := strings.Replace(minimal, "[fido2]", "{ smartcard: { revocation: { mode: off } } }", 1) + "listeners: { card: { client_ca: card-ca.pem } }\n"
			_, problems, _ := load(t, text, nil, production)
			expect(t, problems, "7:52: warning: authenticators.smartcard.revocation.mode: a revoked card can sign in")
		})
	})
	t.Run("secret in an open file", func(t *testing.T) {
		text := minimal + "store: { driver: postgres, dsn: 'postgres://u:hunter2@db' }\n"
		const want = "9:28: %s: store.dsn: a secret in a file that is readable by group (0640), use store.dsn_file"
		for severity, opts := range map[string]Options{"error": production, "warning": {}} {
			got, _ := loadReport(t, text, nil, opts, 0o640)
			expect(t, got, strings.Replace(want, "%s", severity, 1))
		}
		got, _ := loadReport(t, text, nil, production, 0o600)
		expect(t, got)
		got, _ = loadReport(t, minimal+"store: { driver: postgres, dsn_file: dsn }\n", nil, production, 0o644)
		expect(t, got)
	})
	t.Run("secrets stay out of reports", func(t *testing.T) {
		for _, text := range []string{
			"store: { driver: postgres, dns: 'postgres://u:hunter2@db' }", "dsn: hunter2", "pasword: hunter2",
			"store: { dsn: [hunter2] }", "store: { dsn: hunter2, dsn: hunter2 }",
			"dsm: hunter2", "store: { dsm: hunter2, drivr: x }", "store: { dsn: *hunter2 }", "store:\n  dsn: hunter2\n  dsn: hunter2", "store: { ds: 'host=db passwd=hunter2' }",
		} {
			dir := trial(t)
			env := []string{"LANYARD_STORE__DNS=hunter2", "LANYARD_STORE__DSN=hunter2"}
			c, report := Load(write(t, dir, "lanyard.yaml", minimal+text+"\n", 0o600), env, production)
			if !report.HasErrors() || strings.Contains(report.String()+Show(c), "hunter2") {
				t.Errorf("%s:\n%s", text, report)
			}
		}
	})
}

// keyMode is the report on a signing key with a mode.
func keyMode(t *testing.T, mode os.FileMode) string {
	t.Helper()
	dir := trial(t)
	cert, key := selfSigned(t, "sso.trust.example")
	write(t, dir, "signing.pem", key+cert, mode)
	_, report := Load(write(t, dir, "lanyard.yaml", minimal, 0o600), nil, Options{Production: true})
	return report.String()
}
