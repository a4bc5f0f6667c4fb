package demo

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/keystore"
	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/trust"
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

// TestFenceProduction: the real program takes neither the demo's issuer, nor its keys, its card authority or
// its partners.
func TestFenceProduction(t *testing.T) {
	d, m := running(t)
	file := filepath.Join(t.TempDir(), "lanyard.yaml")
	if err := os.WriteFile(file, []byte(config.Example(filepath.Dir(file), m.Issuer)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, report := config.Load(file, nil, config.Options{Production: true, SkipFiles: true, Now: time.Now()}); !report.HasErrors() {
		t.Error("production takes the demo's issuer")
	}
	own, err := keystore.Generate(rand.Reader, "sso.trust.example", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	ownKeys := filepath.Join(t.TempDir(), "signing.pem")
	if err := keystore.Write(ownKeys, own); err != nil {
		t.Fatal(err)
	}
	demo := d.configuration().Keys
	for what, keys := range map[string]config.Keys{
		"signing key": {Signing: demo.Signing}, "encryption key": {Signing: ownKeys, Encryption: demo.Encryption}, "card authority": {Signing: ownKeys},
	} {
		c := d.configuration()
		c.Data = t.TempDir()
		c.Store.Path, c.Store.EncryptionKey, c.Keys = filepath.Join(c.Data, "x.db"), filepath.Join(c.Data, "x.key"), keys
		_, err := hub.New(t.Context(), hub.Options{Config: c, Log: slog.New(slog.DiscardHandler)})
		if !errors.Is(err, hub.ErrDemo) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	compiler, err := trust.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	metadata, err := d.pas.describe()
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range d.documents() {
		if _, err := compiler.Compile(doc, metadata, trust.CompileOptions{Now: time.Now()}); !errors.Is(err, trust.ErrInvalid) {
			t.Errorf("production takes the demo's %s: %v", doc.Name, err)
		}
	}
	for _, subject := range []string{d.keys.authority.cert.Subject.String(), d.keys.cardHost.cert.Subject.String(), d.keys.pasCert.Subject.String(), d.people[0].card.cert.Subject.String()} {
		if !strings.Contains(subject, NotForTrust) {
			t.Errorf("%s does not say what it is", subject)
		}
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
