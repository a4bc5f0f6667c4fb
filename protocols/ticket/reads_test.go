package ticket

import (
	"context"
	"net/http"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// countedReads counts how often a session is read.
type countedReads struct {
	bridge.Sessions
	n int
}

func (c *countedReads) Session(ctx context.Context, id string) (bridge.Session, error) {
	c.n++
	return c.Sessions.Session(ctx, id)
}

// TestReadOnce: an agent's role assertion is made of one reading of its session.
func TestReadOnce(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	a.signIn("555000000101")
	reads := &countedReads{Sessions: w.hub.Sessions}
	w.hub.Sessions = reads
	if rec := w.assertion(a.ticket, "192.0.2.7"); rec.Code != http.StatusOK || reads.n != 1 {
		t.Errorf("%d, read %d times", rec.Code, reads.n)
	}
}
