package channel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
)

// ErrNotEnrolled: the agent has no identity yet.
var ErrNotEnrolled = errors.New("channel: this workstation is not enrolled; run lanyard-agent enrol")

// Files of the state directory.
const (
	identityFile = "workstation.json"
	outboxFile   = "outbox.json"
	cardsFile    = "cards.json"
)

// LoadIdentity reads who the workstation is; ErrNotEnrolled if nobody yet.
func LoadIdentity(dir string) (Identity, error) {
	text, err := os.ReadFile(filepath.Join(dir, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Identity{}, ErrNotEnrolled
	}
	if err != nil {
		return Identity{}, err
	}
	var i Identity
	if err := json.Unmarshal(text, &i); err != nil || i.ID == "" || i.Issuer == "" {
		return Identity{}, fmt.Errorf("channel: %s is damaged; enrol again", identityFile)
	}
	i.Key, err = loadKey(dir)
	return i, err
}

// save writes the key first: an identity without its key would be of no use.
func (i Identity) save(dir string) error {
	if err := saveKey(dir, i.Key); err != nil {
		return err
	}
	i.Key = nil
	return store(filepath.Join(dir, identityFile), i)
}

// load reads what store wrote; where there is no such file, v stays as it is.
func load(path string, v any) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, v)
}

// store writes v for the user alone durably, whole or not at all.
func store(path string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return replace(path, text)
}

// replace writes a file for the user alone durably, whole or not at all.
func replace(path string, text []byte) error {
	dir := filepath.Dir(path)
	f, err := access.CreateTemp(path)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(dir)
}
