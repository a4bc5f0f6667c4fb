package sqlstore

import (
	"bytes"
	"context"

	"github.com/lanyard-hub/lanyard/trust/people"
)

// Person implements people.Store and bridge.Directory.
func (s *Store) Person(ctx context.Context, uid string) (people.Person, error) {
	var p people.Person
	err := people.ErrNotFound
	readErr := s.read(ctx, personByUID, func(r row) error {
		var doc []byte
		if err := r.Scan(&doc); err != nil {
			return err
		}
		p, err = s.persons.decode(uid, doc)
		return err
	}, uid)
	if readErr != nil {
		err = readErr
	}
	return p, err
}

// SavePersons implements people.Store.
func (s *Store) SavePersons(ctx context.Context, ps ...people.Person) error {
	r := newRequest(ctx)
	if err := r.savePersons(ps); err != nil {
		return err
	}
	return s.writer.submit(r)
}

func (r *request) savePersons(ps []people.Person) error {
	for _, p := range ps {
		doc, err := encode(p)
		if err != nil {
			return err
		}
		r.writes = append(r.writes, &op{stmt: savePerson, args: []any{p.UID, doc}})
	}
	return nil
}

// Persons implements people.Store.
func (s *Store) Persons(ctx context.Context, after string, limit int) ([]people.Person, error) {
	return readDocs[people.Person](ctx, s, personsAfter, after, int64(limit))
}

// Authenticator implements people.AuthenticatorStore.
func (s *Store) Authenticator(ctx context.Context, kind people.Kind, handle string) (people.Authenticator, error) {
	as, err := readDocs[people.Authenticator](ctx, s, authenticatorByHandle, string(kind), handle)
	return only(as, err)
}

// AuthenticatorsOf implements people.AuthenticatorStore.
func (s *Store) AuthenticatorsOf(ctx context.Context, uid string) ([]people.Authenticator, error) {
	return readDocs[people.Authenticator](ctx, s, authenticatorsOf, uid)
}

// AddAuthenticator implements people.AuthenticatorStore.
func (s *Store) AddAuthenticator(ctx context.Context, a people.Authenticator) error {
	r := newRequest(ctx)
	if err := r.addAuthenticator(a); err != nil {
		return err
	}
	return s.writer.submit(r)
}

func (r *request) addAuthenticator(a people.Authenticator) error {
	doc, err := encode(a)
	if err != nil {
		return err
	}
	r.exclusive = append(r.exclusive, "authenticator "+a.ID, "handle "+string(a.Kind)+" "+a.Handle)
	add := &op{stmt: addAuthenticator, args: []any{a.ID, a.UID, string(a.Kind), a.Handle, nano(a.Added), doc}}
	r.require(add, people.ErrConflict)
	return nil
}

// UpdateAuthenticator implements people.AuthenticatorStore.
func (s *Store) UpdateAuthenticator(ctx context.Context, a people.Authenticator, was []byte) error {
	r := newRequest(ctx)
	r.updateAuthenticator(a, was)
	return s.writer.submit(r)
}

func (r *request) updateAuthenticator(a people.Authenticator, was []byte) {
	r.exclusive = append(r.exclusive, "authenticator "+a.ID)
	var stored []people.Authenticator
	r.first = append(r.first, &op{stmt: authenticatorByID, args: []any{a.ID}, scan: scanDoc(&stored)})
	r.onReset(func() { stored = nil })
	r.onDecide(func() ([]*op, error) {
		switch {
		case len(stored) == 0:
			return nil, people.ErrNotFound
		case !bytes.Equal(stored[0].Record, was):
			return nil, people.ErrConflict
		}
		doc, err := encode(stored[0].Updated(a))
		return []*op{{stmt: updateAuthenticator, args: []any{a.ID, doc}}}, err
	})
}

func readDocs[T any](ctx context.Context, s *Store, stmt statement, args ...any) ([]T, error) {
	var out []T
	err := s.read(ctx, stmt, scanDoc(&out), args...)
	return out, err
}

func scanDoc[T any](out *[]T) func(row) error {
	return func(r row) error {
		var doc []byte
		if err := r.Scan(&doc); err != nil {
			return err
		}
		var v T
		if err := decode(doc, &v); err != nil {
			return err
		}
		*out = append(*out, v)
		return nil
	}
}

func only[T any](found []T, err error) (T, error) {
	var zero T
	switch {
	case err != nil:
		return zero, err
	case len(found) == 0:
		return zero, people.ErrNotFound
	}
	return found[0], nil
}
