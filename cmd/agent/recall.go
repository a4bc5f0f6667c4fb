package agent

import (
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
)

// When the cards that are in are noted, and how long after the start readers that come up late are waited for.
const (
	noteEvery = time.Minute
	settle    = 5 * time.Second
)

// recallLoop tells of the cards that left while no agent ran, and notes which are in. first hears whether every module could say at the
// first look.
func (a *Agent) recallLoop(ctx context.Context, first <-chan bool) {
	var complete bool
	select {
	case <-ctx.Done():
		return
	case complete = <-first:
	}
	wait := time.NewTimer(a.settle)
	defer wait.Stop()
	tick := time.NewTicker(noteEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
			a.recall(complete)
		case <-tick.C:
			a.recall(complete)
			a.note()
		}
	}
}

// recall tells of cards that an earlier run knew and that are in no reader now. The middleware may be up later than the agent, and a reader
// later than the middleware: a card counts as gone when its reader is there without it, or when every module answered from the first look
// on (complete) and there is no such reader. What cannot be told waits, for the next run if need be.
func (a *Agent) recall(complete bool) {
	readers := a.readers.List()
	for _, k := range a.known.Earlier() {
		listed := slices.ContainsFunc(readers, func(r card.Reader) bool { return r.Name == k.Reader })
		if a.readers.Inserted(k.Certificate) || !listed && !complete {
			continue
		}
		a.o.Log.Info("a card left while no agent ran", "reader", k.Reader)
		a.left(channel.Event{Event: string(card.Removed), Reader: k.Reader, Certificate: k.Certificate, At: a.o.Now(), Since: k.Seen})
	}
}

// left keeps a removal until the hub took it, and then forgets the card: killed in between, it is told twice.
func (a *Agent) left(removal channel.Event) {
	if err := a.outbox.Put(removal); err != nil {
		a.o.Log.Error("the removal is not on disk; it is delivered while the agent runs", "error", err)
		return
	}
	if err := a.known.Left(removal.Certificate); err != nil {
		a.o.Log.Error("which cards are in is not on disk", "error", err)
	}
}

// came remembers a card.
func (a *Agent) came(e card.Event) {
	if e.Certificate == nil {
		return
	}
	if err := a.known.Came(e.Reader, e.Certificate); err != nil {
		a.o.Log.Error("which cards are in is not on disk", "error", err)
	}
}

// note notes that the cards that are in are so now: the next run cannot know more of when they left.
func (a *Agent) note() {
	if err := a.known.Still(a.readers.Inserted); err != nil {
		a.o.Log.Error("which cards are in is not on disk", "error", err)
	}
}
