package demo

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/config"
)

// TestFenceImports: nothing that serves patients can reach the demo or a software authenticator.
func TestFenceImports(t *testing.T) {
	const ours = "github.com/lanyard-hub/lanyard/"
	for _, root := range []string{"cmd/hub", "web/signin", "protocols/saml2", "protocols/oidc", "protocols/ticket", "config", "trust", "adapters/sqlstore"} {
		out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ours+root).CombinedOutput()
		if err != nil {
			t.Fatalf("go list: %v: %s", err, out)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 10 {
			t.Fatalf("%s: only %d dependencies: the list is broken", root, len(deps))
		}
		for _, d := range deps {
			if d == ours+"cmd/demo" || d == ours+"adapters/fido/softkey" || strings.HasPrefix(d, "github.com/crewjam/saml") {
				t.Errorf("%s depends on %s", root, d)
			}
		}
	}
}

// TestFenceImporters: `lanyard demo` alone imports the demo, and no file but its own.
func TestFenceImporters(t *testing.T) {
	root := filepath.Join("..", "..")
	found := 0
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(data), `"github.com/lanyard-hub/lanyard/cmd/demo"`) {
			found++
			if filepath.ToSlash(path) != "../../cmd/lanyard/demo.go" {
				t.Errorf("%s imports the demo", path)
			}
		}
		return nil
	})
	if err != nil || found != 1 {
		t.Errorf("%d importers, %v", found, err)
	}
}

// TestFenceProduction: the real program does not take the demo's issuer.
func TestFenceProduction(t *testing.T) {
	d, m := running(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "lanyard.yaml")
	if err := os.WriteFile(file, []byte(config.Example(dir, m.Issuer)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, report := config.Load(file, nil, config.Options{Production: true, SkipFiles: true, Now: time.Now()})
	if !report.HasErrors() {
		t.Error("production takes an issuer of the demo")
	}
	for _, f := range []string{"ca.crt", "hub/card.crt"} {
		data, err := os.ReadFile(filepath.Join(d.Dir(), f))
		if err != nil || len(data) == 0 {
			t.Fatal(err)
		}
	}
	if !strings.Contains(d.keys.authority.cert.Subject.String(), NotForTrust) || !strings.Contains(d.keys.pasCert.Subject.String(), NotForTrust) ||
		!strings.Contains(d.people[0].card.cert.Subject.String(), NotForTrust) {
		t.Error("a certificate does not say what it is")
	}
}

func TestFenceIssuer(t *testing.T) {
	for _, issuer := range []string{"https://sso.trust.example", "http://sso.trust.example", "https://hub.localhost", "http://127.0.0.1:8420", "http://localhost", "http://hub.localhost.example", "://"} {
		if err := checkIssuer(issuer); !errors.Is(err, ErrFence) {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	if err := checkIssuer("http://hub.localhost:8420"); err != nil {
		t.Error(err)
	}
}

// TestFenceDirectory: a production hub's directory is refused and left as it was; a demo's own is used again.
func TestFenceDirectory(t *testing.T) {
	for _, name := range []string{"lanyard.yaml", "lanyard.db", "data/lanyard.db", "store.key", "signing.pem", "hub/lanyard.db", "demo.json"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Start(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrFence) {
			t.Errorf("%s: %v", name, err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != "precious" {
			t.Errorf("%s was touched: %q %v", name, data, err)
		}
	}
	dir := t.TempDir()
	for range 2 {
		d, err := Start(t.Context(), Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "lanyard.yaml"), []byte("issuer: https://sso.trust.example"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Options{Dir: dir}); !errors.Is(err, ErrFence) {
		t.Errorf("a marked directory with a production file: %v", err)
	}
}

// TestTemporaryDirectory: without --dir nothing is left behind.
func TestTemporaryDirectory(t *testing.T) {
	d, err := Start(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(d.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

// TestDialStaysHere: the demo reaches no other machine.
func TestDialStaysHere(t *testing.T) {
	for _, address := range []string{"example.org:80", "10.0.0.1:80", "hub.localhost.example:80", "localhost.:80", "[::1]:80"} {
		if _, err := dial(t.Context(), "tcp", address); !errors.Is(err, errElsewhere) {
			t.Errorf("%s: %v", address, err)
		}
	}
}
