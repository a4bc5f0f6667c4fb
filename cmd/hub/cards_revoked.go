package hub

import (
	"context"
	"log/slog"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// How often sessions are looked through for cards that were revoked: no sooner after the last time, and later where that failed.
const (
	revokedEvery = 2 * time.Second
	revokedRetry = 10 * time.Second
)

// tell has sessions looked through. It never blocks: one look finds all that was revoked.
func (c *cardRoom) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}

// endRevoked ends the sessions of cards that were revoked, whenever a list or an answer was taken in, and at the start: what came
// while nobody listened. Each node does it by what itself has taken in.
func (h *Hub) endRevoked(ctx context.Context) {
	sweep := &bridge.RevokedSweep{Hub: h.core}
	h.cards.tell()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.cards.news:
		}
		pause := revokedEvery
		ended, err := sweep.End(ctx)
		if ended.Sessions > 0 {
			h.options.Log.WarnContext(ctx, "sessions ended: their cards were revoked", slog.Int("sessions", ended.Sessions), slog.Int("partners", ended.Partners))
		}
		if err != nil && ctx.Err() == nil {
			h.options.Log.ErrorContext(ctx, "loop failed", "loop", "end sessions of revoked cards", "error", err.Error())
			h.cards.tell()
			pause = revokedRetry
		}
		rest(ctx, pause)
	}
}

// rest waits, unless ctx ends before.
func rest(ctx context.Context, pause time.Duration) {
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-ctx.Done():
	case <-wait.C:
	}
}
