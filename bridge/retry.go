package bridge

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// retryBatch is how many deliveries are tried again at the same time, and retryBatches how often in one Retry.
const (
	retryBatch   = 200
	retryBatches = 20
)

// Retry tells participants whose time has come again. It is called from a loop of the composition root.
func (h *Hub) Retry(ctx context.Context) error {
	for range retryBatches {
		now := h.Clock()
		due, err := h.Deliveries.Due(ctx, now, now.Add(time.Minute), retryBatch)
		if err != nil {
			return fmt.Errorf("bridge: due deliveries: %w", err)
		}
		h.Parallel(len(due), func(i int) { h.again(ctx, due[i]) })
		if len(due) < retryBatch || ctx.Err() != nil {
			return nil
		}
	}
	return nil
}

// again tells one participant once more. It may have confirmed through the browser meanwhile: that is not taken back.
func (h *Hub) again(ctx context.Context, d Delivery) {
	told := h.deliver(ctx, d)
	if !told.Settled() {
		ds, err := h.Deliveries.Deliveries(ctx, d.Logout)
		if err == nil && slices.ContainsFunc(ds, func(now Delivery) bool { return now.ID == d.ID && now.Settled() }) {
			told.Updated = h.Clock()
			if err := h.Journal.Commit(context.WithoutCancel(ctx), Append{toldEvent(told, "")}); err != nil {
				h.trace("", "delivery_not_stored", "partner", d.Participant.Partner)
			}
			return
		}
	}
	h.settle(ctx, told, "")
}
