package trace

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Recorder collects entries and saves them in batches, never in the way of a request. It implements bridge.Recorder.
type Recorder struct {
	store   Store
	clock   func() time.Time
	keep    time.Duration
	log     *slog.Logger
	mu      sync.Mutex
	pending []Entry
	dropped atomic.Int64
}

// The bounds of a recorder.
const (
	maxPending = 20_000
	saveEvery  = 500 * time.Millisecond
)

// NewRecorder makes a recorder; Run must be running for entries to be saved.
func NewRecorder(store Store, keep time.Duration, clock func() time.Time, log *slog.Logger) *Recorder {
	return &Recorder{store: store, clock: clock, keep: keep, log: log}
}

// Trace notes a step. When more is pending than can be saved the entry is dropped and counted.
func (r *Recorder) Trace(ref, step string, fields ...string) {
	if ref == "" {
		return
	}
	now := r.clock()
	e := Entry{Ref: ref, At: now, Step: step, Fields: redact(fields), Expires: now.Add(r.keep)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.pending) >= maxPending {
		r.dropped.Add(1)
		return
	}
	r.pending = append(r.pending, e)
}

// Dropped counts entries that were not kept.
func (r *Recorder) Dropped() int64 { return r.dropped.Load() }

// Run saves pending entries until ctx is done, then once more.
func (r *Recorder) Run(ctx context.Context) {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			r.save(last)
			return
		case <-tick.C:
			r.save(ctx)
		}
	}
}

func (r *Recorder) save(ctx context.Context) {
	r.mu.Lock()
	batch := r.pending
	r.pending = nil
	r.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	if err := r.store.SaveTraces(ctx, batch); err != nil {
		r.dropped.Add(int64(len(batch)))
		r.log.WarnContext(ctx, "traces not saved", "entries", len(batch), "error", err.Error())
	}
}

// maxField bounds one value of a trace.
const maxField = 2048

// secretNames are fields whose values never enter a trace, whoever adds them.
var secretNames = []string{"code", "token", "ticket", "secret", "assertion", "cookie", "password", "code_verifier", "refresh_token", "access_token", "id_token", "credential"}

// redact hides the values of secret fields and cuts long ones.
func redact(fields []string) []string {
	out := slices.Clone(fields)
	for i := 1; i < len(out); i += 2 {
		if slices.Contains(secretNames, strings.ToLower(out[i-1])) {
			out[i] = "(hidden)"
		}
		if len(out[i]) > maxField {
			out[i] = out[i][:maxField] + "..."
		}
	}
	return out
}
