package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
)

// rehearsed is a hub that init made, and a way to run commands on it.
type rehearsed struct {
	t   *testing.T
	dir string
}

func newRehearsed(t *testing.T) rehearsed {
	t.Helper()
	h := rehearsed{t, t.TempDir()}
	if out, err := h.run("init", "--dir", h.dir, "--issuer", "http://hub.localhost:8421"); err != nil {
		t.Fatal(out, err)
	}
	return h
}

// run runs a command and returns what it prints where results go.
func (h rehearsed) run(args ...string) (string, error) {
	out, _, err := h.both(args...)
	return out, err
}

// both is run with what is printed where warnings go.
func (h rehearsed) both(args ...string) (string, string, error) {
	var out, errs bytes.Buffer
	root := newRoot(&out, &errs, nil)
	root.SetArgs(append(args, "--lab", "--config", filepath.Join(h.dir, "lanyard.yaml")))
	err := root.ExecuteContext(h.t.Context())
	return out.String(), errs.String(), err
}

// store opens the store as a running hub would have it; done closes it.
func (h rehearsed) store() (store hub.Store, done func()) {
	h.t.Helper()
	c, report := config.Load(filepath.Join(h.dir, "lanyard.yaml"), nil, config.Options{Lab: true, Now: time.Now()})
	if report.HasErrors() {
		h.t.Fatal(report)
	}
	store, err := hub.OpenStore(h.t.Context(), c)
	if err != nil {
		h.t.Fatal(err)
	}
	return store, func() {
		if err := store.Close(); err != nil {
			h.t.Error(err)
		}
	}
}

func (h rehearsed) must(args ...string) string {
	h.t.Helper()
	out, err := h.run(args...)
	if err != nil {
		h.t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out
}

// apply writes and applies a SAML partner with these terms.
func (h rehearsed) apply(name, terms string) error {
	h.t.Helper()
	metadata := fmt.Sprintf(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://%[1]s.example/sp"><md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`+
		`<md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://%[1]s.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`, name)
	document := fmt.Sprintf("partner: https://%[1]s.example/sp\nname: %[1]s\nprotocol: saml2\nstage: live\nsaml: { metadata: %[1]s.xml%[2]s }\n", name, terms)
	for file, text := range map[string]string{name + ".xml": metadata, name + ".yaml": document} {
		if err := os.WriteFile(filepath.Join(h.dir, file), []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	_, err := h.run("partner", "apply", "-f", filepath.Join(h.dir, name+".yaml"))
	return err
}

// keys are what `keys list` says, by id, with the order of the ids.
func (h rehearsed) keys() (map[string]keyRow, []string) {
	h.t.Helper()
	var rows []keyRow
	if err := json.Unmarshal([]byte(h.must("keys", "list", "--json")), &rows); err != nil {
		h.t.Fatal(err)
	}
	by, order := map[string]keyRow{}, []string{}
	for _, r := range rows {
		by[r.ID], order = r, append(order, r.ID)
	}
	return by, order
}

// TestRollOver goes through docs/how-to/roll-over-a-signing-key.md.
func TestRollOver(t *testing.T) {
	h := newRehearsed(t)
	for name, terms := range map[string]string{"pas": "", "lab": ", algorithm: ES256", "old": ""} {
		if err := h.apply(name, terms); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.apply("bad", ", algorithm: ES384"); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "ES384") {
		t.Errorf("no key signs ES384: %v", err)
	}
	if err := h.apply("pas", ", signing_key: next"); exitCode(err) != exitRefused {
		t.Errorf("no key is next: %v", err)
	}
	by, order := h.keys()
	rsa, ec := order[0], order[1]
	if len(order) != 3 || fmt.Sprint(by[rsa].Partners) != "[old pas]" || fmt.Sprint(by[ec].Partners) != "[lab]" || by[order[2]].Use != "encryption" {
		t.Fatalf("%+v", by)
	}
	next := strings.TrimSpace(h.must("keys", "add", "--kind", "rsa2048"))
	if by, _ := h.keys(); by[next].State != "next" || len(by[next].Partners) != 0 || len(by[rsa].Partners) != 2 {
		t.Errorf("a next key signs: %+v", by)
	}
	if err := h.apply("pas", ", signing_key: next"); err != nil {
		t.Fatal(err)
	}
	if by, _ := h.keys(); fmt.Sprint(by[next].Partners, by[rsa].Partners) != "[pas] [old]" {
		t.Errorf("moved early: %+v", by)
	}
	if _, err := h.run("keys", "set", "--key", rsa, "--state", "retired"); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "old") {
		t.Errorf("left a partner without a key: %v", err)
	}
	h.must("keys", "set", "--key", next[:8], "--state", "active")
	h.must("keys", "set", "--key", rsa, "--state", "retired")
	if by, _ := h.keys(); fmt.Sprint(by[next].Partners) != "[old pas]" || by[rsa].State != "retired" {
		t.Errorf("everybody moved: %+v", by)
	}
	// the late partner
	h.must("keys", "set", "--key", rsa, "--state", "next")
	if err := h.apply("old", ", signing_key: "+rsa); err != nil {
		t.Fatal(err)
	}
	if by, _ := h.keys(); fmt.Sprint(by[next].Partners, by[rsa].Partners) != "[pas] [old]" {
		t.Errorf("kept late: %+v", by)
	}
	for _, state := range []string{"retired", "next"} {
		h.must("keys", "set", "--key", rsa, "--state", state)
	}
	encryption := strings.TrimSpace(h.must("keys", "add", "--encryption"))
	h.must("keys", "set", "--key", encryption, "--state", "active")
	h.must("keys", "set", "--key", order[2], "--state", "retired")
	if by, _ := h.keys(); by[encryption].State != "active" || by[order[2]].State != "retired" || by[encryption].Algorithms != nil {
		t.Errorf("encryption: %+v", by)
	}
}

// TestKeysForOIDC: a key is taken out of what SAML partners see, unless one needs it, and put back.
func TestKeysForOIDC(t *testing.T) {
	h := newRehearsed(t)
	if err := h.apply("pas", ""); err != nil {
		t.Fatal(err)
	}
	by, order := h.keys()
	rsa, ec, encryption := order[0], order[1], order[2]
	if by[rsa].For != "all" || by[ec].For != "all" || by[encryption].For != "" {
		t.Fatalf("%+v", by)
	}
	if out := h.must("keys", "set", "--key", ec, "--for", "oidc"); out != ec+" oidc\n" {
		t.Errorf("said %q", out)
	}
	if by, _ := h.keys(); by[ec].For != "oidc" || by[ec].State != "active" {
		t.Errorf("%+v", by)
	}
	if err := h.apply("lab", ", algorithm: ES256"); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "no active key") {
		t.Errorf("a SAML partner gets a key for OIDC only: %v", err)
	}
	if err := h.apply("lab", ", algorithm: ES256, signing_key: "+ec); exitCode(err) != exitRefused {
		t.Errorf("by its name: %v", err)
	}
	for _, args := range [][]string{{"--key", rsa, "--for", "oidc"}, {"--key", rsa, "--state", "retired"}} {
		if _, err := h.run(append([]string{"keys", "set"}, args...)...); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "SAML") {
			t.Errorf("%v: nothing signs for SAML: %v", args, err)
		}
	}
	h.must("keys", "set", "--key", ec, "--for", "all")
	if err := h.apply("lab", ", algorithm: ES256"); err != nil {
		t.Error(err)
	}
	if _, err := h.run("keys", "set", "--key", ec, "--for", "oidc"); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "lab") {
		t.Errorf("left a partner without a key: %v", err)
	}
	if out := h.must("keys", "set", "--key", ec, "--for", "all", "--state", "active"); out != ec+" active all\n" {
		t.Errorf("said %q", out)
	}
}

func TestKeysMistakes(t *testing.T) {
	h := newRehearsed(t)
	_, order := h.keys()
	for name, c := range map[string]struct {
		args []string
		exit int
	}{
		"kind":            {[]string{"keys", "add", "--kind", "dsa"}, exitUsage},
		"EC to decrypt":   {[]string{"keys", "add", "--kind", "p256", "--encryption"}, exitRefused},
		"no such key":     {[]string{"keys", "set", "--key", "nobody", "--state", "active"}, exitMissing},
		"which of all":    {[]string{"keys", "set", "--key", "", "--state", "active"}, exitMissing},
		"for nobody":      {[]string{"keys", "set", "--key", order[0], "--for", "saml"}, exitUsage},
		"to decrypt":      {[]string{"keys", "set", "--key", order[2], "--for", "oidc"}, exitUsage},
		"nothing to set":  {[]string{"keys", "set", "--key", order[0]}, exitUsage},
		"no such state":   {[]string{"keys", "set", "--key", order[0], "--state", "asleep"}, exitUsage},
		"nothing to sign": {[]string{"keys", "set", "--key", order[1], "--state", "retired"}, exitRefused},
	} {
		if name == "nothing to sign" {
			h.must("keys", "set", "--key", order[0], "--state", "next")
		}
		if _, err := h.run(c.args...); exitCode(err) != c.exit {
			t.Errorf("%s: exit %d, %v", name, exitCode(err), err)
		}
	}
}
