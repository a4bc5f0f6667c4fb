package components

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// nssDatabase makes the certificate database that Chromium reads under HOME:
// roots it trusts, and client certificates. It has no password.
func nssDatabase(tb testing.TB, home string, roots []*CA, cards []*Leaf) string {
	tb.Helper()
	dir := filepath.Join(home, ".pki", "nssdb")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	database := "sql:" + dir
	must(tb, Command{Path: "certutil", Args: []string{"-N", "-d", database, "--empty-password"}})
	for _, ca := range roots {
		must(tb, Command{Path: "certutil", Args: []string{
			"-A", "-d", database, "-t", "C,,", "-n", ca.Certificate.Subject.CommonName, "-i", ca.File,
		}})
	}
	for _, card := range cards {
		importCard(tb, database, card)
	}
	return database
}

func importCard(tb testing.TB, database string, card *Leaf) {
	tb.Helper()
	must(tb, Command{Path: "pk12util", Args: []string{
		"-i", card.PKCS12(tb, "card"), "-d", database, "-W", "card", "-K", "",
	}})
}

// InsertCard puts a card into the running browser. Connections and choices the
// browser already has stay: use a host name it has not met.
func (b *Browser) InsertCard(tb testing.TB, card *Leaf) {
	tb.Helper()
	importCard(tb, b.database, card)
}

// RemoveCard pulls a card out of the running browser, as InsertCard put it in.
func (b *Browser) RemoveCard(tb testing.TB, card *Leaf) {
	tb.Helper()
	must(tb, Command{Path: "certutil", Args: []string{
		"-F", "-d", b.database, "-n", card.Certificate.Subject.CommonName,
	}})
}

// policyDir is the only place where Chromium looks for managed policies.
const policyDir = "/etc/chromium/policies/managed"

// chooseCertificate makes Chromium answer a request for a client certificate
// with the first that fits instead of asking. The policy is the machine's, but
// every test writes the same text in a file of its own, so that tests in
// parallel agree.
func chooseCertificate(tb testing.TB) {
	tb.Helper()
	if err := os.MkdirAll(policyDir, 0o755); err != nil {
		tb.Fatalf("policy for client certificates (needs root): %v", err)
	}
	file, err := os.CreateTemp(policyDir, fmt.Sprintf("lanyard-test-%d-*.json", os.Getpid()))
	if err != nil {
		tb.Fatalf("policy for client certificates (needs root): %v", err)
	}
	tb.Cleanup(func() {
		if err := os.Remove(file.Name()); err != nil {
			tb.Errorf("policy left behind: %v", err)
		}
	})
	if err := file.Chmod(0o644); err != nil {
		tb.Fatal(err)
	}
	const policy = `{"AutoSelectCertificateForUrls": ["{\"pattern\":\"*\",\"filter\":{}}"]}` + "\n"
	if _, err := file.WriteString(policy); err != nil {
		tb.Fatal(err)
	}
	if err := file.Close(); err != nil {
		tb.Fatal(err)
	}
}
