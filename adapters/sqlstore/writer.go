package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const (
	groupLimit   = 256              // requests in one transaction
	groupTimeout = 10 * time.Second // for one transaction, waiting for other writers included
)

// writer runs the write loop: the one goroutine of a process that writes.
type writer struct {
	engine engine
	queue  chan *request
	held   []*request // waiting because an earlier request of the group touches the same record
	stop   context.CancelFunc
	ended  chan struct{}

	mu     sync.RWMutex
	closed bool
}

func startWriter(e engine) *writer {
	ctx, stop := context.WithCancel(context.Background())
	w := &writer{engine: e, queue: make(chan *request, groupLimit), stop: stop, ended: make(chan struct{})}
	go w.loop(ctx)
	return w
}

// submit queues the request and waits for its answer. A caller that gives up before the request was taken
// into a group knows that nothing was written; after that it waits for the outcome.
func (w *writer) submit(r *request) error {
	if err := w.enqueue(r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return r.err
	case <-r.ctx.Done():
	}
	if r.state.CompareAndSwap(queued, abandoned) {
		return fmt.Errorf("%w: %w", bridge.ErrUnavailable, r.ctx.Err())
	}
	<-r.done
	return r.err
}

func (w *writer) enqueue(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return fmt.Errorf("%w: store is closed", bridge.ErrUnavailable)
	}
	select {
	case w.queue <- r:
		return nil
	case <-r.ctx.Done():
		return fmt.Errorf("%w: %w", bridge.ErrUnavailable, r.ctx.Err())
	}
}

// close writes what is queued, then ends the loop.
func (w *writer) close() {
	w.mu.Lock()
	already := w.closed
	w.closed = true
	w.mu.Unlock()
	if !already {
		close(w.queue)
	}
	<-w.ended
	w.stop()
}

func (w *writer) loop(ctx context.Context) {
	defer close(w.ended)
	for {
		group, ok := w.collect()
		if len(group) > 0 {
			w.commit(ctx, group)
		}
		if !ok && len(w.held) == 0 {
			return
		}
	}
}

// collect takes all that waits, and waits only if nothing does. It reports whether more may come.
func (w *writer) collect() (group []*request, ok bool) {
	touched, claimed := map[string]bool{}, map[string]string{} // name to whether exclusively, record to its value
	held := w.held
	w.held = nil
	for _, r := range held {
		group = w.take(group, r, touched, claimed)
	}
	w.linger()
	for len(group)+len(w.held) < groupLimit {
		var r *request
		if len(group) == 0 {
			r, ok = <-w.queue
			w.linger()
		} else {
			select {
			case r, ok = <-w.queue:
			default:
				return group, true
			}
		}
		if !ok {
			return group, false
		}
		if r.state.CompareAndSwap(queued, taken) {
			group = w.take(group, r, touched, claimed)
		}
	}
	return group, true
}

// linger lets everybody run who can, so that those who are about to write are in the group, too: those who were
// just answered, all at once, come back with their next request. A caller who is alone waits for nothing.
func (w *writer) linger() {
	for seen := -1; len(w.queue) > seen; {
		seen = len(w.queue)
		runtime.Gosched()
	}
}

// take adds the request to the group, or holds it for the next one.
func (w *writer) take(group []*request, r *request, touched map[string]bool, claimed map[string]string) []*request {
	free := true
	for _, name := range r.exclusive {
		if _, found := touched[name]; found {
			free = false
		}
	}
	for _, name := range r.shared {
		free = free && !touched[name]
	}
	for _, c := range r.claims {
		value, found := claimed[c.record]
		free = free && (!found || value == c.value)
	}
	// A held request keeps its names, too: those behind it must not overtake it for ever.
	for _, name := range r.shared {
		touched[name] = touched[name] || !free
	}
	for _, name := range r.exclusive {
		touched[name] = true
	}
	if !free {
		w.held = append(w.held, r)
		return group
	}
	for _, c := range r.claims {
		claimed[c.record] = c.value
	}
	return append(group, r)
}

// commit writes a group and answers everyone in it, after the transaction that decided about them ended.
func (w *writer) commit(ctx context.Context, group []*request) {
	errs := make([]error, len(group))
	if err := w.attempt(ctx, group, errs); err != nil {
		w.onebyone(ctx, group, errs, err)
	}
	for i, r := range group {
		r.answer(errs[i])
	}
}

// onebyone finds the request that broke the group. If the store is gone all of them fail at once.
func (w *writer) onebyone(ctx context.Context, group []*request, errs []error, cause error) {
	for i, r := range group {
		if errs[i] != nil {
			continue // decided in an earlier attempt, by what was committed then
		}
		if len(group) > 1 && !errors.Is(cause, errGone) {
			alone := errs[i : i+1]
			if cause = w.attempt(ctx, []*request{r}, alone); cause == nil {
				continue
			}
		}
		errs[i] = fmt.Errorf("%w: %w", bridge.ErrUnavailable, cause)
		if errors.Is(cause, errRefused) {
			errs[i] = cause
		}
	}
}

// errGone marks errors after which the connection cannot be used, errRefused those that are the request's own.
var (
	errGone    = errors.New("sqlstore: connection lost")
	errRefused = errors.New("sqlstore: cannot be stored")
)

// attempt runs the group, without those that fail, until it commits. It fills errs; an error of its own
// means that nothing was written and that those with no error yet are undecided.
func (w *writer) attempt(ctx context.Context, group []*request, errs []error) error {
	ctx, cancel := context.WithTimeout(ctx, groupTimeout)
	defer cancel()
	for {
		head := &op{stmt: lockHead}
		var seq int64
		head.scan = func(r row) error { return r.Scan(&seq) }
		ops := []*op{head}
		for i, r := range group {
			if errs[i] != nil {
				continue
			}
			ops = append(ops, r.begin()...)
		}
		if len(ops) == 1 && !undecided(errs) {
			return nil
		}
		if err := w.engine.begin(ctx, ops); err != nil {
			w.engine.rollback()
			return err
		}
		if decideAll(group, errs) {
			w.engine.rollback()
			continue
		}
		writes, err := groupWrites(group, errs, seq)
		if err != nil {
			w.engine.rollback()
			return err
		}
		if err := w.engine.finish(ctx, writes); err != nil {
			w.engine.rollback()
			return err
		}
		return nil
	}
}

func undecided(errs []error) bool {
	for _, err := range errs {
		if err == nil {
			return true
		}
	}
	return false
}

// decideAll reports whether any request failed just now.
func decideAll(group []*request, errs []error) (failed bool) {
	for i, r := range group {
		if errs[i] == nil {
			errs[i] = r.decide()
			failed = failed || errs[i] != nil
		}
	}
	return failed
}

// groupWrites lists the second phase: plain writes, then the audit events with their sequence numbers.
func groupWrites(group []*request, errs []error, seq int64) ([]*op, error) {
	var ops []*op
	before := seq
	for i, r := range group {
		if errs[i] != nil {
			continue
		}
		ops = append(append(ops, r.writes...), r.more...)
		for _, e := range r.events {
			seq++
			o, err := eventOp(e, seq)
			if err != nil {
				return nil, err
			}
			ops = append(ops, o)
		}
	}
	if seq != before {
		ops = append(ops, &op{stmt: moveHead, args: []any{seq}})
	}
	return ops, nil
}

func eventOp(e ledger.Event, seq int64) (*op, error) {
	e.Seq = seq
	canonical, err := e.Canonical()
	if err != nil {
		return nil, fmt.Errorf("%w: audit event: %w", errRefused, err)
	}
	return &op{stmt: appendEvent, args: []any{seq, nano(e.Time), string(e.Kind), e.Subject, e.Partner, e.Ref, canonical}}, nil
}
