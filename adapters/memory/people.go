package memory

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// Person implements people.Store and bridge.Directory.
func (s *Store) Person(_ context.Context, uid string) (people.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.persons[uid]
	if !ok {
		return people.Person{}, people.ErrNotFound
	}
	return p.Clone(), nil
}

// SavePersons implements people.Store.
func (s *Store) SavePersons(_ context.Context, ps ...people.Person) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.savePersons(ps)
	return nil
}

func (s *Store) savePersons(ps []people.Person) (undo func()) {
	before := maps.Clone(s.persons)
	for _, p := range ps {
		s.persons[p.UID] = p.Clone()
	}
	return func() { s.persons = before }
}

// Persons implements people.Store.
func (s *Store) Persons(_ context.Context, after string, limit int) ([]people.Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []people.Person
	for _, uid := range slices.Sorted(maps.Keys(s.persons)) {
		if uid > after && len(out) < limit {
			out = append(out, s.persons[uid].Clone())
		}
	}
	return out, nil
}

// Authenticator implements people.AuthenticatorStore.
func (s *Store) Authenticator(_ context.Context, kind people.Kind, handle string) (people.Authenticator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.authenticators[s.handles[handleID{kind, handle}]]
	if !ok {
		return people.Authenticator{}, people.ErrNotFound
	}
	return copyAuthenticator(a), nil
}

// AuthenticatorsOf implements people.AuthenticatorStore.
func (s *Store) AuthenticatorsOf(_ context.Context, uid string) ([]people.Authenticator, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []people.Authenticator
	for _, id := range s.added {
		if a := s.authenticators[id]; a.UID == uid {
			out = append(out, copyAuthenticator(a))
		}
	}
	slices.SortStableFunc(out, func(a, b people.Authenticator) int { return a.Added.Compare(b.Added) })
	return out, nil
}

// AddAuthenticator implements people.AuthenticatorStore.
func (s *Store) AddAuthenticator(_ context.Context, a people.Authenticator) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.addAuthenticator(a)
	return err
}

func (s *Store) addAuthenticator(a people.Authenticator) (undo func(), err error) {
	handle := handleID{a.Kind, a.Handle}
	_, taken := s.handles[handle]
	if _, known := s.authenticators[a.ID]; taken || known {
		return nil, people.ErrConflict
	}
	s.authenticators[a.ID] = copyAuthenticator(a)
	s.handles[handle] = a.ID
	s.added = append(s.added, a.ID)
	return func() {
		delete(s.authenticators, a.ID)
		delete(s.handles, handle)
		s.added = s.added[:len(s.added)-1]
	}, nil
}

// UpdateAuthenticator implements people.AuthenticatorStore.
func (s *Store) UpdateAuthenticator(_ context.Context, a people.Authenticator, was []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.changeAuthenticator(a, was)
	return err
}

func (s *Store) changeAuthenticator(a people.Authenticator, was []byte) (undo func(), err error) {
	old, ok := s.authenticators[a.ID]
	switch {
	case !ok:
		return nil, people.ErrNotFound
	case !bytes.Equal(old.Record, was):
		return nil, people.ErrConflict
	}
	a.Record = slices.Clone(a.Record)
	s.authenticators[a.ID] = old.Updated(a)
	return func() { s.authenticators[a.ID] = old }, nil
}

func copyAuthenticator(a people.Authenticator) people.Authenticator {
	a.Record = slices.Clone(a.Record)
	return a
}
