package bridge

import (
	"context"
	"fmt"
	"time"
)

// A session may end far from its browser: at its limit, by an administrator, by a card that left its reader. Apps
// that only the browser can tell then wait until it comes back.

const (
	leftFor    = 24 * time.Hour // after the end of a session its browser is still asked to tell its apps
	frontFresh = time.Minute    // so old may be what the browser takes to an app: a message goes stale within minutes
)

// LeftOpen reports whether a session that has ended left apps open that only its browser can tell.
func (h *Hub) LeftOpen(ctx context.Context, s Session) (bool, error) {
	if s.Ended.IsZero() || h.Clock().Sub(s.Ended) > leftFor {
		return false, nil
	}
	ds, err := h.Deliveries.Deliveries(ctx, h.logoutID(s.ID))
	if err != nil {
		return false, fmt.Errorf("bridge: load deliveries: %w", err)
	}
	return LogoutReport{Deliveries: ds}.NeedsBrowser(), nil
}

// leftOpen reports on a session that ended elsewhere to the subject who signs in next in its browser. The same
// subject has to hear of it only if the browser has something to do.
func (h *Hub) leftOpen(ctx context.Context, old Session, uid, ref string) (LogoutReport, error) {
	if h.Clock().Sub(old.Ended) > leftFor {
		return LogoutReport{}, nil
	}
	report, err := h.endedBefore(ctx, LogoutReport{ID: h.logoutID(old.ID), Session: old}, LogoutCause{Ref: ref})
	if err != nil || old.UID == uid && !report.NeedsBrowser() {
		return LogoutReport{}, err
	}
	return report, nil
}

// renew makes anew what the browser is to take to apps, where that is not fresh.
func (h *Hub) renew(ctx context.Context, ds []Delivery, ref string) []Delivery {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Limits.Logout)
	defer cancel()
	h.Parallel(len(ds), func(i int) {
		if ds[i].InBrowser() && h.Clock().Sub(ds[i].Updated) > frontFresh {
			ds[i] = h.deliver(ctx, ds[i])
			h.settle(ctx, ds[i], ref)
		}
	})
	return ds
}
