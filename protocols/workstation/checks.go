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
	{"since, if it is there, is of a removal and not after at", checkSince},
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
// are timed by ours (occasion.ours).
func checkTime(o *occasion, now time.Time) error {
	at, err := o.whole("at")
	if err != nil || at.After(now.Add(agent.Skew)) || at.Before(now.Add(-lateEvent)) {
		return wrong("at is not a time of the last 24 hours, in whole seconds")
	}
	o.at = o.ours(at, now)
	return nil
}

// checkSince: an agent that was down tells between when and when a card left. How long ago it was seen last is not bounded: the agent may
// have been down for days.
func checkSince(o *occasion, now time.Time) error {
	since, err := o.Claims.Whole("since")
	if errors.Is(err, jose.ErrMissing) {
		return nil
	}
	o.since = o.ours(time.Unix(since, 0), now)
	if err != nil || o.event != removed || since < 0 || o.since.After(o.at) {
		return wrong("since is not a time before that of the removal, in whole seconds")
	}
	return nil
}
