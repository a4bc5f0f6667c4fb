package bridge

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Sentinels that storage ports return, whatever implements them.
var (
	ErrNotFound    = errors.New("bridge: not found")
	ErrExists      = errors.New("bridge: exists already")
	ErrSpent       = errors.New("bridge: consumed already")
	ErrUnavailable = errors.New("bridge: store does not answer")
)

// Artifacts keeps every short-lived record: transactions, codes, tickets, replay marks, challenges.
type Artifacts interface {
	// Put stores one artifact. With the same kind and key as a living one it replaces it only if replace is set, else ErrExists.
	// A spent one stays spent until it expires: replacing it by one that is not is ErrSpent.
	Put(ctx context.Context, a Artifact, replace bool) error
	// Get returns a living artifact, spent or not; ErrNotFound when absent or expired at now.
	Get(ctx context.Context, kind ArtifactKind, key string, now time.Time) (Artifact, error)
	// Consume marks a living artifact spent, exactly once across all nodes. The second caller gets the
	// artifact together with ErrSpent; an absent or expired one is ErrNotFound.
	Consume(ctx context.Context, kind ArtifactKind, key string, now time.Time) (Artifact, error)
	// DropGroup removes every artifact of the group.
	DropGroup(ctx context.Context, group string) error
}

// Journal writes what belongs together in one durable step: all of it or nothing.
type Journal interface {
	// Commit returns ErrExists, ErrSpent or ErrNotFound when a conditional write does not hold; then nothing was written.
	Commit(ctx context.Context, writes ...Write) error
}

// Sessions keeps sessions durably.
type Sessions interface {
	// Session returns a session, ended or not; ErrNotFound if there never was one or it was purged.
	Session(ctx context.Context, id string) (Session, error)
	// SessionByKey finds the session whose browser secret hashes to key; ErrNotFound if none.
	SessionByKey(ctx context.Context, key string) (Session, error)
	// EndSession marks the session ended, drops its artifacts, stores the ending's deliveries, one a participant and name,
	// and appends the events, all in one durable step. Ending it again returns ErrSpent and changes nothing.
	EndSession(ctx context.Context, id string, e Ending, events ...ledger.Event) ([]Delivery, error)
	// Overdue lists the ids of sessions that have not ended, at most limit: first those that started at started or earlier, oldest
	// first, then those that have been suspended since suspended or earlier, longest first. One that is both may be listed twice.
	Overdue(ctx context.Context, started, suspended time.Time, limit int) ([]string, error)
}

// Roster lists the sessions that have not ended, whether or not they are idle or past their limit.
type Roster interface {
	// Living returns those that the query selects, newest first and of one moment by id, at most its limit.
	Living(ctx context.Context, q SessionQuery) ([]Session, error)
}

// SessionQuery selects sessions; an empty field selects all.
type SessionQuery struct {
	UID      string
	Protocol trust.Protocol // of the partner
	Partner  string         // that was told about the session
	At       string         // id of the workstation it is at; not together with a partner
	Past     SessionPlace   // only those that come after this place in the order of Living; zero: all
	Limit    int
}

// SessionPlace is the place of a session among others: the time that it started, then its id.
type SessionPlace struct {
	Started time.Time
	ID      string
}

// Place is where the session stands among others.
func (s Session) Place() SessionPlace { return SessionPlace{s.Started, s.ID} }

// Before reports whether a place comes before another in the order of Roster.Living.
func (p SessionPlace) Before(o SessionPlace) bool {
	return p.Started.After(o.Started) || p.Started.Equal(o.Started) && p.ID < o.ID
}

// Participants keeps which partners were told about which session.
type Participants interface {
	// Participants of a session, oldest first.
	Participants(ctx context.Context, session string) ([]Participant, error)
	// FindParticipant finds by partner and index the name that was told first, ErrNotFound if none.
	FindParticipant(ctx context.Context, protocol trust.Protocol, partner, index string) (Participant, error)
	// ParticipantsOf finds those of living sessions that were told the subject identifier; none is no error.
	ParticipantsOf(ctx context.Context, protocol trust.Protocol, partner, subject string) ([]Participant, error)
}

// Deliveries keeps the results of logouts, and what is still to be told, durably.
type Deliveries interface {
	Deliveries(ctx context.Context, logout string) ([]Delivery, error)
	// Due lists deliveries whose Next has come, oldest first, and moves their Next to until so that no other node takes them.
	Due(ctx context.Context, now, until time.Time, limit int) ([]Delivery, error)
}

// Directory knows the persons. Roles are asked at every issuance.
type Directory interface {
	// Person returns people.ErrNotFound for nobody.
	Person(ctx context.Context, uid string) (people.Person, error)
}

// Partners is the trust registry as the core sees it.
type Partners interface {
	// Partner returns trust.ErrUnknownPartner for nobody.
	Partner(protocol trust.Protocol, id string) (trust.Partner, error)
}

// Workstations knows the computers whose agents the hub believes.
type Workstations interface {
	// Workstation returns trust.ErrUnknownWorkstation for one that was never registered.
	Workstation(ctx context.Context, id string) (trust.Workstation, error)
}

// Translator decides what a partner is told. It is pure: same input, same output.
type Translator interface {
	// Translate returns a Refusal when the terms do not allow anything to be said.
	Translate(in Facts) (Issuance, error)
}

// Facts is all that a translation may depend on.
type Facts struct {
	Session  Session
	Place    Place // where the session is; zero where the partner's terms do not speak of it
	Person   people.Person
	Role     people.RoleProfile // zero: none chosen
	Partner  trust.Partner
	Contexts []AuthnContext
	Wants    []string     // names of the attributes to evaluate; nil: all
	RBAC     *people.RBAC // by which effective activities are worked out; nil: none is in force
	Now      time.Time
}

// Propagator tells a participant that its session ended. One per protocol.
type Propagator interface {
	// Propagate returns a delivery state and, for DeliveryFront, the URL the browser must visit; with DeliveryNoReply one that it may visit
	// as well. It never blocks past ctx. It may be asked again for the same delivery, and then makes the URL anew.
	Propagate(ctx context.Context, d Delivery, partner trust.Partner) (DeliveryState, string)
}

// Cards accepts Smartcard certificates that are presented with a proof of possession: a TLS handshake, or a signature.
type Cards interface {
	// Accept returns a Refusal with a Credential reason for anything but a good, registered card.
	Accept(ctx context.Context, presented []*x509.Certificate, now time.Time) (Proof, error)
	// AcceptSigned is Accept for a card that proved possession by its signature over message instead.
	AcceptSigned(ctx context.Context, certificate *x509.Certificate, message, signature []byte, now time.Time) (Proof, error)
	// AcceptCMS is Accept for a card whose middleware signed content as a CMS message (RFC 5652, SignedData), with content in it or detached.
	AcceptCMS(ctx context.Context, signed, content []byte, now time.Time) (Proof, error)
	// Inspect checks the card as Accept does but does not ask whose it is: for enrolment.
	Inspect(ctx context.Context, presented []*x509.Certificate, now time.Time) (people.Authenticator, error)
}

// Keys runs WebAuthn ceremonies. State is kept by the caller, server-side, and given back once.
type Keys interface {
	// BeginSignIn is for whoever holds a key; or for the person who said to be uid, whose keys need that, if it is not empty. It tells
	// nobody whether there is such a person.
	BeginSignIn(ctx context.Context, uid string) (options, state []byte, err error)
	FinishSignIn(ctx context.Context, state, response []byte, now time.Time) (Proof, error)
	BeginEnrolment(ctx context.Context, p people.Person) (options, state []byte, err error)
	FinishEnrolment(ctx context.Context, p people.Person, state, response []byte, now time.Time) (NewKey, error)
}

// NewKey is a key that may be enrolled, and what is told of it.
type NewKey struct {
	Authenticator people.Authenticator
	Model         string            // as people call it; empty: the key did not say, or nobody knows it
	Assurance     Assurance         // of a sign-in with it today
	NeedsNumber   bool              // its owner must say who they are before it can be used
	Evidence      map[string]string // what that relied upon, for the audit record; no personal data
}

// Recorder keeps what happened in a transaction so that its reference explains it. It never blocks.
type Recorder interface {
	Trace(ref, step string, fields ...string)
}

// Write is one part of a Commit.
type Write interface{ write() }

// The writes a Commit may hold.
type (
	// PutArtifact inserts; the whole Commit fails with ErrExists if a living one has the same kind and key, unless Replace.
	// With Replace it fails with ErrSpent if that one is spent and the new one is not.
	PutArtifact struct {
		Artifact Artifact
		Replace  bool
	}
	// ConsumeArtifact marks spent; the whole Commit fails with ErrSpent or ErrNotFound if it cannot.
	ConsumeArtifact struct {
		Kind ArtifactKind
		Key  string
		Now  time.Time
	}
	// SaveSession inserts or replaces a session that has not ended; the Commit fails with ErrSpent if the stored one
	// has, or if From is given and is not the stored one's Key: somebody else changed it meanwhile. It fails so too if the
	// stored one is suspended and this one is not, unless Resume: only a new proof brings a session back into use.
	SaveSession struct {
		Session Session
		From    string
		Resume  bool
	}
	// TouchSession moves Seen forward, never back; no session of this id is no error.
	TouchSession struct {
		ID   string
		Seen time.Time
	}
	// AddParticipant inserts, and leaves alone the one of the same session, protocol, partner and name: it stays as old as it is. It fails
	// with ErrSpent if the session has ended or is suspended, ErrNotFound if there is none.
	AddParticipant struct{ Participant Participant }
	// DropParticipant removes one that confirmed that it ended its session, while its session here is suspended and has
	// been since Suspended; else it changes nothing, and that is no error.
	DropParticipant struct {
		Participant Participant
		Suspended   time.Time
	}
	// SavePersons inserts or replaces all of them.
	SavePersons struct{ Persons []people.Person }
	// AddAuthenticator fails with people.ErrConflict if kind and handle are registered to anybody already.
	AddAuthenticator struct{ Authenticator people.Authenticator }
	// ChangeAuthenticator does as people.AuthenticatorStore.UpdateAuthenticator does, and fails as that.
	ChangeAuthenticator struct {
		Authenticator people.Authenticator
		Was           []byte
	}
	// AddEmergency inserts; the Commit fails with ErrExists if there is one of this id.
	AddEmergency struct{ Emergency Emergency }
	// ReviewEmergency stores a review; the Commit fails with ErrSpent unless there is such a one that was not reviewed. What it says of
	// the alert is not stored.
	ReviewEmergency struct{ Emergency Emergency }
	// ForgetNotes stores an opening that was reviewed without the words of person and reviewer, which it must not have; what it says of the
	// alert is not stored. None of this id, or one that was not reviewed, is no error, and nothing changes.
	ForgetNotes struct{ Emergency Emergency }
	// SettleAlert stores how often an alert was tried, and when it is tried again; none of this id is no error.
	SettleAlert struct {
		ID       string
		Attempts int
		Due      time.Time
	}
	// SaveDelivery inserts or replaces a delivery by id.
	SaveDelivery struct{ Delivery Delivery }
	// Append adds an audit event; the store gives it its sequence number.
	Append struct{ Event ledger.Event }
)

func (PutArtifact) write()         {}
func (ConsumeArtifact) write()     {}
func (SaveSession) write()         {}
func (TouchSession) write()        {}
func (AddParticipant) write()      {}
func (DropParticipant) write()     {}
func (SavePersons) write()         {}
func (AddAuthenticator) write()    {}
func (ChangeAuthenticator) write() {}
func (AddEmergency) write()        {}
func (ReviewEmergency) write()     {}
func (ForgetNotes) write()         {}
func (SettleAlert) write()         {}
func (SaveDelivery) write()        {}
func (Append) write()              {}
