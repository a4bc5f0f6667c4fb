//go:build !windows

package access_test

import (
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
	if err := os.Chown(path, 65534, -1); err != nil {
		t.Fatal(err)
	}
	if ok, err := guards(t, path); ok || err != nil {
		t.Errorf("a file of another user: %v, %v", ok, err)
	}
}
