package trust

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Sentinels of this room.
var (
	ErrUnknownPartner = errors.New("trust: no such partner")
	ErrConflict       = errors.New("trust: the partner was changed by someone else")
	ErrInvalid        = errors.New("trust: document is not valid")
)

// Protocol a partner speaks.
type Protocol string

// The three protocols the hub bridges.
const (
	SAML2  Protocol = "saml2"
	OIDC   Protocol = "oidc"
	Ticket Protocol = "ticket"
)

// Stage of a partner's life. Only test and live partners are answered.
type Stage string

// The stages.
const (
	Draft       Stage = "draft"
	Test        Stage = "test"
	Live        Stage = "live"
	SuspendedAt Stage = "suspended"
)

// Partner is an approved relying system and its terms, compiled. It is passed by value; its slices
// and pointers are never written to after Compile.
type Partner struct {
	ID       string // entityID, client_id or ticket system name
	Name     string // printed to clinicians
	Protocol Protocol
	Stage    Stage
	URL      string // where a clinician starts; may be empty
	Terms    Terms
	SAML     *SAMLTerms
	OIDC     *OIDCTerms
	Ticket   *TicketTerms
	Revision int64
}

// Answerable reports whether requests of this partner may be answered at all.
func (p Partner) Answerable() bool { return p.Stage == Live || p.Stage == Test }

// Expired reports whether the partner's metadata is good no longer (SAML Metadata 2.3.2): nothing is issued for it, clocks' differences
// aside, until newer metadata is applied.
func (p Partner) Expired(now time.Time) bool {
	return p.SAML != nil && !p.SAML.Entity.ValidUntil.IsZero() && !now.Before(p.SAML.Entity.ValidUntil)
}

// Terms are what an administrator approved, for any protocol.
type Terms struct {
	Assurance  int     // least assurance, 1 to 3
	Identity   int     // least identity level, 0 to 3
	RoleNeeded bool    // a role must be chosen before anything is issued
	When       *Clause // nil: no condition
	Subject    SubjectKind
	Release    []Rule
	Idle       time.Duration // shortest of this and the hub's own; 0: the hub's
	// OnCardRemoval is what this partner wants of a session whose card left its reader; empty: nothing of its own.
	OnCardRemoval Removal
	Emergency     *EmergencyTerms // nil: emergency access does not reach this partner
}

// SubjectKind says how a partner knows the subject.
type SubjectKind string

// The kinds of subject identifier.
const (
	SubjectUID       SubjectKind = "uid"
	SubjectPairwise  SubjectKind = "pairwise"
	SubjectTransient SubjectKind = "transient"
	SubjectEmail     SubjectKind = "email"
)

// SubjectNone in SAML terms is no kind of identifier but the lack of one: an assertion names nobody, and attributes say as much as they
// are released for.
const SubjectNone = "none"

// SAMLTerms are the SAML part of a partner.
type SAMLTerms struct {
	Entity         metadata.Entity
	Sign           string      // assertion, response or both
	Encrypt        string      // when-key-present, always or never
	Algorithm      string      // of signatures, as the terms or the configuration name it; empty: RS256
	Listed         []Signature // what the metadata lists, if the terms name no algorithm; comes before Algorithm
	Digest         string      // URI of the reference digest; empty: that of the signature
	Key            string      // id of the hub's key for this partner; empty: the active one
	EncryptNameID  bool        // EncryptedID instead of NameID in what we send
	EncryptWith    string      // algorithm for content, e.g. aes256-gcm, that the keys in Entity list alone; empty: what the metadata lists
	RequestsSigned bool        // refuse unsigned requests whatever the metadata says: by its terms or the configuration
	AsyncLogout    bool        // LogoutRequests through the browser ask for no answer
	AllowCBC       bool        // AES-CBC for a partner that lists nothing better; its keys in Entity say the same
	LaunchTargets  []string    // RelayState values that the hub may begin a sign-on with; none: it never does

	AllowInclusiveC14N bool           // its signatures may use Canonical XML 1.0 and 1.1
	AllowSignedInside  bool           // what it sends by Redirect may carry an XML signature in place of one in the query
	Contexts           []ContextClass // every class known for this partner; nil: DefaultContexts
	DefaultContext     string         // class stated when nothing was asked, if it is true; empty: the strongest
	RequestedOnly      bool           // nothing is released but what its metadata asks for
	AllowPlainEntityID bool           // its name need not be an absolute URI
}

// TicketTerms are the legacy part of a partner.
type TicketTerms struct {
	ReturnURLs      []string
	Deliver         string // post or query
	Networks        []netip.Prefix
	CertificateHash []byte // SHA-256 of the client certificate the system must present; nil: not asked
	Life            time.Duration
	Rechecks        bool // the system asks for the role assertion again while in use: a destroyed ticket ends it there
	Sign            bool // role assertions are signed
}

// Record is a partner as stored: its canonical document and the metadata it came with.
type Record struct {
	ID       string
	Protocol Protocol
	Document []byte // canonical YAML
	Metadata []byte // SAML metadata as received; nil otherwise
	Revision int64  // set by the store, grows with every change in the registry
	Updated  time.Time
}

// PartnerStore keeps partners durably.
type PartnerStore interface {
	// Partners returns all records and the registry's revision.
	Partners(ctx context.Context) ([]Record, int64, error)
	// SavePartner inserts or replaces. expected is the revision the change was made from (0: a new
	// partner); ErrConflict if the stored one differs.
	// The events are appended in the same commit.
	SavePartner(ctx context.Context, r Record, expected int64, events ...ledger.Event) (int64, error)
	// RemovePartner deletes a partner; ErrConflict if the stored revision differs. The events are appended in the same commit.
	RemovePartner(ctx context.Context, protocol Protocol, id string, expected int64, events ...ledger.Event) error
	// Revision of the registry; a change anywhere makes it grow.
	Revision(ctx context.Context) (int64, error)
}
