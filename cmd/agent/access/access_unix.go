//go:build !windows

package access

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MakeDir makes a directory for the user alone, and those above it; one that is there stays as it is.
func MakeDir(dir string) error { return os.MkdirAll(dir, 0o700) }

// CreateTemp makes a new file for the user alone, with a name that begins with that of path, in the same directory.
func CreateTemp(path string) (*os.File, error) {
	return os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
}

// Secret reports whether a file can be read by its owner alone; the remedy is for people.
func Secret(path string) (ok bool, remedy string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return false, "", err
	}
	return info.Mode().Perm()&0o077 == 0, "chmod 600", nil
}

// Guarded reports whether nobody can change a file but its user and the machine's administrators. A group may, if it is root's, or the user's
// first one of a file of their own: that many systems make for each user.
func Guarded(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return false, errors.ErrUnsupported
	}
	mine := owner.Uid == 0 || int(owner.Uid) == os.Getuid()
	ours := owner.Gid == 0 || int(owner.Uid) == os.Getuid() && int(owner.Gid) == os.Getgid()
	others := fs.FileMode(0o002)
	if !ours {
		others |= 0o020
	}
	return mine && info.Mode().Perm()&others == 0 && info.Mode()&fs.ModeType == 0, nil
}
