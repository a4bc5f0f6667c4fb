package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/bridge"
)

// errExplain is what a condition reports when only a look at the stored record tells why it does not hold.
var errExplain = errors.New("sqlstore: condition does not hold")

// Commit implements bridge.Journal.
func (s *Store) Commit(ctx context.Context, writes ...bridge.Write) error {
	r := newRequest(ctx)
	for _, w := range writes {
		if err := s.add(r, w); err != nil {
			return err
		}
	}
	err := s.writer.submit(r)
	if errors.Is(err, errExplain) {
		return s.explain(ctx, writes)
	}
	return err
}

// explain asks, after the rollback, why something could not be consumed. Whatever happened since, it could not.
func (s *Store) explain(ctx context.Context, writes []bridge.Write) error {
	for _, w := range writes {
		c, ok := w.(bridge.ConsumeArtifact)
		if !ok {
			continue
		}
		if a, err := s.Get(ctx, c.Kind, c.Key, c.Now); err != nil || a.Spent {
			if err == nil {
				err = bridge.ErrSpent
			}
			return err
		}
	}
	return bridge.ErrSpent
}

// add puts one write into the request.
func (s *Store) add(r *request, w bridge.Write) error {
	switch w := w.(type) {
	case bridge.PutArtifact:
		r.put(w, s.options.Clock())
	case bridge.ConsumeArtifact:
		r.exclusive = append(r.exclusive, artifactName(w.Kind, w.Key))
		r.require(consumeOp(w), errExplain)
	case bridge.SaveSession:
		r.exclusive = append(r.exclusive, sessionName(w.Session.ID))
		r.require(sessionOp(w), bridge.ErrSpent)
	case bridge.TouchSession:
		r.shared = append(r.shared, sessionName(w.ID))
		r.writes = append(r.writes, &op{stmt: touchSession, args: []any{w.ID, nano(w.Seen)}})
	case bridge.AddParticipant:
		r.participant(w.Participant)
	case bridge.DropParticipant:
		r.exclusive = append(r.exclusive, sessionName(w.Participant.Session))
		r.writes = append(r.writes, dropOps(w)...)
	case bridge.SavePersons:
		return r.savePersons(w.Persons)
	case bridge.AddAuthenticator:
		return r.addAuthenticator(w.Authenticator)
	case bridge.ChangeAuthenticator:
		r.updateAuthenticator(w.Authenticator, w.Was)
	case bridge.AddEmergency:
		return r.emergency(w.Emergency, false)
	case bridge.ReviewEmergency:
		return r.emergency(w.Emergency, true)
	case bridge.ForgetNotes:
		return r.forgetNotes(w.Emergency)
	case bridge.SettleAlert:
		r.exclusive = append(r.exclusive, "emergency "+w.ID)
		r.writes = append(r.writes, &op{stmt: settleAlert, args: []any{w.ID, int64(w.Attempts), nano(w.Due)}})
	case bridge.SaveDelivery:
		r.exclusive = append(r.exclusive, "delivery "+w.Delivery.ID)
		o, err := deliveryOp(w.Delivery)
		if err != nil {
			return err
		}
		r.writes = append(r.writes, o)
	case bridge.Append:
		r.events = append(r.events, w.Event)
	default:
		return fmt.Errorf("sqlstore: unknown write %T", w)
	}
	return nil
}
