package ticket

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Systems of the field ask again and again whether a ticket is still good, also long after it ended. The first no is on record before it is
// answered, as every refusal; the same no to the same caller about the same ticket is counted from then on, and the count is one row a window.

const (
	noWindow = 10 * time.Minute
	maxNoes  = 10_000 // that are counted at once; further ones are a row each

	noesAtOnce = 500 // rows in one commit: at the end there is little time
)

// no is one answer to one caller about one ticket.
type no struct {
	ticket  string // its hash
	partner string // empty: not known
	peer    string
	code    string
}

// tally is how often it was given again.
type tally struct {
	ref   string // of the first
	since time.Time
	again int
}

// noes counts. It is safe for concurrent use.
type noes struct {
	mu  sync.Mutex
	all map[no]*tally
}

// again counts a no that was given before in its window.
func (n *noes) again(key no) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	t, ok := n.all[key]
	if ok {
		t.again++
	}
	return ok
}

// first begins to count, unless too much is counted already.
func (n *noes) first(key no, ref string, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all == nil {
		n.all = map[no]*tally{}
	}
	if _, ok := n.all[key]; !ok && len(n.all) < maxNoes { // of two at once one began
		n.all[key] = &tally{ref: ref, since: now}
	}
}

// over takes out what was counted in windows that are over, or in all. What was not given again is forgotten; the others begin a new window.
func (n *noes) over(now time.Time, all bool) map[no]tally {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[no]tally{}
	for key, t := range n.all {
		switch {
		case !all && now.Sub(t.since) < noWindow:
		case t.again == 0:
			delete(n.all, key)
		default:
			out[key] = *t
			t.again, t.since = 0, now
		}
	}
	return out
}

// back takes counts that could not be written in again.
func (n *noes) back(key no, t tally) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if now, ok := n.all[key]; ok {
		now.again, now.since = now.again+t.again, t.since
	}
}

// refusedOften is refused for a question that is asked all the time. It costs the caller as much as any refusal.
func (p *Provider) refusedOften(r *http.Request, token string, partner trust.Partner, err error) *bridge.Refusal {
	if err == nil {
		return nil
	}
	why := bridge.AsRefusal(err)
	key := no{bridge.Key(token), partner.ID, bridge.Peer(r.Context()), why.AuditCode()}
	if !why.OurFault() && p.noes.again(key) {
		p.kit.Tolls.Charge(key.peer)
		return why
	}
	why = p.refused(r, partner, err)
	if !why.OurFault() {
		p.noes.first(key, bridge.Ref(r.Context()), p.hub.Clock())
	}
	return why
}

// WriteNoes puts on record how often the same no was given again, for windows that are over. It is called from a loop of the composition root.
func (p *Provider) WriteNoes(ctx context.Context) error { return p.writeNoes(ctx, false) }

// WriteAllNoes is WriteNoes for all windows: at the end.
func (p *Provider) WriteAllNoes(ctx context.Context) error { return p.writeNoes(ctx, true) }

func (p *Provider) writeNoes(ctx context.Context, all bool) error {
	now := p.hub.Clock()
	counted := p.noes.over(now, all)
	var failed error
	for batch := range slices.Chunk(slices.Collect(maps.Keys(counted)), noesAtOnce) {
		writes := make([]bridge.Write, len(batch))
		for i, key := range batch {
			writes[i] = bridge.Append{Event: counted[key].event(key, now)}
		}
		if err := p.hub.Journal.Commit(ctx, writes...); err != nil {
			for _, key := range batch {
				p.noes.back(key, counted[key])
			}
			failed = fmt.Errorf("ticket: record refusals: %w", err)
		}
	}
	return failed
}

func (t tally) event(key no, now time.Time) ledger.Event {
	return ledger.Event{
		Time: now, Kind: ledger.TicketRefused, Reason: key.code, Ref: t.ref, Partner: key.partner, Peer: key.peer,
		Detail: map[string]string{"again": strconv.Itoa(t.again), "since": t.since.UTC().Format(time.RFC3339)},
	}
}
