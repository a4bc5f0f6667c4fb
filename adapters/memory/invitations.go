package memory

import (
	"cmp"
	"context"
	"slices"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Invitations implements trust.InvitationStore.
func (s *Store) Invitations(context.Context) ([]trust.Invitation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []trust.Invitation
	for _, i := range s.invitations {
		out = append(out, copyInvitation(i))
	}
	slices.SortFunc(out, func(a, b trust.Invitation) int {
		return cmp.Or(a.Made.Compare(b.Made), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Invitation implements trust.InvitationStore.
func (s *Store) Invitation(_ context.Context, id string) (trust.Invitation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.invitations[id]
	if !ok {
		return trust.Invitation{}, trust.ErrInvitation
	}
	return copyInvitation(i), nil
}

// SaveInvitation implements trust.InvitationStore.
func (s *Store) SaveInvitation(_ context.Context, i trust.Invitation, expected int64, events ...ledger.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.invitations[i.ID].Revision != expected {
		return 0, trust.ErrConflict
	}
	if err := s.appendAll(events); err != nil {
		return 0, err
	}
	i.Revision = expected + 1
	s.invitations[i.ID] = copyInvitation(i)
	return i.Revision, nil
}

// AddInvited implements trust.InvitationStore.
func (s *Store) AddInvited(_ context.Context, r trust.Record, i trust.Invitation, events ...ledger.Event) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.invitations[i.ID].Revision != i.Revision {
		return 0, trust.ErrConflict
	}
	revision, err := s.savePartner(r, 0, events)
	if err != nil {
		return 0, err
	}
	i.Revision++
	s.invitations[i.ID] = copyInvitation(i)
	return revision, nil
}

func copyInvitation(i trust.Invitation) trust.Invitation {
	i.Template = slices.Clone(i.Template)
	i.Made, i.Expires = i.Made.UTC().Round(0), i.Expires.UTC().Round(0)
	return i
}
