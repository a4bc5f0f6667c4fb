package ticket

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// counted adds up what the record says of answers "no": rows, and how often each says that it was given.
func (w *world) counted() (rows, times int) {
	w.t.Helper()
	for _, e := range w.events(ledger.TicketRefused) {
		rows, times = rows+1, times+1
		if n := e.Detail["again"]; n != "" {
			again, err := strconv.Atoi(n)
			w.must(err)
			times += again - 1
		}
	}
	return rows, times
}

// TestPolling: a system that asks all day about a ticket that ended leaves a row a window, and the record says how often it asked.
func TestPolling(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	token := w.ticket()
	ask := func(token, peer string) {
		t.Helper()
		if got := w.get("/identity/isTokenValid?tokenid="+url.QueryEscape(token), peer).Body.String(); got != "boolean=false\n" {
			t.Fatalf("%q", got)
		}
	}
	w.now = w.now.Add(10 * time.Hour)
	asked := 0
	for range 4 * 60 {
		ask(token, "192.0.2.7")
		asked++
		w.now = w.now.Add(15 * time.Second)
		w.must(w.room.WriteNoes(t.Context()))
	}
	if rows, _ := w.counted(); rows > 1+6 {
		t.Errorf("%d rows in an hour", rows)
	}
	w.must(w.room.WriteAllNoes(t.Context()))
	if _, times := w.counted(); times != asked {
		t.Errorf("%d on record, asked %d times", times, asked)
	}
	last := w.events(ledger.TicketRefused)[1]
	if last.Reason != "ticket_unknown" || last.Peer != "192.0.2.7" || last.Detail["since"] == "" || last.Ref == "" {
		t.Errorf("%+v", last)
	}
	before, _ := w.counted()
	ask(forge(token), "192.0.2.7") // another ticket
	ask(token, "192.0.2.8")        // another caller
	if rows, _ := w.counted(); rows != before+2 {
		t.Errorf("%d rows for two that were not there before", rows-before)
	}
	w.now = w.now.Add(2 * noWindow)
	w.must(errors.Join(w.room.WriteNoes(t.Context()), w.room.WriteNoes(t.Context())))
	if rows, _ := w.counted(); rows != before+2 || len(w.room.noes.all) != 0 {
		t.Errorf("%d rows for what was not asked again, %d counted on", rows-before, len(w.room.noes.all))
	}
}

// TestPollingIsBounded: a stranger who asks about ticket after ticket is not counted, but recorded, one by one.
func TestPollingIsBounded(t *testing.T) {
	n := &noes{}
	for i := range maxNoes + 5 {
		n.first(no{ticket: fmt.Sprint(i)}, "", time.Now())
	}
	if len(n.all) != maxNoes || n.again(no{ticket: fmt.Sprint(maxNoes + 1)}) || !n.again(no{ticket: "7"}) {
		t.Errorf("%d are counted", len(n.all))
	}
}

// fullDisk is a journal that writes nothing.
type fullDisk struct{}

func (fullDisk) Commit(context.Context, ...bridge.Write) error { return bridge.ErrUnavailable }

// TestPollingIsNotForgotten: what could not be written is written later.
func TestPollingIsNotForgotten(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.get("/identity/isTokenValid?tokenid=none", "192.0.2.7")
	}
	good := w.hub.Journal
	w.hub.Journal = fullDisk{}
	if err := w.room.WriteAllNoes(t.Context()); !errors.Is(err, bridge.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if got := w.get("/identity/isTokenValid?tokenid=another", "192.0.2.7"); got.Code < 500 {
		t.Errorf("%d: a first no is answered without a record", got.Code)
	}
	w.hub.Journal = good
	w.must(w.room.WriteAllNoes(t.Context()))
	if _, times := w.counted(); times != 5 {
		t.Errorf("%d on record", times)
	}
}

// TestFirstNoTwice: of two that are the first at the same moment, the second does not undo what was counted between them.
func TestFirstNoTwice(t *testing.T) {
	var n noes
	key, now := no{ticket: "t", code: "c"}, time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	n.first(key, "a", now)
	if !n.again(key) {
		t.Error("not counted")
	}
	n.first(key, "b", now)
	if got := n.over(now, true)[key]; got.again != 1 || got.ref != "a" {
		t.Errorf("%+v", got)
	}
}
