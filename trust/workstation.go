package trust

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// ErrUnknownWorkstation: no workstation of this id is registered.
var ErrUnknownWorkstation = errors.New("trust: no such workstation")

// Removal is what becomes of a session whose card left its reader.
type Removal string

// The removals, strictest first. Empty means that somebody else's word holds.
const (
	RemovalLogout Removal = "logout" // the session ends, its participants are told
	RemovalLock   Removal = "lock"   // the session is suspended until its subject proves anew
	RemovalIgnore Removal = "ignore" // nothing
)

// Workstation is a computer whose agent the hub believes: what its key signed comes from there.
type Workstation struct {
	ID        string // chosen by the hub
	Name      string // printed to clinicians, such as "Bay 4"
	Key       []byte // public key of its agent, DER SubjectPublicKeyInfo; a P-256 key; nil: the agent was not enrolled yet
	Hash      []byte // SHA-256 of the one-time secret by which the agent enrols; nil: none is open
	Until     time.Time
	Shared    bool    // several clinicians use it in turn
	OnRemoval Removal // what it wants of sessions whose card left its reader; empty: the hub's own rule
	Added     time.Time
	Revoked   time.Time // zero while its agent is believed
	Revision  int64     // set by the store
}

// Believed reports whether what the agent's key signed may be believed.
func (w Workstation) Believed() bool { return w.Revoked.IsZero() && len(w.Key) > 0 }

// WorkstationStore keeps workstations durably.
type WorkstationStore interface {
	// Workstation returns ErrUnknownWorkstation for one that was never registered.
	Workstation(ctx context.Context, id string) (Workstation, error)
	// Workstations lists all, revoked ones too, in order of id.
	Workstations(ctx context.Context) ([]Workstation, error)
	// SaveWorkstation inserts or replaces, as PartnerStore.SavePartner does: ErrConflict if the stored revision is not the
	// expected one (0: a new workstation). It returns the new revision; the events are appended in the same commit.
	SaveWorkstation(ctx context.Context, w Workstation, expected int64, events ...ledger.Event) (int64, error)
}

// ErrEnrolment: the secret is not one by which a workstation may be enrolled now. It says no more, so that nobody learns which are.
var ErrEnrolment = errors.New("trust: no such enrolment, or it is used, over or taken back")

// OpenEnrolment lets the agent of a workstation enrol once, until a time, by the token that is returned: shown once, never stored.
// A key that is stored stays in force until then.
func (w Workstation) OpenEnrolment(secret string, until time.Time) (Workstation, string) {
	sum := sha256.Sum256([]byte(secret))
	w.Hash, w.Until = sum[:], until
	return w, w.ID + "." + secret
}

// Enrolling finds the workstation whose token this is; ErrEnrolment unless it may be used at now.
func Enrolling(ctx context.Context, store WorkstationStore, token string, now time.Time) (Workstation, error) {
	id, secret, ok := strings.Cut(token, ".")
	if !ok || len(token) > maxInvitation {
		return Workstation{}, ErrEnrolment
	}
	w, err := store.Workstation(ctx, id)
	if errors.Is(err, ErrUnknownWorkstation) {
		return Workstation{}, ErrEnrolment
	}
	if err != nil {
		return Workstation{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	if len(w.Hash) == 0 || subtle.ConstantTimeCompare(sum[:], w.Hash) != 1 || !w.Revoked.IsZero() || !now.Before(w.Until) {
		return Workstation{}, ErrEnrolment
	}
	return w, nil
}
