package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Put implements bridge.Artifacts.
func (s *Store) Put(ctx context.Context, a bridge.Artifact, replace bool) error {
	return s.Commit(ctx, bridge.PutArtifact{Artifact: a, Replace: replace})
}

// Get implements bridge.Artifacts.
func (s *Store) Get(ctx context.Context, kind bridge.ArtifactKind, key string, now time.Time) (bridge.Artifact, error) {
	o, found := artifactRead(kind, key, now)
	if err := s.read(ctx, o.stmt, o.scan, o.args...); err != nil {
		return bridge.Artifact{}, err
	}
	if found.Kind == "" {
		return bridge.Artifact{}, bridge.ErrNotFound
	}
	return *found, nil
}

// Consume implements bridge.Artifacts.
func (s *Store) Consume(ctx context.Context, kind bridge.ArtifactKind, key string, now time.Time) (bridge.Artifact, error) {
	w := bridge.ConsumeArtifact{Kind: kind, Key: key, Now: now}
	r := newRequest(ctx)
	r.exclusive = []string{artifactName(kind, key)}
	look, found := artifactRead(kind, key, now)
	r.require(consumeOp(w), errExplain)
	r.first = append(r.first, look)
	r.onReset(func() { *found = bridge.Artifact{} })
	err := s.writer.submit(r)
	switch {
	case err == nil:
		return *found, nil
	case !errors.Is(err, errExplain):
		return bridge.Artifact{}, err
	case found.Kind == "":
		return bridge.Artifact{}, bridge.ErrNotFound
	}
	return *found, bridge.ErrSpent
}

// DropGroup implements bridge.Artifacts.
func (s *Store) DropGroup(ctx context.Context, group string) error {
	r := newRequest(ctx)
	r.writes = []*op{{stmt: dropGroup, args: []any{[]byte(group)}}}
	return s.writer.submit(r)
}

func artifactName(kind bridge.ArtifactKind, key string) string {
	return "artifact " + string(kind) + "\x00" + key
}

// put adds an artifact. now tells a living one of the same key from an expired one.
func (r *request) put(w bridge.PutArtifact, now time.Time) {
	a := w.Artifact
	r.exclusive = append(r.exclusive, artifactName(a.Kind, a.Key))
	spent := int64(0)
	if a.Spent {
		spent = 1
	}
	o := &op{stmt: putNew, args: []any{string(a.Kind), []byte(a.Key), []byte(a.Group), a.Session, a.Payload, nano(a.Expires), spent, nano(now)}}
	failed := bridge.ErrExists
	if w.Replace {
		o.stmt, failed = putOver, bridge.ErrSpent
	}
	r.require(o, failed)
}

func consumeOp(w bridge.ConsumeArtifact) *op {
	return &op{stmt: consume, args: []any{string(w.Kind), []byte(w.Key), nano(w.Now)}}
}

// artifactRead finds a living artifact; Kind stays empty if there is none.
func artifactRead(kind bridge.ArtifactKind, key string, now time.Time) (*op, *bridge.Artifact) {
	found := &bridge.Artifact{}
	scan := func(r row) error {
		var group []byte
		var expires, spent int64
		if err := r.Scan(&group, &found.Session, &found.Payload, &expires, &spent); err != nil {
			return err
		}
		found.Kind, found.Key, found.Group = kind, key, string(group)
		found.Expires, found.Spent = instant(expires), spent != 0
		return nil
	}
	return &op{stmt: getArtifact, args: []any{string(kind), []byte(key), nano(now)}, scan: scan}, found
}
