package hub

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// countingJournal counts what the audit record says happened, once it is durable: metrics and record cannot disagree.
type countingJournal struct {
	bridge.Journal
	known    func(trust.Protocol, string) (trust.Partner, error)
	events   *prometheus.CounterVec
	children sync.Map // eventLabels -> prometheus.Counter
}

type eventLabels struct{ kind, result, method, partner string }

func newCountingJournal(j bridge.Journal, m *metrics, known func(trust.Protocol, string) (trust.Partner, error)) *countingJournal {
	c := &countingJournal{Journal: j, known: known, events: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lanyard_events_total", Help: "Audit events by kind, result, method and partner; partners not registered count as other.",
	}, []string{"kind", "result", "method", "partner"})}
	m.registerer.MustRegister(c.events)
	return c
}

// Commit implements bridge.Journal.
func (c *countingJournal) Commit(ctx context.Context, writes ...bridge.Write) error {
	if err := c.Journal.Commit(ctx, writes...); err != nil {
		return err
	}
	for _, w := range writes {
		if a, ok := w.(bridge.Append); ok {
			c.child(a.Event).Inc()
		}
	}
	return nil
}

// countingSessions counts the events that are appended with the end of a session.
type countingSessions struct {
	bridge.Sessions
	count *countingJournal
}

// EndSession implements bridge.Sessions.
func (c countingSessions) EndSession(ctx context.Context, id string, e bridge.Ending, events ...ledger.Event) ([]bridge.Delivery, error) {
	ds, err := c.Sessions.EndSession(ctx, id, e, events...)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		c.count.child(e).Inc()
	}
	return ds, nil
}

// child binds the labels of an event once and keeps the counter. One that is kept under a partner's name is of a partner that was
// registered, which need not be asked again.
func (c *countingJournal) child(e ledger.Event) prometheus.Counter {
	labels := eventLabels{kind: string(e.Kind), result: e.Reason, method: e.Method, partner: e.Partner}
	if labels.result == "" {
		labels.result = "ok"
	}
	found, ok := c.children.Load(labels)
	if !ok {
		labels.partner = c.partner(e)
		found, ok = c.children.Load(labels)
	}
	if !ok {
		found, _ = c.children.LoadOrStore(labels, c.events.WithLabelValues(labels.kind, labels.result, labels.method, labels.partner))
	}
	counter, _ := found.(prometheus.Counter) // nothing else is stored
	return counter
}

// partner bounds the label to registered partners: what a stranger claims to be never becomes a series.
func (c *countingJournal) partner(e ledger.Event) string {
	if e.Partner == "" {
		return ""
	}
	for _, p := range []trust.Protocol{trust.OIDC, trust.SAML2, trust.Ticket} {
		if _, err := c.known(p, e.Partner); err == nil {
			return e.Partner
		}
	}
	return "other"
}
