package sqlstore

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Session implements bridge.Sessions.
func (s *Store) Session(ctx context.Context, id string) (bridge.Session, error) {
	return s.oneSession(ctx, sessionByID, id)
}

// SessionByKey implements bridge.Sessions.
func (s *Store) SessionByKey(ctx context.Context, key string) (bridge.Session, error) {
	if key == "" {
		return bridge.Session{}, bridge.ErrNotFound
	}
	return s.oneSession(ctx, sessionByKey, key)
}

func (s *Store) oneSession(ctx context.Context, stmt statement, arg string) (bridge.Session, error) {
	var out bridge.Session
	found := false
	err := s.read(ctx, stmt, func(r row) error {
		found = true
		return scanSession(r, &out)
	}, arg)
	if err == nil && !found {
		err = bridge.ErrNotFound
	}
	return out, err
}

func scanSession(r row, out *bridge.Session) error {
	var method string
	var standing string
	var assurance, authnAt, started, seen, ended, suspended, emergency int64
	if err := r.Scan(&out.ID, &out.Key, &out.UID, &method, &assurance, &authnAt, &started, &seen, &out.RoleID, &ended, &out.Authenticator,
		&out.Workstation, &suspended, &standing, &emergency); err != nil {
		return err
	}
	out.Method, out.Assurance = bridge.Method(method), bridge.Assurance(assurance)
	out.AuthnAt, out.Started, out.Seen, out.Ended = instant(authnAt), instant(started), instant(seen), instant(ended)
	out.Suspended, out.Standing, out.Emergency = instant(suspended), bridge.Standing(standing), instant(emergency)
	return nil
}

// Living implements bridge.Roster.
func (s *Store) Living(ctx context.Context, q bridge.SessionQuery) ([]bridge.Session, error) {
	past := int64(math.MaxInt64) // before all: nothing starts then
	if (q.Past != bridge.SessionPlace{}) {
		past = nano(q.Past.Started)
	}
	stmt, args := livingSessions, []any{past, q.Past.ID, int64(max(q.Limit, 0))}
	switch {
	case q.At != "":
		stmt, args = livingBeside, append(args, q.At, q.UID)
	case q.Partner != "":
		stmt, args = livingAt, append(args, q.UID, q.Partner, string(q.Protocol))
	case q.UID != "":
		stmt, args = livingOf, append(args, q.UID)
	}
	var out []bridge.Session
	err := s.read(ctx, stmt, func(r row) error {
		var x bridge.Session
		err := scanSession(r, &x)
		out = append(out, x)
		return err
	}, args...)
	return out, err
}

// EndSession implements bridge.Sessions. Its artifacts are dropped by the session's end itself: no read finds
// an artifact whose session has ended.
func (s *Store) EndSession(ctx context.Context, id string, e bridge.Ending, events ...ledger.Event) ([]bridge.Delivery, error) {
	r := newRequest(ctx)
	r.events = events
	r.exclusive = []string{sessionName(id)}
	end := &op{stmt: endSession, args: []any{id, nano(e.At)}}
	var told []bridge.Participant
	var ds []bridge.Delivery
	look := &op{stmt: participantsOf, args: []any{id}, scan: func(r row) error { return scanParticipant(r, &told) }}
	r.first = []*op{end, look}
	r.onReset(func() { told = nil })
	r.onDecide(func() ([]*op, error) {
		ds = e.Deliveries(told)
		if end.rows == 0 {
			return nil, errExplain
		}
		return deliveryOps(ds)
	})
	err := s.writer.submit(r)
	if errors.Is(err, errExplain) {
		return nil, s.whyNotEnded(ctx, id)
	}
	if err != nil {
		return nil, err
	}
	return ds, nil
}

// Overdue implements bridge.Sessions.
func (s *Store) Overdue(ctx context.Context, started, suspended time.Time, limit int) ([]string, error) {
	var out []string
	add := func(r row) error {
		var id string
		err := r.Scan(&id)
		out = append(out, id)
		return err
	}
	err := s.read(ctx, overdueSessions, add, nano(started), int64(max(limit, 0)))
	if err == nil && len(out) < limit {
		err = s.read(ctx, suspendedSessions, add, nano(suspended), int64(limit-len(out)))
	}
	return out, err
}

// Participants implements bridge.Participants.
func (s *Store) Participants(ctx context.Context, session string) ([]bridge.Participant, error) {
	var out []bridge.Participant
	err := s.read(ctx, participantsOf, func(r row) error { return scanParticipant(r, &out) }, session)
	return out, err
}

// FindParticipant implements bridge.Participants.
func (s *Store) FindParticipant(ctx context.Context, protocol trust.Protocol, partner, index string) (bridge.Participant, error) {
	var out []bridge.Participant
	err := s.read(ctx, participantsAt, func(r row) error { return scanParticipant(r, &out) }, string(protocol), partner, index)
	if err == nil && len(out) == 0 {
		err = bridge.ErrNotFound
	}
	if err != nil {
		return bridge.Participant{}, err
	}
	return out[0], nil
}

// ParticipantsOf implements bridge.Participants.
func (s *Store) ParticipantsOf(ctx context.Context, protocol trust.Protocol, partner, subject string) ([]bridge.Participant, error) {
	var out []bridge.Participant
	err := s.read(ctx, participantsTold, func(r row) error { return scanParticipant(r, &out) }, string(protocol), partner, subject)
	return out, err
}

func scanParticipant(r row, out *[]bridge.Participant) error {
	var p bridge.Participant
	var protocol string
	var since int64
	if err := r.Scan(&p.Session, &protocol, &p.Partner, &p.Index, &p.Subject, &p.Format, &since); err != nil {
		return err
	}
	p.Protocol, p.Since = trust.Protocol(protocol), instant(since)
	*out = append(*out, p)
	return nil
}

func sessionName(id string) string { return "session " + id }

func sessionOp(w bridge.SaveSession) *op {
	x, resume := w.Session, int64(0)
	if w.Resume {
		resume = 1
	}
	return &op{stmt: saveSession, args: []any{
		x.ID, x.Key, x.UID, string(x.Method), int64(x.Assurance), nano(x.AuthnAt), nano(x.Started), nano(x.Seen), x.RoleID, nano(x.Ended),
		x.Authenticator, x.Workstation, nano(x.Suspended), string(x.Standing), nano(x.Emergency), w.From, resume,
	}}
}

// participant adds one, and writes nothing if the partner was told the same before. A further name goes into a table of its own: nearly
// nobody has one. Which table it is hangs on what is there, so that no group gives a partner two names.
func (r *request) participant(p bridge.Participant) {
	r.shared = append(r.shared, sessionName(p.Session))
	r.claims = append(r.claims, claim{p.Session + "\x00" + string(p.Protocol) + "\x00" + p.Partner, p.ParticipantKey()})
	key := []any{p.Session, string(p.Protocol), p.Partner}
	found, ended, suspended, told, old := false, int64(0), int64(0), int64(0), p
	r.onReset(func() { found = false })
	r.first = append(r.first, &op{stmt: participantNow, args: key, scan: func(r row) error {
		found = true
		return r.Scan(&ended, &suspended, &old.Index, &old.Subject, &old.Format, &told)
	}})
	r.onDecide(func() ([]*op, error) {
		add := addParticipant
		switch {
		case !found:
			return nil, bridge.ErrNotFound
		case ended != 0, suspended != 0:
			return nil, bridge.ErrSpent
		case old == p:
			return nil, nil
		case told != 0 && old.ParticipantKey() != p.ParticipantKey():
			add = addName
		}
		return []*op{{stmt: add, args: append(key, p.Index, p.Subject, p.Format, nano(p.Since))}}, nil
	})
}

func dropOps(w bridge.DropParticipant) []*op {
	p := w.Participant
	args := []any{p.Session, string(p.Protocol), p.Partner, p.Format, p.Subject, nano(w.Suspended)}
	return []*op{{stmt: dropParticipant, args: args}, {stmt: dropName, args: args}}
}

// whyNotEnded tells a session that has ended already from one that never was.
func (s *Store) whyNotEnded(ctx context.Context, session string) error {
	if _, err := s.Session(ctx, session); err != nil {
		return err
	}
	return bridge.ErrSpent
}
