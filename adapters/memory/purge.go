package memory

import (
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/trace"
)

// SaveTraces implements trace.Store.
func (s *Store) SaveTraces(_ context.Context, entries []trace.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range entries {
		e.Fields = slices.Clone(e.Fields)
		s.traces[e.Ref] = append(s.traces[e.Ref], e)
	}
	return nil
}

// Traces implements trace.Store.
func (s *Store) Traces(_ context.Context, ref string) ([]trace.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.traces[ref])
	for i := range out {
		out[i].Fields = slices.Clone(out[i].Fields)
	}
	return out, nil
}

// Purge removes what is dead at now: expired artifacts and traces, and sessions and deliveries that have
// not changed for a week. It returns how many records went.
func (s *Store) Purge(_ context.Context, now time.Time) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, old := 0, now.Add(-keep)
	for id, a := range s.artifacts {
		if !s.living(a, now) {
			s.drop(id)
			n++
		}
	}
	for id, session := range s.sessions {
		if session.Seen.Before(old) && session.Ended.Before(old) {
			s.dropSession(id)
			delete(s.participants, id)
			n++
		}
	}
	for id, d := range s.deliveries {
		if d.Updated.Before(old) {
			delete(s.deliveries, id)
			n++
		}
	}
	for ref, es := range s.traces {
		left := slices.DeleteFunc(es, func(e trace.Entry) bool { return !now.Before(e.Expires) })
		n += len(es) - len(left)
		s.traces[ref] = left
		if len(left) == 0 {
			delete(s.traces, ref)
		}
	}
	return n, nil
}
