package fido

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// ErrRolledBack is metadata older than what was accepted before.
var ErrRolledBack = errors.New("fido: metadata is older than what was accepted before")

// Names of what is kept of accepted metadata.
const (
	keptBlob  = "fido-metadata.jwt"
	keptFloor = "fido-metadata.json"
)

// FileOptions of MetadataFile. All are required.
type FileOptions struct {
	Path   string // the BLOB, put there by whoever fetches it
	Signer Signer
	Dir    string // where the newest accepted BLOB and its number are kept
	// ReadOnly leaves Dir as it is: for commands beside a running hub.
	ReadOnly bool
	Clock    func() time.Time
}

// MetadataFile follows a file with metadata. What cannot be accepted leaves what was accepted before in force, also after a restart
// and without the file; a lower number than the highest seen is never accepted. It is safe for concurrent use.
type MetadataFile struct {
	options FileOptions
	inForce atomic.Pointer[Metadata]

	mu       sync.Mutex // held while the file is read
	floor    floor
	modified time.Time // of the file when it was last accepted
	size     int64
}

// floor is the highest number that was accepted, and when: the certificate that signed was valid then.
type floor struct {
	Number   int64     `json:"no"`
	Accepted time.Time `json:"accepted"`
}

// OpenMetadata takes what was kept, then the file. What is wrong with either is reported joined; the MetadataFile works nevertheless.
func OpenMetadata(o FileOptions) (*MetadataFile, error) {
	f := &MetadataFile{options: o, floor: floor{Number: -1}}
	return f, errors.Join(f.recall(), f.Follow(context.Background()))
}

// Current is the metadata in force; nil if none ever was.
func (f *MetadataFile) Current() *Metadata {
	if f == nil {
		return nil
	}
	return f.inForce.Load()
}

// recall takes the BLOB that was accepted last, as of then.
func (f *MetadataFile) recall() error {
	text, err := os.ReadFile(filepath.Join(f.options.Dir, keptFloor))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fido: metadata kept: %w", err)
	}
	if err := json.Unmarshal(text, &f.floor); err != nil {
		return fmt.Errorf("fido: metadata kept: %w", err)
	}
	blob, err := readBlob(filepath.Join(f.options.Dir, keptBlob))
	if err != nil {
		return fmt.Errorf("fido: metadata kept: %w", err)
	}
	m, err := f.options.Signer.ReadMetadata(blob, f.floor.Accepted)
	if err != nil {
		return fmt.Errorf("fido: metadata kept: %w", err)
	}
	if m.Number < f.floor.Number {
		return fmt.Errorf("fido: metadata kept: %w", ErrRolledBack)
	}
	f.inForce.Store(m)
	return nil
}

// Follow reads the file unless it is as it was when it was last accepted.
func (f *MetadataFile) Follow(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.options.Path)
	if err != nil {
		return fmt.Errorf("fido: metadata: %w", err)
	}
	if f.modified.Equal(info.ModTime()) && f.size == info.Size() {
		return nil
	}
	blob, err := readBlob(f.options.Path)
	if err != nil {
		return fmt.Errorf("fido: metadata: %w", err)
	}
	now := f.options.Clock()
	m, err := f.options.Signer.ReadMetadata(blob, now)
	if err != nil {
		return err
	}
	if m.Number < f.floor.Number {
		return fmt.Errorf("%w: number %d after %d", ErrRolledBack, m.Number, f.floor.Number)
	}
	f.modified, f.size = info.ModTime(), info.Size()
	higher := m.Number > f.floor.Number
	f.floor = floor{m.Number, now}
	f.inForce.Store(m)
	if !higher || f.options.ReadOnly {
		return nil
	}
	return f.keep(blob)
}

// keep writes the BLOB before its number: a stop in between leaves a lower number, which the BLOB satisfies.
func (f *MetadataFile) keep(blob []byte) error {
	text, err := json.Marshal(f.floor)
	if err == nil {
		err = replace(filepath.Join(f.options.Dir, keptBlob), blob)
	}
	if err == nil {
		err = replace(filepath.Join(f.options.Dir, keptFloor), text)
	}
	if err != nil {
		return fmt.Errorf("fido: metadata is in force, but could not be kept: %w", err)
	}
	return nil
}

func readBlob(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	blob, err := io.ReadAll(io.LimitReader(f, maxBlob+1))
	if err == nil && len(blob) > maxBlob {
		err = fmt.Errorf("%w: larger than %d bytes", ErrMetadata, maxBlob)
	}
	return blob, err
}

// replace writes a whole file or leaves the old one.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path)) // the new name must survive a power cut, or an older number comes back
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Standing says how good metadata is at a time. maxAge is counted from nextUpdate, whose own day is still on time.
func (m *Metadata) Standing(maxAge time.Duration, now time.Time) bridge.Standing {
	switch {
	case m == nil:
		return bridge.StandingUnknown
	case now.Before(m.NextUpdate.AddDate(0, 0, 1)):
		return bridge.StandingFresh
	case now.Before(m.NextUpdate.Add(maxAge)):
		return bridge.StandingStale
	}
	return bridge.StandingUnknown
}
