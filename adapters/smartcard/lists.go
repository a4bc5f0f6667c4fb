package smartcard

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// How often files are looked at, and how far the clock of an authority may be ahead.
const (
	lookEvery = 30 * time.Second
	skew      = 5 * time.Minute
)

// ListOptions of Lists. All but Log are required.
type ListOptions struct {
	Files   []string            // each one list in DER or several in PEM, at most 32 MiB
	Issuers []*x509.Certificate // whose lists are accepted
	MaxAge  time.Duration       // how old a list may be, counted from thisUpdate, whatever its nextUpdate says
	Clock   func() time.Time
	Log     *slog.Logger // told when a file cannot be used; nil: nobody
}

// Lists is a Source that keeps revocation lists in memory and follows their files. It is safe for concurrent use.
// A file that becomes unusable leaves what was read before in force, until that is stale.
type Lists struct {
	options ListOptions
	lists   atomic.Pointer[map[issuerKey]*list]
	mu      sync.Mutex // held while files are read; never by those who only ask
	looked  time.Time
	files   map[string]file
}

var _ Source = (*Lists)(nil)

// issuerKey is name and key of an authority: two authorities of one name keep apart.
type issuerKey [sha256.Size]byte

// file is a file as it was when it was last read without any fault.
type file struct {
	modified time.Time
	size     int64
}

// NewLists reads the files. Files that cannot be used are reported joined; the Lists work nevertheless.
func NewLists(o ListOptions) (*Lists, error) {
	if len(o.Issuers) == 0 || o.MaxAge <= 0 || o.Clock == nil {
		return nil, errors.New("smartcard: lists need issuers, a maximal age and a clock")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l := &Lists{options: o, files: map[string]file{}}
	l.lists.Store(&map[issuerKey]*list{})
	return l, l.Reload()
}

// Status implements Source. At most every 30 seconds the first who asks looks whether files have changed.
func (l *Lists) Status(issuer *x509.Certificate, number *big.Int, now time.Time) (Status, error) {
	l.look()
	found := (*l.lists.Load())[keyOf(issuer)]
	if found == nil {
		return Status{}, fmt.Errorf("%w: %q", ErrNoList, issuer.Subject)
	}
	status := Status{Number: found.number.String(), ThisUpdate: found.thisUpdate}
	s, ok := serialOf(number)
	if !ok {
		return status, fmt.Errorf("%w: serial number out of range", ErrList)
	}
	// A stale list cannot say that a card is good, but that it was revoked stays true.
	status.Revoked = found.has(s)
	if !status.Revoked && (now.After(found.nextUpdate) || now.Sub(found.thisUpdate) > l.options.MaxAge) {
		return status, fmt.Errorf("%w: of %s", ErrStale, found.thisUpdate.UTC().Format(time.RFC3339))
	}
	return status, nil
}

func (l *Lists) look() {
	if !l.mu.TryLock() {
		return // somebody reads them now; the old lists do until then
	}
	defer l.mu.Unlock()
	if now := l.options.Clock(); now.Sub(l.looked) >= lookEvery || now.Before(l.looked) {
		if err := l.reload(now); err != nil {
			l.options.Log.Warn("revocation list not usable", slog.Any("error", err))
		}
	}
}

// Reload looks at the files now. It returns an error for every file that is not usable, joined.
func (l *Lists) Reload() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reload(l.options.Clock())
}

func (l *Lists) reload(now time.Time) error {
	l.looked = now
	next := maps.Clone(*l.lists.Load())
	var errs []error
	for _, path := range l.options.Files {
		if err := l.follow(path, next, now); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	l.lists.Store(&next)
	return errors.Join(errs...)
}

// follow reads a file unless it is as it was when it was last read. One with a fault is read every time: what
// was wrong may have been the time.
func (l *Lists) follow(path string, into map[issuerKey]*list, now time.Time) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if last := l.files[path]; last.modified.Equal(info.ModTime()) && last.size == info.Size() {
		return nil
	}
	delete(l.files, path)
	if err := l.take(path, into, now); err != nil {
		return err
	}
	l.files[path] = file{modified: info.ModTime(), size: info.Size()}
	return nil
}

func (l *Lists) take(path string, into map[issuerKey]*list, now time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxList+1))
	if err != nil {
		return err
	}
	raws, err := split(data)
	if err != nil {
		return err
	}
	var errs []error
	for _, raw := range raws {
		errs = append(errs, l.takeList(raw, into, now))
	}
	return errors.Join(errs...)
}

func (l *Lists) takeList(raw []byte, into map[issuerKey]*list, now time.Time) error {
	p, err := parse(raw)
	if err != nil {
		return err
	}
	issuer, fresh, err := l.attribute(p)
	if err != nil {
		return err
	}
	key := keyOf(issuer)
	if fresh.thisUpdate.After(now.Add(skew)) {
		return fmt.Errorf("%w: from the future", ErrList)
	}
	if !fresh.newer(into[key]) {
		return fmt.Errorf("%w: number %s is older than %s, which is in force", ErrList, fresh.number, into[key].number)
	}
	into[key] = fresh
	return nil
}

// attribute finds the authority that signed the list.
func (l *Lists) attribute(p parts) (*x509.Certificate, *list, error) {
	err := fmt.Errorf("%w: issued by none of the authorities", ErrList)
	for _, issuer := range l.options.Issuers {
		if string(issuer.RawSubject) != string(p.header.RawIssuer) {
			continue
		}
		var found *list
		if found, err = p.accept(issuer); err == nil {
			return issuer, found, nil
		}
	}
	return nil, nil, err
}

// ListState is what an operator may see of one list.
type ListState struct {
	Issuer     string
	Number     string
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
}

// States tells of every authority; Number is empty where there is no list.
func (l *Lists) States() []ListState {
	lists := *l.lists.Load()
	var out []ListState
	for _, issuer := range l.options.Issuers {
		s := ListState{Issuer: issuer.Subject.String()}
		if found := lists[keyOf(issuer)]; found != nil {
			s.Number, s.ThisUpdate, s.NextUpdate, s.Entries = found.number.String(), found.thisUpdate, found.nextUpdate, len(found.serials)
		}
		out = append(out, s)
	}
	return out
}

func keyOf(issuer *x509.Certificate) issuerKey {
	h := sha256.New()
	h.Write(issuer.RawSubjectPublicKeyInfo)
	h.Write(issuer.RawSubject)
	return issuerKey(h.Sum(nil))
}
