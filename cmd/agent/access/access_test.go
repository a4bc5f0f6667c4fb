package access_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
)

// made is a file as the agent makes them, in a directory as it makes them.
func made(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(scratch(t), "above", "state")
	for range 2 { // a second time changes nothing
		if err := access.MakeDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	f, err := access.CreateTemp(filepath.Join(dir, "agent.key"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("secret"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func is(t *testing.T, path string, secret, guarded bool) {
	t.Helper()
	ok, remedy, err := access.Secret(path)
	if err != nil || ok != secret || remedy == "" {
		t.Errorf("secret: %v %q, %v; want %v", ok, remedy, err, secret)
	}
	if ok, err := guards(t, path); err != nil || ok != guarded {
		t.Errorf("guarded: %v, %v; want %v", ok, err, guarded)
	}
}

func guards(t *testing.T, path string) (bool, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return access.Guarded(f)
}

func TestAccess(t *testing.T) {
	path := made(t)
	is(t, path, true, true)
	second := made(t)
	if second == path {
		t.Error("two files of one name")
	}
	for _, c := range []struct {
		right           string
		secret, guarded bool
	}{{"read", false, true}, {"change", false, false}} {
		letEverybody(t, path, c.right)
		is(t, path, c.secret, c.guarded)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "secret" {
		t.Errorf("%q, %v", text, err)
	}
	if _, _, err := access.Secret(path + ".none"); !os.IsNotExist(err) {
		t.Error(err)
	}
	if err := access.MakeDir(path); err == nil {
		t.Error("a file is taken for a directory")
	}
}
