package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// Workstations is the contract of trust.WorkstationStore.
func Workstations(t *testing.T, open Open) {
	ctx := context.Background()
	s := open(t)
	_, err := s.Workstation(ctx, "bay 4")
	wantError(t, err, trust.ErrUnknownWorkstation)
	later := trust.Workstation{ID: "bay 5", Added: start()}
	first := trust.Workstation{
		ID: "bay 4", Name: "Bay 4", Key: []byte("key"), Hash: []byte("hash"), Until: start().Add(time.Hour), Shared: true,
		OnRemoval: trust.RemovalLock, Added: start(),
	}
	for _, w := range []*trust.Workstation{&later, &first} {
		w.Revision, err = s.SaveWorkstation(ctx, *w, 0, event("u"))
		must(t, err)
	}
	for _, wrong := range []int64{0, first.Revision + 1} {
		_, err = s.SaveWorkstation(ctx, first, wrong, event("u"))
		wantError(t, err, trust.ErrConflict)
	}
	_, err = s.SaveWorkstation(ctx, trust.Workstation{ID: "nowhere"}, 1)
	wantError(t, err, trust.ErrConflict)
	gapFree(t, s, 2)
	first.Revoked = start()
	exactlyOne(t, parallel(10, func(int) error {
		_, err := s.SaveWorkstation(ctx, first, first.Revision, event("u"))
		return err
	}), trust.ErrConflict)
	first.Revision++
	gapFree(t, s, 3)
	stored, err := s.Workstation(ctx, "bay 4")
	must(t, err)
	wantEqual(t, stored, first)
	all, err := s.Workstations(ctx)
	must(t, err)
	wantEqual(t, all, []trust.Workstation{first, later})
}
