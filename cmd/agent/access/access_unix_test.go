//go:build !windows

package access_test

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

func scratch(t *testing.T) string { return t.TempDir() }

// letEverybody gives every user of the machine a right.
func letEverybody(t *testing.T, path, right string) {
	t.Helper()
	if err := os.Chmod(path, map[string]fs.FileMode{"read": 0o644, "change": 0o666}[right]); err != nil {
		t.Fatal(err)
	}
}

func TestStrangersFile(t *testing.T) {
	path := made(t)
	if os.Getuid() != 0 {
		t.Skip("only root can give a file away")
	}
	for mode, want := range map[fs.FileMode]bool{0o640: true, 0o660: false} {
		if err := errors.Join(os.Chown(path, -1, 65534), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		if ok, err := guards(t, path); ok != want || err != nil {
			t.Errorf("mode %o of a group of others: %v, %v", mode, ok, err)
		}
	}
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if ok, err := guards(t, path); ok || err != nil {
		t.Errorf("a file of another user: %v, %v", ok, err)
	}
}
