package components

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// account returns the ids of a system account to run a component as, or nil
// when the test itself is not root: then the component runs as the tester.
func account(tb testing.TB, name string) *syscall.Credential {
	tb.Helper()
	if os.Geteuid() != 0 || name == "" {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		tb.Fatalf("account of a component: %v; run .ci/install-components", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		tb.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// give hands a directory tree to a system account, so that a component that
// refuses to run as root (PostgreSQL, Apache httpd) can use it.
func give(tb testing.TB, dir, name string) {
	tb.Helper()
	owner := account(tb, name)
	if owner == nil {
		return
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
	if err != nil {
		tb.Fatal(err)
	}
}
