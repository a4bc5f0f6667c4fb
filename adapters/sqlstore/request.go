package sqlstore

import (
	"context"
	"sync/atomic"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// request is what one caller wants written, all or nothing.
type request struct {
	ctx       context.Context
	exclusive []string // records that no other request of the group may touch
	shared    []string // records that others may touch in the same way
	claims    []claim  // records that others may touch for the same value alone
	first     []*op    // conditions and reads
	resets    []func() // forget what reads of first found, before they run again
	// deciders look at the results of first, in order, and return writes that follow from them.
	deciders []func() ([]*op, error)
	writes   []*op
	events   []ledger.Event

	state atomic.Int32
	more  []*op // what deciders returned
	err   error
	done  chan struct{}
}

// claim says what a record is to hold.
type claim struct{ record, value string }

// States of a request. Who moves it from queued owns it.
const (
	queued int32 = iota
	taken
	abandoned
)

func newRequest(ctx context.Context) *request {
	return &request{ctx: ctx, done: make(chan struct{})}
}

// require adds a statement that must change a row, else failed tells why the request cannot be done.
func (r *request) require(o *op, failed error) {
	r.first = append(r.first, o)
	r.onDecide(func() ([]*op, error) {
		if o.rows == 0 {
			return nil, failed
		}
		return nil, nil
	})
}

func (r *request) onDecide(f func() ([]*op, error)) { r.deciders = append(r.deciders, f) }

func (r *request) onReset(f func()) { r.resets = append(r.resets, f) }

// begin lists the first phase, as if it had never run.
func (r *request) begin() []*op {
	for _, reset := range r.resets {
		reset()
	}
	return r.first
}

// decide looks at the results of the first phase: an error takes the request out of the group.
func (r *request) decide() error {
	r.more = r.more[:0]
	for _, f := range r.deciders {
		ops, err := f()
		if err != nil {
			return err
		}
		r.more = append(r.more, ops...)
	}
	return nil
}

func (r *request) answer(err error) {
	r.err = err
	close(r.done)
}
