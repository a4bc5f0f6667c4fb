package bridge

import (
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
)

// Assurance is the ordered level of an authentication: 1 to 3 (AAL1 to AAL3).
type Assurance int

// Method of authentication, the CIS2 suffix in acr and amr.
type Method string

// The methods this version accepts.
const (
	MethodSmartcard Method = "CIS2_SMARTCARD"
	MethodFIDO2     Method = "FIDO2"
)

// Methods are all of them.
func Methods() []Method { return []Method{MethodSmartcard, MethodFIDO2} }

// Proof is one accepted proof of possession. Only adapters make one, after every check has passed.
type Proof struct {
	UID             string
	Method          Method
	Assurance       Assurance
	AuthenticatorID string
	At              time.Time
	Standing        Standing          // of a credential that its issuer can revoke; empty: there is no such issuer
	Evidence        map[string]string // what was relied upon, for the audit record; no personal data
	Alarm           string            // why somebody must look at it though it was accepted, as a stable code; empty: nobody need
}

// Standing is how sure it was that a credential was not revoked when it was shown.
type Standing string

// The standings, best first.
const (
	StandingFresh   Standing = "fresh"   // by evidence within its dates
	StandingStale   Standing = "stale"   // by evidence past its dates, which the policy still permits
	StandingUnknown Standing = "unknown" // there was no evidence that the policy permits
	StandingOff     Standing = "off"     // nobody is meant to look

	// StandingEmergency is unknown where policy leaves that to emergency access alone. Only sessions stand so, and partners are told unknown.
	StandingEmergency Standing = "emergency"
)

// Told is the standing as partners are told it.
func (s Standing) Told() Standing {
	if s == StandingEmergency {
		return StandingUnknown
	}
	return s
}

// Session is one subject in one browser, protocol-free.
type Session struct {
	ID        string // one id across all protocols and the audit record; not a secret
	Key       string // hash of the secret the browser holds; changes with every proof and role choice
	UID       string
	Method    Method
	Assurance Assurance
	// Authenticator is the id of what the last accepted proof was made with; empty: not known.
	Authenticator string
	AuthnAt       time.Time // of the last accepted proof
	Started       time.Time
	Seen          time.Time // last activity, persisted at most once a minute
	RoleID        string    // role profile the session acts in; empty: none chosen
	Ended         time.Time // zero while it lives
	// Workstation is the id of the computer whose agent vouched for it when the last proof was made; empty: not known.
	Workstation string
	Suspended   time.Time // since when nothing is issued until its subject proves anew (see Hub.Suspend); zero: it is in use
	Standing    Standing  // of the credential of the last proof
	Emergency   time.Time // until when it is emergency access (break-glass); zero: it is not
}

// Participant is a partner that was told about a session, and by what name of the subject. One that was told several names in a session, because
// it asked for another format or its terms changed, counts once for each: it may know the session by any of them.
type Participant struct {
	Session  string
	Partner  string
	Protocol trust.Protocol
	Index    string // SAML SessionIndex, OIDC sid
	Subject  string // subject identifier as told
	Format   string // of the subject identifier, in the partner's protocol
	Since    time.Time
}

// ParticipantKey identifies a participant.
func (p Participant) ParticipantKey() string {
	return p.Session + "\x00" + string(p.Protocol) + "\x00" + p.Partner + "\x00" + p.Format + "\x00" + p.Subject
}

// samePartner reports whether two participants are one partner in one session.
func (p Participant) samePartner(o Participant) bool {
	return p.Session == o.Session && p.Protocol == o.Protocol && p.Partner == o.Partner
}

// LastTold lists the partners among the participants of one session, each with the newest of its names. They must be oldest first.
func LastTold(all []Participant) []Participant {
	var out []Participant
	for _, p := range all {
		out = append(slices.DeleteFunc(out, p.samePartner), p)
	}
	return out
}

// DeliveryState is what became of telling a participant.
type DeliveryState string

// The states of a delivery, as the sign-out page prints them.
const (
	DeliveryPending DeliveryState = "pending"   // not told yet, will be tried again
	DeliveryEnded   DeliveryState = "ended"     // the partner confirmed
	DeliveryNoReply DeliveryState = "no_answer" // told, gave no usable answer; tried again
	DeliveryRefused DeliveryState = "refused"   // told, answered that it did not end its session; tried again
	DeliveryFront   DeliveryState = "browser"   // only the browser can tell it: a link or frame is needed
	DeliveryTold    DeliveryState = "told"      // the browser was sent to tell it; by its terms it does not answer
	DeliveryNone    DeliveryState = "cannot"    // cannot be ended from here: close the browser
	DeliveryDropped DeliveryState = "dropped"   // not told any more: the session was resumed, or has ended since and is told anew
)

// left orders the states by what there is left to do: most where the browser is wanted, least where nothing is.
func (s DeliveryState) left() int {
	return slices.Index([]DeliveryState{
		DeliveryEnded, DeliveryTold, DeliveryDropped, DeliveryNone, DeliveryRefused, DeliveryNoReply, DeliveryPending, DeliveryFront,
	}, s)
}

// Delivery is the result of telling one participant of a logout. It is durable.
type Delivery struct {
	ID          string
	Logout      string // groups the deliveries of one sign-out
	Participant Participant
	Reason      EndReason // why the session ended
	State       DeliveryState
	FrontURL    string // what the browser must visit, until it has
	Disowned    bool   // answered in the browser that its session there is another, or none: see LogoutReport.Weighed
	Attempts    int
	Next        time.Time // when it is tried again; zero: never
	Updated     time.Time
}

// InBrowser reports whether the browser can still tell the participant.
func (d Delivery) InBrowser() bool { return d.FrontURL != "" && !d.Settled() }

// Settled reports whether nothing more will happen by itself.
func (d Delivery) Settled() bool {
	return d.State == DeliveryEnded || d.State == DeliveryNone || d.State == DeliveryTold || d.State == DeliveryDropped
}
