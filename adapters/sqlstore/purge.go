package sqlstore

import (
	"context"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// purgeBatch is how many records go in one transaction.
const purgeBatch = 500

// Purge removes what is dead at now: expired artifacts and traces, and sessions and deliveries that have not
// changed for Options.Keep. It also indexes new audit events. It works in small transactions and returns how
// many records went; it is meant to be called about once a minute.
func (s *Store) Purge(ctx context.Context, now time.Time) (int, error) {
	if err := s.indexAudit(ctx); err != nil {
		return 0, err
	}
	total, err := s.purgeArtifacts(ctx, now)
	if err != nil {
		return total, err
	}
	limit, old := int64(purgeBatch), nano(now.Add(-s.options.Keep))
	for _, step := range [][]*op{
		{{stmt: purgeTraces, args: []any{nano(now), limit}}},
		{{stmt: purgeDeliveries, args: []any{old, limit}}},
		{{stmt: purgeParticipants, args: []any{old, limit}}, {stmt: purgeSessions, args: []any{old, limit}}},
	} {
		for {
			r := newRequest(ctx)
			r.writes = step
			if err := s.writer.submit(r); err != nil {
				return total, err
			}
			n := int(step[len(step)-1].rows)
			total += n
			if n < purgeBatch {
				break
			}
		}
	}
	return total, s.purgeNames(ctx)
}

// purgeArtifacts looks for all dead ones: an index by expiry would cost every sign-on more than that costs once a minute.
func (s *Store) purgeArtifacts(ctx context.Context, now time.Time) (int, error) {
	return s.purgeFound(ctx, deadArtifacts, func(found row, r *request) error {
		var kind string
		var key []byte
		if err := found.Scan(&kind, &key); err != nil {
			return err
		}
		r.exclusive = append(r.exclusive, artifactName(bridge.ArtifactKind(kind), string(key)))
		r.writes = append(r.writes, &op{stmt: purgeArtifact, args: []any{kind, key, nano(now)}})
		return nil
	}, nano(now))
}

// purgeNames removes further names of participants whose sessions are gone. They are not counted: the session was.
func (s *Store) purgeNames(ctx context.Context) error {
	_, err := s.purgeFound(ctx, deadNames, func(found row, r *request) error {
		var session string
		err := found.Scan(&session)
		r.writes = append(r.writes, &op{stmt: purgeNames, args: []any{session}})
		return err
	})
	return err
}

// purgeFound removes what a statement finds, some at a time; remove adds to a request what removes one. It looks outside the writer's
// transaction, because that reads a whole table.
func (s *Store) purgeFound(ctx context.Context, find statement, remove func(found row, r *request) error, args ...any) (int, error) {
	for total := 0; ; {
		r := newRequest(ctx)
		err := s.read(ctx, find, func(found row) error { return remove(found, r) }, append(args, int64(purgeBatch))...)
		if err != nil || len(r.writes) == 0 {
			return total, err
		}
		if err := s.writer.submit(r); err != nil {
			return total, err
		}
		for _, o := range r.writes {
			total += int(o.rows)
		}
		if len(r.writes) < purgeBatch {
			return total, nil
		}
	}
}
