package bridge_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// ward is a hub whose partners do as the drawn numbers say, with what is true about each of the names that they were told.
type ward struct {
	t      *rapid.T
	hub    *bridge.Hub
	store  *memory.Store
	now    time.Time
	names  []bridge.Participant
	said   map[string]bridge.DeliveryState // by name: what its partner last did, asked or answered
	forget map[string]bool                 // the store failed when that was to be kept
	broken bool                            // the store fails now
	asker  map[string]bool                 // names of one that is told though it is signed out: it wants that, once
	calls  int
}

func newWard(t *rapid.T, partners int) *ward {
	w := &ward{t: t, now: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), said: map[string]bridge.DeliveryState{}, forget: map[string]bool{}, asker: map[string]bool{}}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w, Sessions: w.store, Roster: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: w, Propagators: map[trust.Protocol]bridge.Propagator{trust.Ticket: w}, Clock: clock, Secret: []byte("secret"), Limits: bridge.DefaultLimits(),
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	writes := []bridge.Write{bridge.SaveSession{Session: bridge.Session{ID: "s", Key: "k", UID: uid, Started: w.now, Seen: w.now}}}
	for i := range partners {
		for name := range rapid.IntRange(1, 3).Draw(t, "names") {
			p := bridge.Participant{Session: "s", Partner: fmt.Sprint("p", i), Protocol: trust.Ticket, Subject: fmt.Sprint("name ", name), Since: w.now.Add(time.Duration(5*name + i))}
			w.names, writes = append(w.names, p), append(writes, bridge.AddParticipant{Participant: p})
		}
	}
	w.must(w.store.Commit(context.Background(), writes...))
	return w
}

func (w *ward) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

// Partner implements bridge.Partners.
func (w *ward) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	return trust.Partner{ID: id, Protocol: protocol, Stage: trust.Live}, nil
}

// Commit implements bridge.Journal: it fails while the store is broken.
func (w *ward) Commit(ctx context.Context, writes ...bridge.Write) error {
	if !w.broken {
		return w.store.Commit(ctx, writes...)
	}
	for _, x := range writes {
		if d, ok := x.(bridge.SaveDelivery); ok {
			w.forget[d.Delivery.Participant.ParticipantKey()] = true
		}
	}
	return bridge.ErrUnavailable
}

// Propagate implements bridge.Propagator.
func (w *ward) Propagate(ctx context.Context, d bridge.Delivery, p trust.Partner) (bridge.DeliveryState, string) {
	w.calls++
	s, err := w.store.Session(ctx, "s")
	if err != nil || s.Ended.IsZero() {
		w.t.Fatalf("%s is told of a session that lives (%v)", p.ID, err)
	}
	name := d.Participant.ParticipantKey()
	if w.asker[name] {
		delete(w.asker, name)
		return rapid.SampledFrom(answers).Draw(w.t, "answer of the asking "+p.ID), ""
	}
	if w.said[name] == bridge.DeliveryEnded && !w.forget[name] {
		w.t.Fatalf("%s is told after it confirmed", p.ID)
	}
	if w.said[name] == bridge.DeliveryNone && !w.forget[name] {
		w.t.Fatalf("%s is told though it cannot be", p.ID)
	}
	if d.Participant.Partner != p.ID || d.Reason == "" {
		w.t.Fatalf("%s is told %+v", p.ID, d)
	}
	state, front := rapid.SampledFrom(answers).Draw(w.t, "answer of "+p.ID), ""
	if state == bridge.DeliveryFront {
		front = "https://front.example/"
	}
	delete(w.forget, name)
	w.said[name] = state
	return state, front
}

var answers = []bridge.DeliveryState{bridge.DeliveryEnded, bridge.DeliveryNoReply, bridge.DeliveryRefused, bridge.DeliveryFront, bridge.DeliveryNone}

// step does one thing that may happen to a sign-out.
func (w *ward) step() {
	ctx := context.Background()
	one := rapid.SampledFrom(w.names).Draw(w.t, "who")
	who := one.ParticipantKey()
	switch rapid.IntRange(0, 4).Draw(w.t, "what") {
	case 0: // a second press
		_, err := w.hub.Logout(ctx, "s", bridge.LogoutCause{Reason: bridge.EndedByUser})
		w.must(err)
	case 1: // a partner asks: it is signed out by that
		_, err := w.hub.Logout(ctx, "s", bridge.LogoutCause{Reason: bridge.EndedByPartner, Protocol: trust.Ticket, Partner: one.Partner})
		w.must(err)
		if !w.broken {
			w.knows(one.Partner)
		}
	case 2: // the browser brings an answer, or was there
		d := w.delivery(one)
		if d.State == bridge.DeliveryFront && !w.broken {
			w.said[who] = rapid.SampledFrom([]bridge.DeliveryState{bridge.DeliveryEnded, bridge.DeliveryNone, bridge.DeliveryTold}).Draw(w.t, "brings")
			delete(w.forget, who)
			if w.said[who] == bridge.DeliveryTold {
				w.must(w.hub.WasTold(ctx, d.Logout, d.ID))
			} else {
				w.must(w.hub.Answered(ctx, d.Logout, d.ID, w.said[who] == bridge.DeliveryEnded))
			}
		}
	case 3:
		w.broken = !w.broken
	case 4:
		w.now = w.now.Add(time.Duration(rapid.IntRange(1, 12*60).Draw(w.t, "minutes")) * time.Minute)
		w.must(w.hub.Retry(ctx))
	}
}

// knows notes that a partner asked for the sign-out: it is signed out by all of its names.
func (w *ward) knows(partner string) {
	for _, p := range w.names {
		if p.Partner == partner {
			w.said[p.ParticipantKey()] = bridge.DeliveryEnded
			delete(w.forget, p.ParticipantKey())
		}
	}
}

func (w *ward) delivery(of bridge.Participant) bridge.Delivery {
	report, _, err := w.hub.Report(context.Background(), "s")
	w.must(err)
	var found []bridge.Delivery
	for _, d := range report.Deliveries {
		if d.Participant.ParticipantKey() == of.ParticipantKey() {
			found = append(found, d)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("%+v has %d deliveries", of, len(found))
	}
	return found[0]
}

// TestLogoutTellsTheTruth: whatever partners, browser and store do, the session ends before anybody is told, every name that a partner was
// told has one delivery that says no more than is so, and nobody is told again once that it ended is on record.
func TestLogoutTellsTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		partners := rapid.IntRange(1, 5).Draw(t, "partners")
		w := newWard(t, partners)
		cause := bridge.LogoutCause{Reason: bridge.EndedByUser}
		if asks := rapid.IntRange(-1, partners-1).Draw(t, "asks"); asks >= 0 {
			cause = bridge.LogoutCause{Reason: bridge.EndedByPartner, Protocol: trust.Ticket, Partner: fmt.Sprint("p", asks)}
			cause.Tell = rapid.Bool().Draw(t, "tell it")
			w.knows(cause.Partner)
			for name := range w.said {
				w.asker[name] = cause.Tell
			}
		}
		w.broken = rapid.Bool().Draw(t, "broken at first")
		_, err := w.hub.Logout(context.Background(), "s", cause)
		w.must(err)
		for range rapid.IntRange(0, 15).Draw(t, "steps") {
			w.step()
		}
		for w.broken = false; w.now.Before(time.Date(2026, 12, 25, 0, 0, 0, 0, time.UTC)); w.now = w.now.Add(6 * time.Hour) {
			w.must(w.hub.Retry(context.Background()))
		}
		for _, p := range w.names {
			d := w.delivery(p)
			said := w.said[p.ParticipantKey()]
			// what the browser is to tell was tried again, and the store forgot how that went: less is said than is so
			less := d.State == bridge.DeliveryFront && w.forget[p.ParticipantKey()]
			if d.State != said && !less || !d.Next.IsZero() || (d.FrontURL != "") != (d.State == bridge.DeliveryFront) {
				t.Fatalf("%s says %q, the delivery %+v", d.Participant.Partner, said, d)
			}
		}
		if w.calls > len(w.names)*40 {
			t.Fatalf("%d calls", w.calls)
		}
	})
}
