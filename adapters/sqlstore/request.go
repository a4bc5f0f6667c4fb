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
	first     []*op    // conditions and reads
	reset     func()   // forgets what reads of first found, before they run (again)
	// decide looks at the results of first: an error takes the request out of the group. It may be called again
	// after a rollback, and adds to writes only what it derives from the results.
	decide func() ([]*op, error)
	writes []*op
	events []ledger.Event

	state atomic.Int32
	more  []*op // what decide returned
	err   error
	done  chan struct{}
}

// States of a request. Who moves it from queued owns it.
const (
	queued int32 = iota
	taken
	abandoned
)

func newRequest(ctx context.Context) *request {
	return &request{ctx: ctx, done: make(chan struct{})}
}

// condition adds a statement that must change a row, else failed tells why.
type condition struct {
	op     *op
	failed func() error
}

// require makes decide check conditions in order.
func (r *request) require(conditions []condition) {
	for _, c := range conditions {
		r.first = append(r.first, c.op)
	}
	r.decide = func() ([]*op, error) {
		for _, c := range conditions {
			if c.op.rows == 0 {
				return nil, c.failed()
			}
		}
		return nil, nil
	}
}

func (r *request) answer(err error) {
	r.err = err
	close(r.done)
}
