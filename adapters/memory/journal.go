package memory

import (
	"context"
	"fmt"
	"maps"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Commit implements bridge.Journal: writes are applied in order, and undone in reverse if one does not hold.
func (s *Store) Commit(_ context.Context, writes ...bridge.Write) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var undos []func()
	for _, w := range writes {
		undo, err := s.apply(w)
		if err != nil {
			for i := len(undos) - 1; i >= 0; i-- {
				undos[i]()
			}
			return err
		}
		undos = append(undos, undo)
	}
	return nil
}

func (s *Store) apply(w bridge.Write) (undo func(), err error) {
	switch w := w.(type) {
	case bridge.PutArtifact:
		return s.put(w)
	case bridge.ConsumeArtifact:
		_, undo, err = s.consume(w)
		return undo, err
	case bridge.SaveSession:
		return s.saveSession(w)
	case bridge.TouchSession:
		return s.touchSession(w), nil
	case bridge.AddParticipant:
		return s.addParticipant(w.Participant)
	case bridge.DropParticipant:
		return s.dropParticipant(w), nil
	case bridge.SavePersons:
		return s.savePersons(w.Persons), nil
	case bridge.AddAuthenticator:
		return s.addAuthenticator(w.Authenticator)
	case bridge.ChangeAuthenticator:
		return s.changeAuthenticator(w.Authenticator, w.Was)
	case bridge.AddEmergency:
		return s.addEmergency(w.Emergency)
	case bridge.ReviewEmergency:
		return s.reviewEmergency(w.Emergency)
	case bridge.ForgetNotes:
		return s.forgetNotes(w.Emergency), nil
	case bridge.SettleAlert:
		return s.settleAlert(w), nil
	case bridge.SaveDelivery:
		return s.saveDelivery(w.Delivery), nil
	case bridge.Append:
		return s.append(w.Event)
	}
	return nil, fmt.Errorf("memory: unknown write %T", w)
}

func (s *Store) append(e ledger.Event) (undo func(), err error) {
	e.Seq = int64(len(s.events)) + 1
	if _, err := e.Canonical(); err != nil {
		return nil, fmt.Errorf("memory: audit event: %w", err)
	}
	s.events = append(s.events, copyEvent(e))
	return func() { s.events = s.events[:len(s.events)-1] }, nil
}

// appendAll appends all of them or none.
func (s *Store) appendAll(events []ledger.Event) error {
	for i, e := range events {
		if _, err := s.append(e); err != nil {
			s.events = s.events[:len(s.events)-i]
			return err
		}
	}
	return nil
}

// Events implements ledger.Reader.
func (s *Store) Events(_ context.Context, q ledger.Query) ([]ledger.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limit := q.Limit
	if limit <= 0 {
		limit = 100
	}
	var out []ledger.Event
	for i := min(max(q.After, 0), int64(len(s.events))); i < int64(len(s.events)) && len(out) < limit; i++ {
		if e := s.events[i]; matches(e, q) {
			out = append(out, copyEvent(e))
		}
	}
	return out, nil
}

func matches(e ledger.Event, q ledger.Query) bool {
	return (q.Subject == "" || e.Subject == q.Subject) && (q.Partner == "" || e.Partner == q.Partner) &&
		(q.Ref == "" || e.Ref == q.Ref) && (q.Kind == "" || e.Kind == q.Kind)
}

func copyEvent(e ledger.Event) ledger.Event {
	e.Time = e.Time.UTC().Round(0)
	e.Detail = maps.Clone(e.Detail)
	return e
}
