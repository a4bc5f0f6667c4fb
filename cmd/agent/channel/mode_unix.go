//go:build !windows

package channel

import (
	"errors"
	"io/fs"
	"os"
)

// open reports whether a file is open to others than its owner.
func open(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }

// syncDir makes a rename in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
