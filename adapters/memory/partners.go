package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Partners implements trust.PartnerStore. Records come in order of protocol and id.
func (s *Store) Partners(context.Context) ([]trust.Record, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []trust.Record
	for _, r := range s.partners {
		out = append(out, copyRecord(r))
	}
	slices.SortFunc(out, func(a, b trust.Record) int {
		return cmp.Or(cmp.Compare(a.Protocol, b.Protocol), cmp.Compare(a.ID, b.ID))
	})
	return out, s.revision, nil
}

// SavePartner implements trust.PartnerStore.
func (s *Store) SavePartner(_ context.Context, r trust.Record, expected int64, events ...ledger.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.savePartner(r, expected, events)
}

func (s *Store) savePartner(r trust.Record, expected int64, events []ledger.Event) (int64, error) {
	id := partnerID{r.Protocol, r.ID}
	if s.partners[id].Revision != expected {
		return 0, trust.ErrConflict
	}
	if err := s.appendAll(events); err != nil {
		return 0, err
	}
	s.registryChanged()
	r = copyRecord(r)
	r.Revision = s.revision
	s.partners[id] = r
	return r.Revision, nil
}

// RemovePartner implements trust.PartnerStore.
func (s *Store) RemovePartner(_ context.Context, protocol trust.Protocol, name string, expected int64, events ...ledger.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := partnerID{protocol, name}
	if r, ok := s.partners[id]; !ok || r.Revision != expected {
		return trust.ErrConflict
	}
	if err := s.appendAll(events); err != nil {
		return err
	}
	s.registryChanged()
	delete(s.partners, id)
	return nil
}

// registryChanged moves the revision on and wakes who watches. s.mu is held.
func (s *Store) registryChanged() {
	s.revision++
	close(s.changed)
	s.changed = make(chan struct{})
}

// Revision implements trust.PartnerStore.
func (s *Store) Revision(context.Context) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision, nil
}

// Watch calls changed at once and after every change of the registry, until ctx is done. Changes that come
// while changed runs are reported once.
func (s *Store) Watch(ctx context.Context, changed func()) {
	s.mu.Lock()
	next := s.changed
	s.mu.Unlock()
	for {
		changed()
		select {
		case <-ctx.Done():
			return
		case <-next:
		}
		s.mu.Lock()
		next = s.changed
		s.mu.Unlock()
	}
}

func copyRecord(r trust.Record) trust.Record {
	r.Document, r.Metadata = slices.Clone(r.Document), slices.Clone(r.Metadata)
	return r
}
