package bridge

import (
	"context"
	"errors"
	"fmt"
)

// sweepBatch is how many sessions one Sweep ends at most, and how many at the same time.
const (
	sweepBatch  = 200
	sweepAtOnce = 20
)

// Sweep ends sessions that have reached their absolute limit, and those that were suspended and not resumed in time, whether or
// not their browser ever comes back: their participants are told. Being idle ends no session. It is called from a loop of the composition root and ends
// a bounded number a call, oldest first; several nodes may sweep at the same time.
func (h *Hub) Sweep(ctx context.Context) error {
	now := h.Clock()
	ids, err := h.Sessions.Overdue(ctx, now.Add(-h.Limits.Absolute), now.Add(-h.Limits.Resume), sweepBatch)
	if err != nil {
		return fmt.Errorf("bridge: overdue sessions: %w", err)
	}
	errs := make([]error, len(ids))
	for from := 0; from < len(ids) && ctx.Err() == nil; from += sweepAtOnce {
		h.Parallel(min(sweepAtOnce, len(ids)-from), func(i int) {
			errs[from+i] = h.sweep(ctx, ids[from+i])
		})
	}
	return errors.Join(errs...)
}

// sweep ends one session, unless it was resumed since it was listed.
func (h *Hub) sweep(ctx context.Context, id string) error {
	s, err := h.Sessions.Session(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("bridge: load session: %w", err)
	}
	if now := h.Clock(); !s.Ended.IsZero() || !h.over(s, now) {
		return nil
	}
	_, err = h.Logout(ctx, id, LogoutCause{Reason: h.overBy(s), Ref: h.NewRef()})
	return err
}
