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

// ErrInvitation: the token is not one of an invitation that may be used now. It says no more, so that nobody learns which.
var ErrInvitation = errors.New("trust: no such invitation, or it is used up, revoked or over")

// Invitation lets its holder register so many clients within its template (initial access token: RFC 7591, section 3).
type Invitation struct {
	ID       string            // printed, and the first part of the token
	Hash     [sha256.Size]byte // of the token's other part
	Name     string            // whom it is for
	Contact  string            // how to reach them; may be empty
	Template []byte            // canonical YAML of what is permitted; nil: what the configuration permits
	Uses     int               // how many clients may be registered in all
	Used     int
	Made     time.Time
	Expires  time.Time
	Revoked  bool
	Revision int64 // set by the store
}

// InvitationStore keeps invitations durably.
type InvitationStore interface {
	// Invitations returns all of them, oldest first.
	Invitations(ctx context.Context) ([]Invitation, error)
	// Invitation returns ErrInvitation if there is none of this id.
	Invitation(ctx context.Context, id string) (Invitation, error)
	// SaveInvitation inserts or replaces, as PartnerStore.SavePartner does.
	SaveInvitation(ctx context.Context, i Invitation, expected int64, events ...ledger.Event) (int64, error)
	// AddInvited stores a new partner and the invitation it came by, as it is afterwards, in one commit; ErrConflict if there is such
	// a partner, or if the stored invitation has another revision.
	AddInvited(ctx context.Context, r Record, i Invitation, events ...ledger.Event) (int64, error)
}

// NewInvitation makes an invitation of an id and a secret, and the token to hand over: shown once, never stored.
func NewInvitation(id, secret string, i Invitation) (Invitation, string) {
	i.ID, i.Hash = id, sha256.Sum256([]byte(secret))
	return i, id + "." + secret
}

// Open reports whether the invitation may be used at now.
func (i Invitation) Open(now time.Time) bool {
	return !i.Revoked && i.Used < i.Uses && now.Before(i.Expires)
}

// Invited finds the invitation whose token this is; ErrInvitation unless it may be used at now.
func Invited(ctx context.Context, store InvitationStore, token string, now time.Time) (Invitation, error) {
	id, secret, ok := strings.Cut(token, ".")
	if !ok || len(token) > maxInvitation {
		return Invitation{}, ErrInvitation
	}
	i, err := store.Invitation(ctx, id)
	if err != nil {
		return Invitation{}, err
	}
	sum := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(sum[:], i.Hash[:]) != 1 || !i.Open(now) {
		return Invitation{}, ErrInvitation
	}
	return i, nil
}

// maxInvitation is the length of a token that is looked at, in bytes.
const maxInvitation = 256
