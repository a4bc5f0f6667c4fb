package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Session implements bridge.Sessions.
func (s *Store) Session(_ context.Context, id string) (bridge.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[id]
	if !ok {
		return bridge.Session{}, bridge.ErrNotFound
	}
	return found, nil
}

// SessionByKey implements bridge.Sessions.
func (s *Store) SessionByKey(_ context.Context, key string) (bridge.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.sessions[s.keys[key]]
	if !ok || key == "" {
		return bridge.Session{}, bridge.ErrNotFound
	}
	return found, nil
}

// EndSession implements bridge.Sessions.
func (s *Store) EndSession(_ context.Context, id string, e bridge.Ending, events ...ledger.Event) ([]bridge.Delivery, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[id]
	switch {
	case !ok:
		return nil, bridge.ErrNotFound
	case !session.Ended.IsZero():
		return nil, bridge.ErrSpent
	}
	if err := s.appendAll(events); err != nil {
		return nil, err
	}
	session.Ended = e.At
	s.sessions[id] = session
	s.dropAll(s.ofSession[id])
	ds := e.Deliveries(s.participants[id])
	for _, d := range ds {
		s.deliveries[d.ID] = d
	}
	return ds, nil
}

// Overdue implements bridge.Sessions.
func (s *Store) Overdue(_ context.Context, started, suspended time.Time, limit int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.before(started, func(x bridge.Session) time.Time { return x.Started })
	asleep := s.before(suspended, func(x bridge.Session) time.Time { return x.Suspended })
	var out []string
	for _, x := range append(old, asleep...) {
		if len(out) < limit {
			out = append(out, x.ID)
		}
	}
	return out, nil
}

// before lists the sessions that have not ended and whose time is set and not after t, earliest first.
func (s *Store) before(t time.Time, of func(bridge.Session) time.Time) []bridge.Session {
	var found []bridge.Session
	for _, x := range s.sessions {
		if x.Ended.IsZero() && !of(x).IsZero() && !of(x).After(t) {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b bridge.Session) int { return cmp.Or(of(a).Compare(of(b)), cmp.Compare(a.ID, b.ID)) })
	return found
}

// Living implements bridge.Roster.
func (s *Store) Living(_ context.Context, q bridge.SessionQuery) ([]bridge.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []bridge.Session
	for id, x := range s.sessions {
		told := func(p bridge.Participant) bool {
			return p.Partner == q.Partner && (q.Protocol == "" || p.Protocol == q.Protocol)
		}
		later := q.Past == bridge.SessionPlace{} || q.Past.Before(x.Place())
		if later && x.Ended.IsZero() && (q.UID == "" || x.UID == q.UID) && (q.At == "" || x.Workstation == q.At) && (q.Partner == "" || slices.ContainsFunc(s.participants[id], told)) {
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b bridge.Session) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.ID, b.ID)) })
	return found[:min(len(found), max(q.Limit, 0))], nil
}

func (s *Store) saveSession(w bridge.SaveSession) (undo func(), err error) {
	session := w.Session
	old, had := s.sessions[session.ID]
	if had && (!old.Ended.IsZero() || w.From != "" && w.From != old.Key) {
		return nil, bridge.ErrSpent
	}
	if had && !old.Suspended.IsZero() && session.Suspended.IsZero() && !w.Resume {
		return nil, bridge.ErrSpent
	}
	s.setSession(session)
	return func() {
		s.dropSession(session.ID)
		if had {
			s.setSession(old)
		}
	}, nil
}

func (s *Store) setSession(session bridge.Session) {
	s.dropSession(session.ID)
	s.sessions[session.ID] = session
	s.keys[session.Key] = session.ID
}

func (s *Store) dropSession(id string) {
	if old, ok := s.sessions[id]; ok {
		delete(s.keys, old.Key)
		delete(s.sessions, id)
	}
}

func (s *Store) touchSession(w bridge.TouchSession) (undo func()) {
	old, ok := s.sessions[w.ID]
	if !ok || !w.Seen.After(old.Seen) {
		return func() {}
	}
	touched := old
	touched.Seen = w.Seen
	s.sessions[w.ID] = touched
	return func() { s.sessions[w.ID] = old }
}

func (s *Store) addParticipant(p bridge.Participant) (undo func(), err error) {
	session, ok := s.sessions[p.Session]
	switch {
	case !ok:
		return nil, bridge.ErrNotFound
	case !session.Ended.IsZero(), !session.Suspended.IsZero():
		return nil, bridge.ErrSpent
	}
	old := s.participants[p.Session]
	for _, o := range old {
		told := o
		if told.Since = p.Since; told == p {
			return func() {}, nil // was told the same before: it stays as old as it is
		}
	}
	others := slices.DeleteFunc(slices.Clone(old), func(o bridge.Participant) bool { return o.ParticipantKey() == p.ParticipantKey() })
	s.participants[p.Session] = append(others, p)
	return func() { s.participants[p.Session] = old }, nil
}

func (s *Store) dropParticipant(w bridge.DropParticipant) (undo func()) {
	id := w.Participant.Session
	old := s.participants[id]
	if x, ok := s.sessions[id]; ok && !x.Suspended.IsZero() && x.Suspended.Equal(w.Suspended) {
		s.participants[id] = slices.DeleteFunc(slices.Clone(old), func(o bridge.Participant) bool { return o.ParticipantKey() == w.Participant.ParticipantKey() })
	}
	return func() { s.participants[id] = old }
}

// Participants implements bridge.Participants.
func (s *Store) Participants(_ context.Context, session string) ([]bridge.Participant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ps := slices.Clone(s.participants[session])
	slices.SortStableFunc(ps, func(a, b bridge.Participant) int { return a.Since.Compare(b.Since) })
	return ps, nil
}

// FindParticipant implements bridge.Participants.
func (s *Store) FindParticipant(_ context.Context, protocol trust.Protocol, partner, index string) (bridge.Participant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ps := range s.participants {
		for _, p := range ps {
			if p.Protocol == protocol && p.Partner == partner && p.Index == index {
				return p, nil
			}
		}
	}
	return bridge.Participant{}, bridge.ErrNotFound
}

// ParticipantsOf implements bridge.Participants.
func (s *Store) ParticipantsOf(_ context.Context, protocol trust.Protocol, partner, subject string) ([]bridge.Participant, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []bridge.Participant
	for session, ps := range s.participants {
		if !s.sessions[session].Ended.IsZero() {
			continue
		}
		for _, p := range ps {
			if p.Protocol == protocol && p.Partner == partner && p.Subject == subject {
				out = append(out, p)
			}
		}
	}
	return out, nil
}
