package ledger

import (
	"context"
	"encoding/json"
	"time"
)

// Kind names one kind of event of the catalogue.
type Kind string

// The catalogue. docs/audit-events.md prints it for privacy officers.
const (
	SignedIn             Kind = "signed_in"             // a proof was accepted and a session began or was strengthened
	SignInRefused        Kind = "sign_in_refused"       // a proof was not accepted
	RoleChosen           Kind = "role_chosen"           // the session now acts in this role
	Issued               Kind = "issued"                // a partner was told about the subject
	Refused              Kind = "refused"               // a request of a partner was not answered with an issuance
	AttributesRead       Kind = "attributes_read"       // a partner asked again for the attributes of somebody who is signed in to it
	TokenIssued          Kind = "token_issued"          // an OIDC code was exchanged for tokens
	TokenRefreshed       Kind = "token_refreshed"       // an OIDC refresh token was rotated
	ClientTokenIssued    Kind = "client_token_issued"   // an OIDC client got a token in its own name
	ContextGiven         Kind = "context_given"         // an app put the context of its work at hand for apps that it launches
	TokenExchanged       Kind = "token_exchanged"       // a token was exchanged for one for another partner
	TokenRefused         Kind = "token_refused"         // a token, userinfo or introspection request was refused
	AuthorizationAsked   Kind = "authorization_asked"   // a client asked that a person it names approves elsewhere (CIBA)
	AuthorizationGranted Kind = "authorization_granted" // a person approved for an app that waits elsewhere
	AuthorizationRefused Kind = "authorization_refused" // a person refused an app that waits elsewhere
	TicketRead           Kind = "ticket_read"           // a legacy system fetched a role assertion
	TicketDestroyed      Kind = "ticket_destroyed"      // a legacy system ended its ticket; the session lives on
	TicketRefused        Kind = "ticket_refused"        // a role assertion was refused
	SessionEnded         Kind = "session_ended"         // sign-out, expiry, switch of user
	SessionSuspended     Kind = "session_suspended"     // nothing is issued until the same subject proves anew
	SessionResumed       Kind = "session_resumed"       // a suspended session is in use again, by a new proof of its subject
	UserSwitched         Kind = "user_switched"         // one subject's session gave way to another's on the same browser
	PartnerTold          Kind = "partner_told"          // result of telling a participant of a logout
	PartnerChanged       Kind = "partner_changed"       // terms or metadata of a partner were applied
	ClientRegistered     Kind = "client_registered"     // a client registered itself, changed what it had said, or took itself out
	RegistrationRefused  Kind = "registration_refused"  // a registration, or a change of one, was refused
	InvitationChanged    Kind = "invitation_changed"    // an invitation to register was made or revoked
	PeopleImported       Kind = "people_imported"       // persons and role profiles were imported
	PersonChanged        Kind = "person_changed"        // a person was suspended or reinstated
	AuthenticatorRevoked Kind = "authenticator_revoked" // a card or key may not be used any more
	AuthenticatorCleared Kind = "authenticator_cleared" // a key of which there may have been a copy may be used again
	EnrolmentIssued      Kind = "enrolment_issued"      // a one-time enrolment link was made
	WorkstationChanged   Kind = "workstation_changed"   // a workstation was registered, changed or revoked
	WorkstationEnrolled  Kind = "workstation_enrolled"  // the agent of a workstation exchanged its secret for a key of its own
	WorkstationRefused   Kind = "workstation_refused"   // what came in the name of a workstation's agent was not believed
	AgentSilent          Kind = "agent_silent"          // the agent of a workstation is heard no more, and card sessions there were ended or suspended
	CardRemoved          Kind = "card_removed"          // a workstation told that a card left its reader, and sessions depended on it
	Enrolled             Kind = "enrolled"              // an authenticator was bound to a person
	EmergencyOpened      Kind = "emergency_opened"      // a person opened emergency access
	EmergencyReviewed    Kind = "emergency_reviewed"    // somebody else judged that
	Alarm                Kind = "alarm"                 // something that must not happen did, e.g. two verifiers disagree
)

// Event is one line of the record. Only Seq is set by the store.
type Event struct {
	Seq      int64             `json:"seq"`
	Time     time.Time         `json:"time"`
	Kind     Kind              `json:"kind"`
	Reason   string            `json:"reason,omitempty"`   // stable code of a refusal
	Ref      string            `json:"ref,omitempty"`      // reference a user can read out
	Tracking string            `json:"tracking,omitempty"` // one id per session across all protocols
	Subject  string            `json:"subject,omitempty"`  // uid
	Role     string            `json:"role,omitempty"`     // role profile id
	Org      string            `json:"org,omitempty"`      // ODS code of the role at the time
	Partner  string            `json:"partner,omitempty"`
	Method   string            `json:"method,omitempty"`
	Peer     string            `json:"peer,omitempty"` // address of the device or system
	Detail   map[string]string `json:"detail,omitempty"`
}

// Canonical is the byte form that is stored, and later hashed: JSON with the field order of Event.
func (e Event) Canonical() ([]byte, error) {
	e.Time = e.Time.UTC().Round(0)
	return json.Marshal(e)
}

// Query selects events; zero fields do not restrict.
type Query struct {
	After   int64 // strictly greater sequence numbers
	Subject string
	Partner string
	Ref     string
	Kind    Kind
	Limit   int // at most; 0 means 100
}

// Reader reads the record in order of sequence.
type Reader interface {
	Events(ctx context.Context, q Query) ([]Event, error)
}
