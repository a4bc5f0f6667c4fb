package revocation

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Where things lie in the folder of an authority.
const (
	numbersFile   = "numbers.json"
	answersFolder = "ocsp"
)

// open reads the folder: first the numbers, then what was fetched before. What is kept there is believed by its signature, as if it
// had been fetched now.
func (c *Cache) open() error {
	c.marks = map[issuerKey]mark{}
	dir := c.options.Folder
	if dir == "" {
		return nil
	}
	if !c.options.ReadOnly {
		if err := os.MkdirAll(filepath.Join(dir, answersFolder), 0o700); err != nil {
			return fmt.Errorf("revocation: folder of %s: %w", c.options.Name, err)
		}
		c.sweep()
	}
	if err := c.readNumbers(); err != nil {
		return err
	}
	for _, issuer := range c.options.Issuers {
		for _, delta := range []bool{false, true} {
			path := c.kept(keyOf(issuer), delta)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			if _, _, err := c.takeFetched(path); err != nil {
				c.warn("a kept list", err)
			}
		}
	}
	c.openAnswers()
	return nil
}

// Names of files that are being written.
const (
	fetching = ".fetched-*"
	writing  = ".new-*"
)

// sweep drops what a process that was killed had begun to write: a list may have 200 MB.
func (c *Cache) sweep() {
	for _, pattern := range []string{fetching, writing} {
		left, _ := filepath.Glob(filepath.Join(c.options.Folder, pattern)) // the pattern is well formed
		for _, path := range left {
			if err := os.Remove(path); err != nil {
				c.warn("a file that was not written to its end", err)
			}
		}
	}
}

// kept is where the last good list of an issuer lies.
func (c *Cache) kept(key issuerKey, delta bool) string {
	kind := "complete"
	if delta {
		kind = "delta"
	}
	return filepath.Join(c.options.Folder, hex.EncodeToString(key[:8])+"-"+kind+".crl")
}

func (c *Cache) readNumbers() error {
	data, err := os.ReadFile(filepath.Join(c.options.Folder, numbersFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("revocation: highest numbers of %s: %w", c.options.Name, err)
	}
	all := map[string]mark{}
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("revocation: %s of %s is damaged: %w", numbersFile, c.options.Name, err)
	}
	for name, m := range all {
		if key, err := hex.DecodeString(name); err == nil && len(key) == len(issuerKey{}) {
			c.marks[issuerKey(key)] = m
		}
	}
	return nil
}

// remember writes the highest numbers down. What could not be written is tried again with the next list, the same one too. Called
// with mu held.
func (c *Cache) remember(key issuerKey, l *list) error {
	m, higher := c.marks[key].raise(l)
	if !higher && !c.unwritten {
		return nil
	}
	c.marks[key] = m
	if c.options.Folder == "" || c.options.ReadOnly {
		return nil
	}
	c.unwritten = true
	all := map[string]mark{}
	for key, m := range c.marks {
		all[hex.EncodeToString(key[:])] = m
	}
	data, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fmt.Errorf("revocation: numbers: %w", err)
	}
	err = put(filepath.Join(c.options.Folder, numbersFile), data)
	c.unwritten = err != nil
	return err
}

// put writes a file so that it is there whole or not at all.
func put(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), writing)
	if err != nil {
		return fmt.Errorf("revocation: keep: %w", err)
	}
	_, err = f.Write(data)
	return settle(f, path, err)
}

// settle moves a file that was written into its place, or drops it.
func settle(f *os.File, path string, err error) error {
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("revocation: keep: %w", err), os.Remove(f.Name()))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder survive a power cut: an older number must not come back with the older file.
func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err == nil {
		err = errors.Join(f.Sync(), f.Close())
	}
	if err != nil {
		return fmt.Errorf("revocation: keep: %w", err)
	}
	return nil
}
