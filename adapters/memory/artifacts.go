package memory

import (
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Put implements bridge.Artifacts.
func (s *Store) Put(ctx context.Context, a bridge.Artifact, replace bool) error {
	return s.Commit(ctx, bridge.PutArtifact{Artifact: a, Replace: replace})
}

// Get implements bridge.Artifacts.
func (s *Store) Get(_ context.Context, kind bridge.ArtifactKind, key string, now time.Time) (bridge.Artifact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.artifacts[artifactID{kind, key}]
	if !ok || !s.living(a, now) {
		return bridge.Artifact{}, bridge.ErrNotFound
	}
	return copyArtifact(a), nil
}

// Consume implements bridge.Artifacts.
func (s *Store) Consume(_ context.Context, kind bridge.ArtifactKind, key string, now time.Time) (bridge.Artifact, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _, err := s.consume(bridge.ConsumeArtifact{Kind: kind, Key: key, Now: now})
	return copyArtifact(a), err
}

// DropGroup implements bridge.Artifacts.
func (s *Store) DropGroup(_ context.Context, group string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if group != "" {
		s.dropAll(s.groups[group])
	}
	return nil
}

// living reports whether an artifact exists at t for anyone who asks: what is bound to an ended session does
// not, even if it was put afterwards.
func (s *Store) living(a bridge.Artifact, t time.Time) bool {
	return !a.Expired(t) && (a.Session == "" || s.sessions[a.Session].Ended.IsZero())
}

func (s *Store) put(w bridge.PutArtifact) (undo func(), err error) {
	id := artifactID{w.Artifact.Kind, w.Artifact.Key}
	old, had := s.artifacts[id]
	if had && s.living(old, s.clock()) {
		if !w.Replace {
			return nil, bridge.ErrExists
		}
		if old.Spent && !w.Artifact.Spent {
			return nil, bridge.ErrSpent
		}
	}
	s.set(id, copyArtifact(w.Artifact))
	return func() {
		s.drop(id)
		if had {
			s.set(id, old)
		}
	}, nil
}

func (s *Store) consume(w bridge.ConsumeArtifact) (a bridge.Artifact, undo func(), err error) {
	id := artifactID{w.Kind, w.Key}
	a, ok := s.artifacts[id]
	switch {
	case !ok || !s.living(a, w.Now):
		return bridge.Artifact{}, nil, bridge.ErrNotFound
	case a.Spent:
		return a, nil, bridge.ErrSpent
	}
	old := a
	a.Spent = true
	s.artifacts[id] = a
	return a, func() { s.artifacts[id] = old }, nil
}

func (s *Store) set(id artifactID, a bridge.Artifact) {
	s.drop(id)
	s.artifacts[id] = a
	index(s.groups, a.Group, id)
	index(s.ofSession, a.Session, id)
}

func (s *Store) drop(id artifactID) {
	a, ok := s.artifacts[id]
	if !ok {
		return
	}
	delete(s.artifacts, id)
	unindex(s.groups, a.Group, id)
	unindex(s.ofSession, a.Session, id)
}

func (s *Store) dropAll(ids map[artifactID]bool) {
	for id := range ids {
		s.drop(id)
	}
}

func index(m map[string]map[artifactID]bool, name string, id artifactID) {
	if name == "" {
		return
	}
	if m[name] == nil {
		m[name] = map[artifactID]bool{}
	}
	m[name][id] = true
}

func unindex(m map[string]map[artifactID]bool, name string, id artifactID) {
	delete(m[name], id)
	if len(m[name]) == 0 {
		delete(m, name)
	}
}

func copyArtifact(a bridge.Artifact) bridge.Artifact {
	a.Payload = slices.Clone(a.Payload)
	return a
}
