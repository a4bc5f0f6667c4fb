package workstation

import (
	"errors"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// The events of an agent.
const (
	inserted = "inserted"
	removed  = "removed"
	started  = "started"
	stopping = "stopping"
)

// occasion is what happened at a workstation.
type occasion struct {
	agent.Message
	event string
	card  string    // handle of the card it is about; empty: none, or one that does not name its issuer
	at    time.Time // when it happened, by our clock
	since time.Time // of a removal that nobody saw: after when, by our clock; zero: at is its time
}

// event takes what happened. Only the removal of a card has consequences.
func (p *Provider) event(w http.ResponseWriter, r *http.Request) {
	m, err := p.message(r, "event")
	if err != nil {
		p.refuse(w, r, m.Workstation.ID, err)
		return
	}
	o := occasion{Message: m}
	for _, rule := range eventRules {
		if err := rule.check(&o, p.Hub.Clock()); err != nil {
			p.refuse(w, r, m.Workstation.ID, err)
			return
		}
	}
	var done outcome
	if o.event == removed {
		if done, err = p.cardRemoved(r.Context(), o); err != nil {
			p.refuse(w, r, m.Workstation.ID, err)
			return
		}
	}
	done.Act = p.act(o, done)
	writeJSON(w, http.StatusOK, done)
}

// ours is a time of the workstation by our clock: what counts is how old it was when the message about it was made, in whole seconds,
// rather too young than too old. It is never ahead of now.
func (o *occasion) ours(at, now time.Time) time.Time {
	if !o.Issued().After(at) {
		return now
	}
	return now.Add(min(0, time.Second-o.Issued().Sub(at)))
}

// whole reads a time of an event; the message's own where it says none.
func (o *occasion) whole(name string) (time.Time, error) {
	n, err := o.Claims.Whole(name)
	if errors.Is(err, jose.ErrMissing) {
		return o.Issued(), nil
	}
	return time.Unix(n, 0), err
}
