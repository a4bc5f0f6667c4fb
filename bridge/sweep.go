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

// Sweep ends sessions that have reached their absolute limit, whether or not their browser ever comes back: their
// participants are told. Being idle ends no session. It is called from a loop of the composition root and ends
// a bounded number a call, oldest first; several nodes may sweep at the same time.
func (h *Hub) Sweep(ctx context.Context) error {
	ids, err := h.Sessions.Overdue(ctx, h.Clock().Add(-h.Limits.Absolute), sweepBatch)
	if err != nil {
		return fmt.Errorf("bridge: overdue sessions: %w", err)
	}
	errs := make([]error, len(ids))
	for from := 0; from < len(ids) && ctx.Err() == nil; from += sweepAtOnce {
		h.Parallel(min(sweepAtOnce, len(ids)-from), func(i int) {
			_, errs[from+i] = h.Logout(ctx, ids[from+i], LogoutCause{Reason: EndedByLimit, Ref: h.NewRef()})
		})
	}
	return errors.Join(errs...)
}
