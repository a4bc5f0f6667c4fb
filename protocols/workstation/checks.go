package workstation

import (
	"errors"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// lateEvent is how old an event may be that an agent could not deliver at once.
const lateEvent = 24 * time.Hour

const maxReader = 255 // bytes of a reader's name

// eventRules are what an event must keep, in this order. Who sent it, and that it is new, was found before.
var eventRules = [...]struct {
	name  string
	check func(o *occasion, now time.Time) error
}{
	{"event is one of the four", checkEvent},
	{"reader, if it is named, is bounded", checkReader},
	{"user, if it is named, is bounded", checkUser},
	{"certificate, if there is one, can be read", checkCard},
	{"at, if it is there, is within a day and not ahead", checkTime},
}

func wrong(detail string) error {
	return bridge.Refuse(bridge.BadRequest, "%s.", detail).WithCode("workstation_event")
}

func checkEvent(o *occasion, _ time.Time) error {
	event, err := o.Claims.Text("event")
	if err != nil || !slices.Contains([]string{inserted, removed, started, stopping}, event) {
		return wrong("event is not inserted, removed, started or stopping")
	}
	o.event = event
	return nil
}

func checkReader(o *occasion, _ time.Time) error {
	if reader, err := o.Claims.Text("reader"); err != nil && !errors.Is(err, jose.ErrMissing) || len(reader) > maxReader {
		return wrong("reader is not a string of at most 255 bytes")
	}
	return nil
}

func checkUser(o *occasion, _ time.Time) error {
	_, err := o.User()
	return err
}

func checkCard(o *occasion, _ time.Time) error {
	c, err := o.Certificate()
	o.card = agent.Handle(c)
	return err
}

// checkTime lets no event be of the future: it would end sessions that are not begun yet. The workstation's clock may be wrong, and sessions
// are timed by ours: what counts is how old the event was when the message about it was made, in whole seconds, rather too young than too old.
func checkTime(o *occasion, now time.Time) error {
	at, err := o.whole("at")
	if err != nil || at.After(now.Add(agent.Skew)) || at.Before(now.Add(-lateEvent)) {
		return wrong("at is not a time of the last 24 hours, in whole seconds")
	}
	if o.at = now; o.Issued().After(at) {
		o.at = now.Add(min(0, time.Second-o.Issued().Sub(at)))
	}
	return nil
}
