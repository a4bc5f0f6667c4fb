package revocation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// maxPEM bounds a file in PEM, in bytes: unlike one in DER it is read as a whole.
const maxPEM = 32 << 20

// file is a file as it was when it was last read without any fault.
type file struct {
	modified time.Time
	size     int64
	fault    string // of the last attempt; it is told once
}

// followFiles takes the files that have changed. One with a fault is read every time: what was wrong may have been the time.
func (c *Cache) followFiles() {
	for _, path := range c.options.Files {
		err := c.follow(path)
		if err == nil {
			continue
		}
		if err.Error() != c.files[path].fault {
			c.warn(path, err)
		}
		c.files[path] = file{fault: err.Error()}
	}
}

func (c *Cache) follow(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if was := c.files[path]; was.fault == "" && was.modified.Equal(info.ModTime()) && was.size == info.Size() {
		return nil
	}
	lists, err := listsOf(path)
	if err != nil {
		return err
	}
	var errs []error
	for _, open := range lists {
		_, _, err := c.takeList(open)
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	c.files[path] = file{modified: info.ModTime(), size: info.Size()}
	return nil
}

// opened reads a list in DER from a file.
func opened(path string) opener {
	return func() (io.ReadCloser, error) { return os.Open(path) }
}

// listsOf finds the lists of a file, which holds one in DER or any number in PEM.
func listsOf(path string) ([]opener, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var first [1]byte
	if _, err := io.ReadFull(f, first[:]); err == nil && first[0] == 0x30 {
		return []opener{opened(path)}, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxPEM+1))
	if err != nil {
		return nil, err
	}
	return split(data)
}

// split takes PEM apart.
func split(data []byte) ([]opener, error) {
	if len(data) > maxPEM {
		return nil, fmt.Errorf("%w: larger than %d bytes, which only DER may be", ErrList, maxPEM)
	}
	var out []opener
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type != "X509 CRL" {
			return nil, fmt.Errorf("%w: unexpected PEM block %q", ErrList, block.Type)
		}
		raw := block.Bytes
		out, data = append(out, func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }), rest
	}
	if len(out) == 0 || bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%w: neither DER nor PEM", ErrList)
	}
	return out, nil
}

// keepAnswer puts an answer where a restart finds it, unless a newer one came meanwhile: of two that come together the newer must be
// what is left. The name is a hash: with the issuer, the number names the holder.
func (c *Cache) keepAnswer(issuer *x509.Certificate, serial *big.Int, fresh *answer, raw []byte) error {
	if c.options.Folder == "" || c.options.ReadOnly {
		return nil
	}
	c.keeping.Lock()
	defer c.keeping.Unlock()
	if !c.answers.holds(issuer, serial, fresh) {
		return nil
	}
	return put(c.answerFile(issuer, serial), raw)
}

func (c *Cache) answerFile(issuer *x509.Certificate, serial *big.Int) string {
	key := keyOf(issuer)
	sum := sha256.Sum256(append(key[:], serial.Bytes()...))
	return filepath.Join(c.options.Folder, answersFolder, hex.EncodeToString(sum[:])+".der")
}

// openAnswers takes the answers that were kept, and drops those that no policy permits any more.
func (c *Cache) openAnswers() {
	entries, err := os.ReadDir(filepath.Join(c.options.Folder, answersFolder))
	if err != nil {
		return // there is none before the first one is kept
	}
	now := c.options.Clock()
	for _, e := range entries {
		path := filepath.Join(c.options.Folder, answersFolder, e.Name())
		if raw, err := os.ReadFile(path); err == nil && len(raw) <= MaxAnswer && c.reopenAnswer(raw, now) {
			continue
		}
		if !c.options.ReadOnly {
			if err := os.Remove(path); err != nil {
				c.warn("a kept OCSP answer", err)
			}
		}
	}
}

// reopenAnswer takes an answer of which it is not known whose it is. It reports whether it is worth keeping.
func (c *Cache) reopenAnswer(raw []byte, now time.Time) bool {
	r, err := parseAnswer(raw)
	if err != nil {
		return false
	}
	for _, issuer := range c.options.Issuers {
		if !r.about(issuer) {
			continue
		}
		held, err := c.believe(r, issuer, now)
		if err != nil {
			return false
		}
		old := c.options.Policy.rung(held.evidence(), now) == bridge.StandingUnknown && !held.evidence().Revoked
		return !old && c.answers.put(issuer, r.SerialNumber, held, held.thisUpdate) != putOlder
	}
	return false
}

func (c *Cache) warn(what string, err error) {
	c.options.Log.Warn("revocation source not usable", slog.String("authority", c.options.Name), slog.String("source", what), slog.Any("error", err))
}
