package trust

import (
	"bytes"
	"context"
	"crypto/sha1" //nolint:gosec // see newEntry
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-memdb"
)

// Registry is the read model of the trust registry: immutable snapshots fed from a PartnerStore.
type Registry struct {
	SAML     SAMLDefaults // set before the first Load
	store    PartnerStore
	compiler Compiler
	lab      bool
	clock    func() time.Time
	loading  sync.Mutex
	current  atomic.Pointer[snapshot]
}

type snapshot struct {
	db       *memdb.MemDB
	revision int64
	broken   []error         // records that no longer compile; they are not answered
	grants   map[string]bool // that some OIDC client may use
}

// entry is what memdb holds; Partner itself stays free of index fields.
type entry struct {
	Key     string // protocol and id
	Name    string
	Source  string // of SAML artifacts: the digest of the entity id; empty for other protocols
	Partner Partner
}

// NewRegistry prepares an empty registry; Load fills it.
func NewRegistry(store PartnerStore, compiler Compiler, lab bool, clock func() time.Time) *Registry {
	return &Registry{store: store, compiler: compiler, lab: lab, clock: clock}
}

func newEntry(p Partner) *entry {
	e := &entry{Key: key(p.Protocol, p.ID), Name: p.Name, Partner: p}
	if p.Protocol == SAML2 {
		source := sha1.Sum([]byte(p.ID)) //nolint:gosec // SAML Bindings 3.6.4.2 names senders so
		e.Source = hex.EncodeToString(source[:])
	}
	return e
}

func schema() *memdb.DBSchema {
	return &memdb.DBSchema{Tables: map[string]*memdb.TableSchema{"partner": {
		Name: "partner",
		Indexes: map[string]*memdb.IndexSchema{
			"id":     {Name: "id", Unique: true, Indexer: &memdb.StringFieldIndex{Field: "Key"}},
			"name":   {Name: "name", Indexer: &memdb.StringFieldIndex{Field: "Name", Lowercase: true}},
			"source": {Name: "source", AllowMissing: true, Indexer: &memdb.StringFieldIndex{Field: "Source"}},
		},
	}}}
}

// Load reads every record, compiles what has changed, and swaps in a new snapshot. A record that does not compile is left out and
// reported by Broken; the others are served. If the store fails the old snapshot stays.
func (r *Registry) Load(ctx context.Context) error {
	r.loading.Lock() // so that no older snapshot comes after a newer one
	defer r.loading.Unlock()
	records, revision, err := r.store.Partners(ctx)
	if err != nil {
		return fmt.Errorf("trust: load registry: %w", err)
	}
	db, err := memdb.NewMemDB(schema())
	if err != nil {
		return fmt.Errorf("trust: registry: %w", err)
	}
	next := &snapshot{db: db, revision: revision, grants: map[string]bool{}}
	txn := db.Txn(true)
	defer txn.Abort()
	for _, rec := range records {
		p, known := r.unchanged(rec)
		if !known {
			if p, err = r.compile(rec); err != nil {
				next.broken = append(next.broken, err)
				continue
			}
		}
		if err := txn.Insert("partner", newEntry(p)); err != nil {
			return fmt.Errorf("trust: registry: %w", err)
		}
		if p.OIDC != nil {
			for _, g := range p.OIDC.Grants {
				next.grants[g] = true
			}
		}
	}
	txn.Commit()
	r.current.Store(next)
	return nil
}

// unchanged is a partner as it was compiled before, if its record is the same: nothing else decides what it is compiled to, whose metadata
// has expired is asked when it matters. What others prepared from its terms stays good with it.
func (r *Registry) unchanged(rec Record) (Partner, bool) {
	p, err := r.Partner(rec.Protocol, rec.ID)
	return p, err == nil && p.Revision == rec.Revision
}

func (r *Registry) compile(rec Record) (Partner, error) {
	docs, err := ReadDocuments(bytes.NewReader(rec.Document))
	if err != nil {
		return Partner{}, err
	}
	p, err := r.compiler.Compile(docs[0], rec.Metadata, CompileOptions{Lab: r.lab, Now: r.clock(), SAML: r.SAML, Stored: true})
	p.Revision = rec.Revision
	return p, err
}

func key(protocol Protocol, id string) string { return string(protocol) + " " + id }

// Partner finds a partner in the snapshot of now; ErrUnknownPartner for nobody.
func (r *Registry) Partner(protocol Protocol, id string) (Partner, error) {
	s := r.current.Load()
	if s == nil {
		return Partner{}, ErrUnknownPartner
	}
	raw, err := s.db.Txn(false).First("partner", "id", key(protocol, id))
	if err != nil {
		return Partner{}, fmt.Errorf("trust: find partner: %w", err)
	}
	e, ok := raw.(*entry)
	if !ok {
		return Partner{}, ErrUnknownPartner
	}
	return e.Partner, nil
}

// EntityBySource finds the SAML partner whose entity id has this SHA-1 digest, the SourceID of the artifacts that it makes
// (SAML Bindings 3.6.4.2).
func (r *Registry) EntityBySource(source [20]byte) (string, bool) {
	s := r.current.Load()
	if s == nil {
		return "", false
	}
	raw, err := s.db.Txn(false).First("partner", "source", hex.EncodeToString(source[:]))
	if e, ok := raw.(*entry); err == nil && ok {
		return e.Partner.ID, true
	}
	return "", false
}

// Partners lists all in order of name.
func (r *Registry) Partners() ([]Partner, error) {
	s := r.current.Load()
	if s == nil {
		return nil, nil
	}
	it, err := s.db.Txn(false).Get("partner", "name")
	if err != nil {
		return nil, fmt.Errorf("trust: list partners: %w", err)
	}
	var out []Partner
	for raw := it.Next(); raw != nil; raw = it.Next() {
		if e, ok := raw.(*entry); ok {
			out = append(out, e.Partner)
		}
	}
	return out, nil
}

// Expired lists those that would be answered, were their metadata still good at that time.
func (r *Registry) Expired(now time.Time) ([]Partner, error) {
	all, err := r.Partners()
	return slices.DeleteFunc(all, func(p Partner) bool { return !p.Answerable() || !p.Expired(now) }), err
}

// AnyMay reports whether any OIDC client of the snapshot, whatever its stage, may use a grant: what nobody can have begun need not be looked for.
func (r *Registry) AnyMay(grant string) bool {
	s := r.current.Load()
	return s != nil && s.grants[grant]
}

// Revision of the snapshot that is served.
func (r *Registry) Revision() int64 {
	if s := r.current.Load(); s != nil {
		return s.revision
	}
	return 0
}

// Broken joins what kept stored partners from being served; nil if nothing.
func (r *Registry) Broken() error {
	if s := r.current.Load(); s != nil {
		return errors.Join(s.broken...)
	}
	return nil
}
