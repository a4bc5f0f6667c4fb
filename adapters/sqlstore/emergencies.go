package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Emergency implements bridge.Emergencies.
func (s *Store) Emergency(ctx context.Context, id string) (bridge.Emergency, error) {
	var found []bridge.Emergency
	err := s.read(ctx, emergencyByID, func(r row) error { return scanEmergency(r, &found) }, id)
	switch {
	case err != nil:
		return bridge.Emergency{}, err
	case len(found) != 1:
		return bridge.Emergency{}, bridge.ErrNotFound
	}
	return found[0], nil
}

// Emergencies implements bridge.Emergencies.
func (s *Store) Emergencies(ctx context.Context, q bridge.EmergencyQuery) ([]bridge.Emergency, error) {
	which, past := allEmergencies, int64(math.MaxInt64)
	if q.Waiting {
		which = emergenciesWaiting
	}
	if (q.Past != bridge.EmergencyPlace{}) {
		past = nano(q.Past.Opened)
	}
	var out []bridge.Emergency
	err := s.read(ctx, which, func(r row) error { return scanEmergency(r, &out) }, past, q.Past.ID, int64(q.Limit))
	return out, err
}

// DueAlerts implements bridge.Emergencies.
func (s *Store) DueAlerts(ctx context.Context, now, until time.Time, limit int) ([]bridge.Emergency, error) {
	kind := due[bridge.Emergency]{find: alertsDue, move: moveAlert, exclusive: "alerts", scan: scanEmergency, put: func(e *bridge.Emergency, until time.Time) string {
		e.AlertDue = until
		return e.ID
	}}
	return kind.take(ctx, s, now, until, limit)
}

func scanEmergency(r row, out *[]bridge.Emergency) error {
	var doc []byte
	var alert, attempts int64
	if err := r.Scan(&doc, &alert, &attempts); err != nil {
		return err
	}
	var e bridge.Emergency
	if err := decode(doc, &e); err != nil {
		return err
	}
	e.AlertDue, e.Attempts = instant(alert), int(attempts)
	*out = append(*out, e)
	return nil
}

// emergency puts an opening, or its review, into the request.
func (r *request) emergency(e bridge.Emergency, review bool) error {
	alert, attempts := nano(e.AlertDue), int64(e.Attempts)
	doc, err := emergencyDoc(e)
	if err != nil {
		return err
	}
	r.exclusive = append(r.exclusive, "emergency "+e.ID)
	if review {
		r.require(&op{stmt: reviewEmergency, args: []any{e.ID, doc, nano(e.Review.At)}}, bridge.ErrSpent)
		return nil
	}
	r.require(&op{stmt: addEmergency, args: []any{e.ID, doc, nano(e.Opened), alert, attempts}}, bridge.ErrExists)
	return nil
}

// forgetNotes puts an opening without its words into the request.
func (r *request) forgetNotes(e bridge.Emergency) error {
	doc, err := emergencyDoc(e)
	if err != nil {
		return err
	}
	r.exclusive = append(r.exclusive, "emergency "+e.ID)
	r.writes = append(r.writes, &op{stmt: forgetNotes, args: []any{e.ID, doc}})
	return nil
}

// emergencyDoc is an opening as it is stored; its alert is in columns.
func emergencyDoc(e bridge.Emergency) ([]byte, error) {
	e.Opened, e.Until, e.Review.At, e.AlertDue, e.Attempts = e.Opened.UTC().Round(0), e.Until.UTC().Round(0), e.Review.At.UTC().Round(0), time.Time{}, 0
	return encode(e)
}
