package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// Invitations is the contract of trust.InvitationStore.
func Invitations(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	_, err := s.Invitation(ctx, "first")
	wantError(t, err, trust.ErrInvitation)
	first := trust.Invitation{
		ID: "first", Hash: [32]byte{1, 2, 3}, Name: "EPR", Contact: "dev@supplier.example", Template: []byte("stage: test\n"),
		Uses: 3, Made: start(), Expires: start().Add(time.Hour),
	}
	second := trust.Invitation{ID: "a second", Uses: 1, Made: start().Add(time.Second), Expires: start().Add(time.Hour)}
	for _, i := range []*trust.Invitation{&second, &first} {
		i.Revision, err = s.SaveInvitation(ctx, *i, 0, event("u"))
		must(t, err)
	}
	for _, wrong := range []int64{0, first.Revision + 1} {
		_, err = s.SaveInvitation(ctx, first, wrong, event("u"))
		wantError(t, err, trust.ErrConflict)
	}
	_, err = s.SaveInvitation(ctx, trust.Invitation{ID: "nobody"}, 1)
	wantError(t, err, trust.ErrConflict)
	gapFree(t, s, 2)
	all, err := s.Invitations(ctx)
	must(t, err)
	wantEqual(t, all, []trust.Invitation{first, second})
	invited(t, s, first)
}

// invited requires that a partner and the use of its invitation are stored together, and that no use counts for two.
func invited(t *testing.T, s Store, i trust.Invitation) {
	t.Helper()
	ctx := context.Background()
	record := func(n int) trust.Record {
		return trust.Record{ID: name("client", n), Protocol: trust.OIDC, Document: []byte("x"), Updated: start()}
	}
	i.Used++
	exactlyOne(t, parallel(10, func(n int) error {
		_, err := s.AddInvited(ctx, record(n), i, event("u"))
		return err
	}), trust.ErrConflict)
	gapFree(t, s, 3)
	stored, err := s.Invitation(ctx, i.ID)
	must(t, err)
	i.Revision = stored.Revision
	wantEqual(t, stored, i)
	all, revision, err := s.Partners(ctx)
	must(t, err)
	if len(all) != 1 || all[0].Revision != revision {
		t.Fatalf("%d partners by one use", len(all))
	}
	taken := all[0]
	i.Used++
	_, err = s.AddInvited(ctx, taken, i, event("u"))
	wantError(t, err, trust.ErrConflict)
	stored, err = s.Invitation(ctx, i.ID)
	must(t, err)
	if stored.Used != 1 {
		t.Fatalf("a use was spent on a partner that is there already: %d", stored.Used)
	}
	gapFree(t, s, 3)
}
