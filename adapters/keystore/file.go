package keystore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFile bounds what is read, in bytes: far more than any sensible set of keys.
const maxFile = 256 << 10

// ErrTooLarge is returned for a file no honest key file can be.
var ErrTooLarge = errors.New("keystore: file is too large")

// ModeError says that others than its owner may use a secret file.
type ModeError struct {
	Path string
	Mode fs.FileMode
}

// Error names the file, its mode and the remedy.
func (e *ModeError) Error() string {
	return fmt.Sprintf("keystore: %s has mode %04o and may be read by others: chmod 0600 it", e.Path, e.Mode)
}

// read returns the whole file. A *ModeError comes together with the bytes; any other error without.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("keystore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("keystore: %s is not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("keystore: read %s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %s", ErrTooLarge, path)
	}
	if mode := info.Mode().Perm(); mode&0o177 != 0 {
		return data, &ModeError{Path: path, Mode: mode}
	}
	return data, nil
}

// Write creates the file with mode 0600 and makes it durable. It never replaces one: fs.ErrExist then.
func Write(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		// A half-written secret must not be taken for one at the next start.
		return fmt.Errorf("keystore: write %s: %w", path, errors.Join(err, os.Remove(path)))
	}
	return keepEntry(path)
}

// keepEntry makes the entry of a file in its folder durable.
func keepEntry(path string) error {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("keystore: %w", err)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return fmt.Errorf("keystore: make %s durable: %w", path, err)
	}
	return nil
}
