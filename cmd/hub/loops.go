package hub

import (
	"context"
	"time"
)

// The periods of the loops.
const (
	retryEvery = 500 * time.Millisecond // commands leave it to the running hub to tell partners
	purgeEvery = time.Minute
	sweepEvery = 20 * time.Second
	pingEvery  = 500 * time.Millisecond
	alertEvery = time.Second
	keysEvery  = 2 * time.Second
	rbacEvery  = 30 * time.Second

	notesEvery    = time.Hour
	noesEvery     = 30 * time.Second
	silenceEvery  = 10 * time.Second
	metadataEvery = 10 * time.Second
)

// How many loops tell partners: those that were not told before, and those that are due at once. A partner that does not answer holds
// up one of them.
const (
	tellers = 2
	wakers  = 4
)

// startLoops starts every loop of the program. Each ends with ctx.
func (h *Hub) startLoops(ctx context.Context) {
	if h.recorder != nil {
		h.loops.Go(func() { h.recorder.Run(ctx) })
	}
	h.loops.Go(func() { h.store.Watch(ctx, func() { h.registryChanged(ctx) }) })
	for range tellers {
		h.loops.Go(func() { h.every(ctx, retryEvery, "retry logouts", h.core.Retry) })
	}
	h.loops.Go(func() { h.every(ctx, alertEvery, "emergency alerts", h.core.SendAlerts) })
	for range wakers {
		h.loops.Go(func() { h.woken(ctx) })
	}
	h.loops.Go(func() { h.every(ctx, sweepEvery, "end sessions", h.core.Sweep) })
	for _, p := range h.oidc {
		h.loops.Go(func() { h.every(ctx, pingEvery, "ping clients", p.SendPings) })
	}
	if h.rbac != nil {
		h.loops.Go(func() { h.every(ctx, rbacEvery, "read RBAC document", h.rbac.follow) })
	}
	if h.keyMetadata != nil {
		h.loops.Go(func() { h.every(ctx, metadataEvery, "read FIDO metadata", h.followKeyMetadata) })
	}
	for _, c := range h.cards.caches {
		h.loops.Go(func() { c.RunLists(ctx) })
		h.loops.Go(func() { c.RunAnswers(ctx) })
	}
	if h.core.Revocations != nil {
		h.loops.Go(func() { h.endRevoked(ctx) })
	}
	if h.silence != nil {
		h.loops.Go(func() { h.every(ctx, silenceEvery, "silent agents", h.silence.Look) })
	}
	if e := h.core.Emergency; e != nil && e.KeepNotes > 0 {
		h.loops.Go(func() { h.every(ctx, notesEvery, "forget notes of emergency access", h.forgetNotes) })
	}
	if h.ticket != nil {
		h.loops.Go(func() { h.countRefusals(ctx) })
	}
	h.loops.Go(func() { h.every(ctx, keysEvery, "key files", h.watchKeys) })
	h.loops.Go(func() { h.every(ctx, purgeEvery, "purge", h.purge) })
}

func (h *Hub) registryChanged(ctx context.Context) {
	if err := h.reloadRegistry(ctx); err != nil {
		h.options.Log.ErrorContext(ctx, "registry not reloaded; the last one stays in force", "error", err.Error())
	}
}

func (h *Hub) purge(ctx context.Context) error {
	_, err := h.store.Purge(ctx, h.options.Clock())
	return err
}

func (h *Hub) forgetNotes(ctx context.Context) error {
	n, err := h.core.ForgetNotes(ctx)
	if n > 0 {
		h.options.Log.InfoContext(ctx, "notes of emergency access forgotten", "openings", n)
	}
	return err
}

func (h *Hub) every(ctx context.Context, period time.Duration, name string, do func(context.Context) error) {
	ticking(ctx, period, func() {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			h.options.Log.ErrorContext(ctx, "loop failed", "loop", name, "error", err.Error())
		}
	})
}

// ticking does something once each period until ctx ends.
func ticking(ctx context.Context, period time.Duration, do func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do()
		}
	}
}

// lastWrite is how long what was counted may take to be written at the end.
const lastWrite = 2 * time.Second

// countRefusals puts on record how often systems were refused the same again, and at the end what was counted by then.
func (h *Hub) countRefusals(ctx context.Context) {
	h.every(ctx, noesEvery, "count refusals", h.ticket.WriteNoes)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
	defer cancel()
	if err := h.ticket.WriteAllNoes(last); err != nil {
		h.options.Log.ErrorContext(last, "refusals that were counted are not on record", "error", err.Error())
	}
}

// wake has deliveries told that are due at once. It never blocks: one look finds all that are.
func (h *Hub) wake() {
	select {
	case h.due <- struct{}{}:
	default:
	}
}

// woken tells what is due whenever somebody says so.
func (h *Hub) woken(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.due:
			if err := h.core.Retry(ctx); err != nil && ctx.Err() == nil {
				h.options.Log.ErrorContext(ctx, "loop failed", "loop", "tell at once", "error", err.Error())
			}
		}
	}
}
