package sqlstore

import (
	"context"
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
func (s *Store) Emergencies(ctx context.Context, waiting bool, limit int) ([]bridge.Emergency, error) {
	which := allEmergencies
	if waiting {
		which = emergenciesWaiting
	}
	var out []bridge.Emergency
	err := s.read(ctx, which, func(r row) error { return scanEmergency(r, &out) }, int64(limit))
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
	e.Opened, e.Until, e.Review.At, e.AlertDue, e.Attempts = e.Opened.UTC().Round(0), e.Until.UTC().Round(0), e.Review.At.UTC().Round(0), time.Time{}, 0
	doc, err := encode(e)
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
