package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// errExplain is what a condition reports when only a look at the stored record tells why it does not hold.
var errExplain = errors.New("sqlstore: condition does not hold")

// Commit implements bridge.Journal.
func (s *Store) Commit(ctx context.Context, writes ...bridge.Write) error {
	r := newRequest(ctx)
	var conditions []condition
	var explain []func() error
	for _, w := range writes {
		c, why, err := s.add(r, w)
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		at := c.op
		conditions = append(conditions, *c)
		if why != nil {
			explain = append(explain, func() error {
				if at.rows != 0 {
					return nil
				}
				return why(ctx)
			})
		}
	}
	if len(conditions) > 0 {
		r.require(conditions)
	}
	err := s.writer.submit(r)
	if errors.Is(err, errExplain) {
		return firstReason(explain)
	}
	return err
}

// firstReason asks, after the rollback, why a condition did not hold. Whatever happened since, it did not hold.
func firstReason(explain []func() error) error {
	for _, why := range explain {
		if err := why(); err != nil {
			return err
		}
	}
	return bridge.ErrSpent
}

// add puts one write into the request. It returns a condition if there is one, and how to explain its failure.
func (s *Store) add(r *request, w bridge.Write) (c *condition, explain func(context.Context) error, err error) {
	switch w := w.(type) {
	case bridge.PutArtifact:
		return s.put(r, w), nil, nil
	case bridge.ConsumeArtifact:
		r.exclusive = append(r.exclusive, artifactName(w.Kind, w.Key))
		return &condition{consumeOp(w), refuse(errExplain)}, func(ctx context.Context) error { return s.whyNotConsumed(ctx, w) }, nil
	case bridge.SaveSession:
		r.exclusive = append(r.exclusive, sessionName(w.Session.ID))
		return &condition{sessionOp(w.Session), refuse(bridge.ErrSpent)}, nil, nil
	case bridge.TouchSession:
		r.shared = append(r.shared, sessionName(w.ID))
		r.writes = append(r.writes, &op{stmt: touchSession, args: []any{w.ID, nano(w.Seen)}})
	case bridge.AddParticipant:
		p := w.Participant
		r.shared = append(r.shared, sessionName(p.Session))
		return &condition{participantOp(p), refuse(errExplain)}, func(ctx context.Context) error { return s.whyNoParticipant(ctx, p.Session) }, nil
	case bridge.SaveDelivery:
		r.exclusive = append(r.exclusive, "delivery "+w.Delivery.ID)
		o, err := deliveryOp(w.Delivery)
		r.writes = append(r.writes, o)
		return nil, nil, err
	case bridge.Append:
		r.events = append(r.events, w.Event)
	default:
		return nil, nil, fmt.Errorf("sqlstore: unknown write %T", w)
	}
	return nil, nil, nil
}

func refuse(err error) func() error { return func() error { return err } }

// Events implements ledger.Reader.
func (s *Store) Events(ctx context.Context, q ledger.Query) ([]ledger.Event, error) {
	if q.Limit <= 0 {
		q.Limit = 100
	}
	stmt, args := eventsQuery(q)
	var out []ledger.Event
	err := s.read(ctx, stmt, func(r row) error {
		var canonical []byte
		if err := r.Scan(&canonical); err != nil {
			return err
		}
		var e ledger.Event
		if err := decode(canonical, &e); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	}, args...)
	return out, err
}

// eventsQuery picks the statement by the most selective field; the rest of the query filters what it finds.
func eventsQuery(q ledger.Query) (statement, []any) {
	rest := []any{q.After, q.Subject, q.Partner, q.Ref, string(q.Kind), int64(q.Limit)}
	switch {
	case q.Ref != "":
		return eventsByRef, rest
	case q.Subject != "":
		return eventsBySubject, rest
	case q.Partner != "":
		return eventsByPartner, rest
	case q.Kind != "":
		return eventsByKind, rest
	}
	return eventsAfter, []any{q.After, int64(q.Limit)}
}

// Purge removes what is dead at now: expired artifacts and traces, and sessions and deliveries that have not
// changed for Options.Keep. It works in small transactions and returns how many records went.
func (s *Store) Purge(ctx context.Context, now time.Time) (int, error) {
	const batch = 500
	old := nano(now.Add(-s.options.Keep))
	total := 0
	for _, step := range [][]*op{
		{{stmt: purgeArtifacts, args: []any{nano(now), int64(batch)}}},
		{{stmt: purgeTraces, args: []any{nano(now), int64(batch)}}},
		{{stmt: purgeDeliveries, args: []any{old, int64(batch)}}},
		{{stmt: purgeParticipants, args: []any{old, int64(batch)}}, {stmt: purgeSessions, args: []any{old, int64(batch)}}},
	} {
		for {
			r := newRequest(ctx)
			r.writes = step
			if err := s.writer.submit(r); err != nil {
				return total, err
			}
			n := int(step[len(step)-1].rows)
			total += n
			if n < batch {
				break
			}
		}
	}
	return total, nil
}
