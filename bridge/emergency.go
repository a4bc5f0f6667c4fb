package bridge

import (
	"context"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Emergency is one opening of emergency access (break-glass): a person got in, for a short time, where policy would have kept them
// out. Somebody else reviews it afterwards.
type Emergency struct {
	ID       string // also the reference of its alert; says nothing of anybody
	Session  string
	UID      string
	Partner  string // that was being signed on to; empty: the hub's own pages
	Protocol trust.Protocol
	Role     string // role profile id the session acted in; empty: none
	Refused  string // audit code of the refusal that it overrides
	Reason   string // code of one of the configured reasons
	Note     string // the person's own words; kept here alone, never in the record or a log
	Ref      string
	Peer     string
	Opened   time.Time
	Until    time.Time
	Review   Review // zero: waits for one
	// Attempts at delivering its alert, and when it is tried again; zero: delivered, or nobody is to be told.
	Attempts int
	AlertDue time.Time
}

// Reviewed reports whether somebody judged it.
func (e Emergency) Reviewed() bool { return !e.Review.At.IsZero() }

// Review is what somebody other than the person found.
type Review struct {
	By      string // uid
	Outcome Outcome
	Note    string
	At      time.Time
}

// Outcome of a review.
type Outcome string

// The outcomes.
const (
	Justified    Outcome = "justified"
	NotJustified Outcome = "not_justified"
)

// EmergencyPolicy is what this hub permits. A hub without one has no emergency access.
type EmergencyPolicy struct {
	Life time.Duration // of one opening
	// KeepNotes is for how long after its review the words about an opening are kept; 0: for good.
	KeepNotes time.Duration
	Reasons   []EmergencyReason
	Who       func(Facts) bool // who may open it; nil: every active person
	Alert     Alerter          // nil: nobody is told but the record and the log
}

// EmergencyReason is one reason that a person can choose.
type EmergencyReason struct{ Code, Text string }

// Alerter tells somebody that emergency access was opened. It is told no identity of anybody.
type Alerter interface {
	// Alert is tried again after an error.
	Alert(ctx context.Context, id string, opened time.Time) error
}

// EmergencyQuery selects openings.
type EmergencyQuery struct {
	Waiting bool           // those alone that wait for a review
	Past    EmergencyPlace // only those that come after this place in the order of Emergencies; zero: all
	Limit   int
}

// EmergencyPlace is the place of an opening among others: when it was opened, then its id.
type EmergencyPlace struct {
	Opened time.Time
	ID     string
}

// Place is where an opening stands among others.
func (e Emergency) Place() EmergencyPlace { return EmergencyPlace{e.Opened, e.ID} }

// Before reports whether a place comes before another in the order of Emergencies.
func (p EmergencyPlace) Before(o EmergencyPlace) bool {
	return p.Opened.After(o.Opened) || p.Opened.Equal(o.Opened) && p.ID < o.ID
}

// Emergencies keeps the openings durably, reviewed ones too.
type Emergencies interface {
	// Emergency returns ErrNotFound for one that never was.
	Emergency(ctx context.Context, id string) (Emergency, error)
	// Emergencies lists those that the query selects, newest first and of one moment by id, at most its limit.
	Emergencies(ctx context.Context, q EmergencyQuery) ([]Emergency, error)
	// DueAlerts lists those whose AlertDue has come, oldest first, and moves it to until so that no other node takes them.
	DueAlerts(ctx context.Context, now, until time.Time, limit int) ([]Emergency, error)
}

// Registrations says what is registered to a person.
type Registrations interface {
	AuthenticatorsOf(ctx context.Context, uid string) ([]people.Authenticator, error)
}

// CodeEmergencyOnly is the code of a refusal (RevocationUnknown) that comes together with a Proof of StandingUnknown: everything but
// the revocation of the credential was proven, and policy lets that do for emergency access and nothing else.
const CodeEmergencyOnly = "card_emergency_only"

// ForEmergency reports whether a proof that was refused will do for emergency access.
func (p Proof) ForEmergency(err error) bool {
	return err != nil && AsRefusal(err).Reason == RevocationUnknown && AsRefusal(err).Code == CodeEmergencyOnly && p.UID != "" && p.Standing == StandingUnknown
}

// InEmergency reports whether emergency access is open for the session.
func (s Session) InEmergency(now time.Time) bool { return now.Before(s.Emergency) }

// EmergencyOnly reports whether the session rests on emergency access alone: its proof would not have done for anything else. When
// that is over, nothing is told before a proof that does.
func (s Session) EmergencyOnly() bool {
	return !s.Emergency.IsZero() && s.Standing == StandingEmergency
}

// lapsed reports whether the session rested on emergency access that is over.
func (s Session) lapsed(now time.Time) bool { return s.EmergencyOnly() && !s.InEmergency(now) }

// emergencyAfter is what a proof for everything leaves of emergency access: what was opened beside a good proof goes on.
func (s Session) emergencyAfter(now time.Time) time.Time {
	if s.EmergencyOnly() || !s.InEmergency(now) {
		return time.Time{}
	}
	return s.Emergency
}
