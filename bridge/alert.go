package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// alertBatch is how many alerts are tried in one go.
const alertBatch = 20

// SendAlerts tells of openings whose alert is due. It is called from a loop of the composition root; what could not be told is tried
// again, ever more seldom but at least hourly, until it is: nobody gives up on an alert.
func (h *Hub) SendAlerts(ctx context.Context) error {
	if h.Emergency == nil || h.Emergency.Alert == nil {
		return nil
	}
	now := h.Clock()
	due, err := h.Emergencies.DueAlerts(ctx, now, now.Add(time.Minute), alertBatch)
	if err != nil {
		return fmt.Errorf("bridge: due alerts: %w", err)
	}
	errs := make([]error, len(due))
	h.Parallel(len(due), func(i int) { errs[i] = h.alert(ctx, due[i]) })
	return errors.Join(errs...)
}

func (h *Hub) alert(ctx context.Context, e Emergency) error {
	ctx, cancel := context.WithTimeout(ctx, h.Limits.Logout)
	defer cancel()
	failed := h.Emergency.Alert.Alert(ctx, e.ID, e.Opened)
	settled := SettleAlert{ID: e.ID, Attempts: e.Attempts + 1}
	if failed != nil {
		settled.Due = h.Clock().Add(alertAfter(settled.Attempts))
		failed = fmt.Errorf("bridge: alert of emergency %s, attempt %d: %w", e.ID, settled.Attempts, failed)
	}
	if err := h.Journal.Commit(context.WithoutCancel(ctx), settled); err != nil {
		return errors.Join(failed, fmt.Errorf("bridge: settle alert: %w", err))
	}
	return failed
}

// alertAfter is the wait after so many attempts.
func alertAfter(attempts int) time.Duration {
	waits := [...]time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}
	return waits[min(attempts, len(waits))-1]
}
