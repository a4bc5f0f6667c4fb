package people

import (
	"context"
	"time"
)

// Kind of authenticator.
type Kind string

// The authenticators this version accepts.
const (
	Smartcard Kind = "smartcard"
	FIDO2     Kind = "fido2"
)

// Authenticator is a credential that the Registration Authority bound to a person.
type Authenticator struct {
	ID      string // chosen by the hub, unguessable
	UID     string // the person it belongs to
	Kind    Kind
	Handle  string // what identifies it in a proof: CardHandle or the WebAuthn credential id, base64url
	Label   string // printed to its owner, e.g. "Ward key 4"
	Added   time.Time
	Used    time.Time // last accepted proof; zero if never
	Revoked time.Time // zero while it may be used
	Expires time.Time // zero: none (cards: the certificate's notAfter)
	// Record is the adapter's own state: the WebAuthn credential with its counter, or nothing for a card.
	Record []byte
}

// UsableAt reports whether a proof by this authenticator may be accepted at t.
func (a Authenticator) UsableAt(t time.Time) bool {
	return a.Revoked.IsZero() && (a.Expires.IsZero() || t.Before(a.Expires))
}

// Updated is a as an update to b leaves it: Label, Used, Expires and Record are b's. Revoked is b's only if a was not
// revoked: a sign-in that began before the revocation must not undo it.
func (a Authenticator) Updated(b Authenticator) Authenticator {
	a.Label, a.Used, a.Expires, a.Record = b.Label, b.Used, b.Expires, b.Record
	if a.Revoked.IsZero() {
		a.Revoked = b.Revoked
	}
	return a
}

// Store keeps persons and authenticators durably. Every method returns ErrNotFound for what is not there.
type Store interface {
	Person(ctx context.Context, uid string) (Person, error)
	// SavePersons inserts or replaces all of them, or none.
	SavePersons(ctx context.Context, ps ...Person) error
	// Persons lists in order of uid, strictly after the given one, at most limit.
	Persons(ctx context.Context, after string, limit int) ([]Person, error)
}

// AuthenticatorStore keeps authenticators durably.
type AuthenticatorStore interface {
	// Authenticator finds by kind and handle; ErrNotFound if none.
	Authenticator(ctx context.Context, kind Kind, handle string) (Authenticator, error)
	// AuthenticatorsOf lists all of a person, oldest first, revoked ones included.
	AuthenticatorsOf(ctx context.Context, uid string) ([]Authenticator, error)
	// AddAuthenticator returns ErrConflict if kind and handle are registered to anybody already.
	AddAuthenticator(ctx context.Context, a Authenticator) error
	// UpdateAuthenticator replaces what Authenticator.Updated says of the one with the same ID, if its Record is still was: what the
	// caller decided by. Otherwise it changes nothing and returns ErrConflict: of two answers with one counter, one is too late.
	UpdateAuthenticator(ctx context.Context, a Authenticator, was []byte) error
}
