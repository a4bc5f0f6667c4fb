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
	id := partnerID{r.Protocol, r.ID}
	if s.partners[id].Revision != expected {
		return 0, trust.ErrConflict
	}
	if err := s.appendAll(events); err != nil {
		return 0, err
	}
	s.revision++
	r = copyRecord(r)
	r.Revision = s.revision
	s.partners[id] = r
	close(s.changed)
	s.changed = make(chan struct{})
	return r.Revision, nil
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
