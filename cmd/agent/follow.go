package agent

import (
	"context"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
)

// pollEvery is how often the hub is asked about the sessions here while a card is in.
const pollEvery = 20 * time.Second

// lateLock is how long after a removal the screen is still locked for it.
const lateLock = time.Minute

// happened is told of every card that came or went. What takes time is left to the loops.
func (a *Agent) happened(e card.Event) {
	if e.Happened == card.Removed {
		a.tickets.Forget(e.Certificate)
		if a.voice.hub != nil {
			a.voice.hub.CardLeft(e.Certificate)
		}
	}
	a.events.Tell(e)
	a.o.Log.Info(string(e.Happened), "reader", e.Reader, "certificate", e.Certificate != nil)
	switch {
	case a.voice.hub == nil: // there is nobody to tell
	case e.Happened == card.Removed:
		a.left(channel.Event{Event: string(e.Happened), Reader: e.Reader, Certificate: e.Certificate, At: a.o.Now()})
	default:
		a.came(e)
	}
	select {
	case a.follow <- e:
	default:
		a.o.Log.Warn("too much happens at once", "reader", e.Reader)
	}
}

func (a *Agent) moduleFailed(err error) { a.o.Log.Error("middleware", "error", err) }

// followLoop ends the ticket of a card that went, and tells the hub of one that came.
func (a *Agent) followLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-a.follow:
			if e.Happened == card.Removed {
				if err := a.tickets.Leave(ctx); err != nil {
					a.o.Log.Warn("the ticket's end was not told", "error", err)
				}
				continue
			}
			a.tell(ctx, channel.Event{Event: string(e.Happened), Reader: e.Reader, Certificate: e.Certificate})
			a.refresh(ctx)
		}
	}
}

// promptly is how soon a removal has to be sent to need no time of its own: the hub then goes by its own clock, which need not be that
// of the workstation.
const promptly = 5 * time.Second

// send delivers a removal.
func (a *Agent) send(ctx context.Context, e channel.Event) (channel.Verdict, error) {
	now := a.o.Now()
	return a.voice.hub.Send(ctx, dated(e, age(e.At, now), now))
}

// age is how long ago a removal was. One that the hub would not take is so old by a clock that was set meanwhile.
func age(at, now time.Time) time.Duration {
	d := channel.Since(at, now)
	if d > channel.KeepFor {
		d = max(0, now.Sub(at))
	}
	return d
}

// dated gives a removal its times by the clock of now: that of when it was noted may have been wrong and set since, and the hub takes none that
// is ahead, ever.
func dated(e channel.Event, age time.Duration, now time.Time) channel.Event {
	e.At = now.Add(-max(0, age))
	if e.Since.After(e.At) {
		e.Since = e.At
	}
	if age < promptly {
		e.At = time.Time{}
	}
	return e
}

// delivered hears what became of each removal. Where the hub is silent the workstation's own rule holds until it answers: a screen
// that should be locked is not left open because of a network.
func (a *Agent) delivered() func(channel.Event, channel.Verdict, error) {
	var settled time.Time // of the removal for which the screen was locked without the hub
	return func(e channel.Event, v channel.Verdict, err error) {
		wanted := v.Act == "lock"
		if err != nil {
			a.o.Log.Warn("removal not delivered", "reader", e.Reader, "waiting", a.outbox.Waiting(), "error", err)
			own := a.voice.hub.Identity.Removal
			wanted = own == "lock" || own == "logout"
		} else {
			a.o.Log.Info("removal delivered", "act", v.Act, "ended", v.Ended, "suspended", v.Suspended, "left", v.Left, "after", a.o.Now().Sub(e.At).String())
			select {
			case a.again <- struct{}{}:
			default: // it will be asked already
			}
		}
		if !wanted || e.At.Equal(settled) || a.o.Now().Sub(earliest(e)) > lateLock {
			return
		}
		settled = e.At
		select {
		case a.locked <- e:
		default: // it is being locked already
		}
	}
}

// earliest is when a card may have left at the earliest.
func earliest(e channel.Event) time.Time {
	if e.Since.IsZero() {
		return e.At
	}
	return e.Since
}

// statusLoop asks about the sessions here while a card is in or a session is known, and when the hub was told of a removal.
func (a *Agent) statusLoop(ctx context.Context) {
	a.tell(ctx, channel.Event{Event: "started"})
	a.refresh(ctx)
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if a.cardIn() || a.seated() {
				a.refresh(ctx)
			}
		case <-a.again:
			a.refresh(ctx)
		}
	}
}

func (a *Agent) cardIn() bool {
	for _, r := range a.readers.List() {
		if r.Card {
			return true
		}
	}
	return false
}

// seated reports whether the hub told of a session here: one of a security key has no card in.
func (a *Agent) seated() bool {
	status, _, _ := a.voice.hub.Heard()
	return len(status.Sessions) > 0
}

// refresh asks about the sessions here once the hub knows of every card that left: before, it would tell of sessions that are to end.
func (a *Agent) refresh(ctx context.Context) {
	if a.voice.hub == nil || a.outbox.Waiting() > 0 {
		return
	}
	if err := a.voice.hub.Refresh(ctx); err != nil && ctx.Err() == nil {
		a.o.Log.Warn("no word from the hub", "error", err)
	}
}

func (a *Agent) tell(ctx context.Context, e channel.Event) {
	if a.voice.hub == nil {
		return
	}
	if _, err := a.voice.hub.Send(ctx, e); err != nil && ctx.Err() == nil {
		a.o.Log.Warn("the hub was not told", "event", e.Event, "error", err)
	}
}

// stopping says good-bye, briefly.
func (a *Agent) stopping(ctx context.Context) {
	if a.voice.hub != nil {
		a.note()
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	a.tell(ctx, channel.Event{Event: "stopping"})
	if err := a.tickets.Destroy(ctx); err != nil {
		a.o.Log.Warn("the ticket's end was not told", "error", err)
	}
}
