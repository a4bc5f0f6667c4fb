package memory

import (
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/trace"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// keep is how long ended sessions and finished deliveries are kept, as in adapters/sqlstore.
const keep = 7 * 24 * time.Hour

type artifactID struct {
	kind bridge.ArtifactKind
	key  string
}

type partnerID struct {
	protocol trust.Protocol
	id       string
}

type handleID struct {
	kind   people.Kind
	handle string
}

// Store holds everything behind one mutex. Values are copied in and out.
type Store struct {
	clock func() time.Time

	mu             sync.Mutex
	artifacts      map[artifactID]bridge.Artifact
	groups         map[string]map[artifactID]bool
	ofSession      map[string]map[artifactID]bool
	sessions       map[string]bridge.Session
	keys           map[string]string // session key to session id
	participants   map[string][]bridge.Participant
	deliveries     map[string]bridge.Delivery
	persons        map[string]people.Person
	authenticators map[string]people.Authenticator
	handles        map[handleID]string
	added          []string // authenticator ids, oldest first
	partners       map[partnerID]trust.Record
	invitations    map[string]trust.Invitation
	workstations   map[string]trust.Workstation
	emergencies    map[string]bridge.Emergency
	revision       int64
	changed        chan struct{} // closed and replaced at every change of the registry
	events         []ledger.Event
	traces         map[string][]trace.Entry
}

// New returns an empty store that tells living artifacts from expired ones by the machine's clock.
// Tests with a clock of their own use NewAt: a replay mark is not a living one for a clock that has passed it.
func New() *Store { return NewAt(time.Now) }

// NewAt returns an empty store with the given clock.
func NewAt(clock func() time.Time) *Store {
	return &Store{
		clock:          clock,
		artifacts:      map[artifactID]bridge.Artifact{},
		groups:         map[string]map[artifactID]bool{},
		ofSession:      map[string]map[artifactID]bool{},
		sessions:       map[string]bridge.Session{},
		keys:           map[string]string{},
		participants:   map[string][]bridge.Participant{},
		deliveries:     map[string]bridge.Delivery{},
		persons:        map[string]people.Person{},
		authenticators: map[string]people.Authenticator{},
		handles:        map[handleID]string{},
		partners:       map[partnerID]trust.Record{},
		invitations:    map[string]trust.Invitation{},
		workstations:   map[string]trust.Workstation{},
		emergencies:    map[string]bridge.Emergency{},
		changed:        make(chan struct{}),
		traces:         map[string][]trace.Entry{},
	}
}

// Close is there for symmetry with the durable stores.
func (s *Store) Close() error { return nil }
