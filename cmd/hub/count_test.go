package hub

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

type fakeJournal struct{ err error }

func (f fakeJournal) Commit(context.Context, ...bridge.Write) error { return f.err }

type fakeSessions struct {
	bridge.Sessions
	err error
}

func (f fakeSessions) EndSession(context.Context, string, bridge.Ending, ...ledger.Event) ([]bridge.Delivery, error) {
	return nil, f.err
}

func TestEventsAreCountedOnceDurable(t *testing.T) {
	m := newMetrics()
	asked := 0
	known := func(_ trust.Protocol, id string) (trust.Partner, error) {
		asked++
		if id == "epr" {
			return trust.Partner{ID: id}, nil
		}
		return trust.Partner{}, trust.ErrUnknownPartner
	}
	j := newCountingJournal(fakeJournal{}, m, known)
	issued := bridge.Append{Event: ledger.Event{Kind: ledger.Issued, Partner: "epr", Method: "FIDO2"}}
	refused := bridge.Append{Event: ledger.Event{Kind: ledger.Refused, Reason: "bad_signature", Partner: "stranger " + strings.Repeat("x", 50)}}
	for _, w := range []bridge.Write{issued, issued, refused} {
		if err := j.Commit(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	sessions := countingSessions{fakeSessions{}, j}
	if _, err := sessions.EndSession(t.Context(), "s", bridge.Ending{Logout: "l"}, ledger.Event{Kind: ledger.SessionEnded, Reason: "user"}); err != nil {
		t.Fatal(err)
	}
	if _, err := (countingSessions{fakeSessions{err: bridge.ErrSpent}, j}).EndSession(t.Context(), "s", bridge.Ending{Logout: "l"}, ledger.Event{Kind: ledger.SessionEnded, Reason: "user"}); !errors.Is(err, bridge.ErrSpent) {
		t.Error("the failure was hidden")
	}
	failing := newCountingJournal(fakeJournal{err: errors.New("disk full")}, newMetrics(), known)
	if err := failing.Commit(t.Context(), issued); err == nil {
		t.Error("the failure was hidden")
	}
	got := counted(t, m.registerer)
	want := map[string]float64{"issued ok FIDO2 epr": 2, "refused bad_signature  other": 1, "session_ended user  ": 1}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%q counted %v, want %v; all: %v", k, got[k], v, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("series %v", got)
	}
	before := asked
	if err := j.Commit(t.Context(), issued); err != nil || asked != before {
		t.Errorf("%v; the registry was asked %d times about a partner that has its counter", err, asked-before)
	}
}

// counted reads lanyard_events_total as label values joined by spaces.
func counted(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "lanyard_events_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			out[labels["kind"]+" "+labels["result"]+" "+labels["method"]+" "+labels["partner"]] = m.GetCounter().GetValue()
		}
	}
	return out
}
