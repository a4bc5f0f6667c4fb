package sqlstore

import (
	"context"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Invitations implements trust.InvitationStore.
func (s *Store) Invitations(ctx context.Context) ([]trust.Invitation, error) {
	return s.invitations(ctx, allInvitations)
}

// Invitation implements trust.InvitationStore.
func (s *Store) Invitation(ctx context.Context, id string) (trust.Invitation, error) {
	found, err := s.invitations(ctx, invitationByID, id)
	switch {
	case err != nil:
		return trust.Invitation{}, err
	case len(found) != 1:
		return trust.Invitation{}, trust.ErrInvitation
	}
	return found[0], nil
}

func (s *Store) invitations(ctx context.Context, which statement, args ...any) ([]trust.Invitation, error) {
	return revised(ctx, s, which, func(i *trust.Invitation, revision int64) { i.Revision = revision }, args...)
}

// SaveInvitation implements trust.InvitationStore.
func (s *Store) SaveInvitation(ctx context.Context, i trust.Invitation, expected int64, events ...ledger.Event) (int64, error) {
	r := newRequest(ctx)
	r.events = events
	if err := r.saveInvitation(i, expected); err != nil {
		return 0, err
	}
	if err := s.writer.submit(r); err != nil {
		return 0, err
	}
	return expected + 1, nil
}

// AddInvited implements trust.InvitationStore.
func (s *Store) AddInvited(ctx context.Context, x trust.Record, i trust.Invitation, events ...ledger.Event) (int64, error) {
	r := newRequest(ctx)
	r.events = events
	if err := r.saveInvitation(i, i.Revision); err != nil {
		return 0, err
	}
	revision := r.changePartner(x.Protocol, x.ID, 0, func(revision int64) *op { return partnerOp(x, revision) })
	if err := s.writer.submit(r); err != nil {
		return 0, err
	}
	return *revision, nil
}

// saveInvitation writes if the stored revision is the expected one, 0 standing for none.
func (r *request) saveInvitation(i trust.Invitation, expected int64) error {
	i.Made, i.Expires, i.Revision = i.Made.UTC().Round(0), i.Expires.UTC().Round(0), 0
	doc, err := encode(i)
	if err != nil {
		return err
	}
	r.exclusive = append(r.exclusive, "invitation "+i.ID)
	write := &op{stmt: addInvitation, args: []any{i.ID, doc, nano(i.Made)}}
	if expected != 0 {
		write = &op{stmt: updateInvitation, args: []any{i.ID, doc, expected}}
	}
	r.require(write, trust.ErrConflict)
	return nil
}
