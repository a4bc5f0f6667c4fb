package bridge

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"io"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Hub holds the ports and carries the verbs. All fields are set once, before the first call.
type Hub struct {
	Artifacts    Artifacts
	Journal      Journal
	Sessions     Sessions
	Roster       Roster
	Participants Participants
	Deliveries   Deliveries
	Directory    Directory
	Partners     Partners
	Translator   Translator
	Propagators  map[trust.Protocol]Propagator
	Recorder     Recorder
	// Registrations tells of cards and keys that were withdrawn while somebody signed in with them; nil: those are found too late.
	Registrations Registrations
	Revocations   Revocations // tells of cards that their issuers revoked since they were checked; nil: nobody does
	Emergencies   Emergencies // needed, as Registrations, where there is an EmergencyPolicy

	Clock   func() time.Time
	Rand    io.Reader // nil: crypto/rand
	Secret  []byte    // 32 bytes; binds steps and derives participant indexes
	Methods []Offer   // what a subject can prove with here
	Limits  Limits
	// OnCardRemoval is what becomes of a session whose card left its reader, where neither terms nor workstation say; empty: logout.
	OnCardRemoval trust.Removal
	OnSilence     Silence // what becomes of a card session when the agent of its workstation is heard no more; empty: SilenceLock
	OnSwitch      Yield   // what becomes of a session when another subject signs in in its browser: YieldSuspend, else it ends
	OnElsewhere   Yield   // what becomes of a session when its subject opens one at another workstation; empty: YieldKeep
	// KeepApps leaves the participants of a suspended session alone until another subject signs in in its browser, or it ends.
	KeepApps     bool
	Workstations Workstations // nil: what they are called is not known
	// Emergency is what this hub permits of emergency access; nil: there is none.
	Emergency *EmergencyPolicy
	// RBAC gives the RBAC document in force, nil while there is none. A hub without RBAC has no such document, ever.
	RBAC func() *people.RBAC
	// Deferred leaves the telling of participants to a hub that runs on the same store: for commands.
	Deferred bool
	Wake     func()                      // called when a delivery is due at once, for the loop that calls Retry; nil: it looks by itself
	Parallel func(n int, do func(i int)) // runs do(0) to do(n-1) at the same time and waits
}

// Offer is one way to prove, and how strong it is.
type Offer struct {
	Method    Method
	Assurance Assurance
}

// Limits of time.
type Limits struct {
	Idle        time.Duration // without activity, a session needs a new proof
	Absolute    time.Duration // after which it ends
	Resume      time.Duration // for which a suspended session waits for its subject before it ends
	Transaction time.Duration // to finish a sign-on
	PerPartner  time.Duration // to answer one logout call
	Logout      time.Duration // for all logout calls of a sign-out
	Handover    time.Duration // for all logout calls while the next person waits; who has not answered by then is told again
}

// DefaultLimits are those of the NHS session rules.
func DefaultLimits() Limits {
	return Limits{Idle: 15 * time.Minute, Absolute: 12 * time.Hour, Resume: 30 * time.Minute, Transaction: 10 * time.Minute, PerPartner: 3 * time.Second, Logout: 5 * time.Second, Handover: time.Second}
}

// Browser is what a browser showed with a request. Binding and Session are secrets; only their hashes are kept.
type Browser struct {
	Binding string // of the browser itself; empty when the request was cross-site
	Session string // of its session; empty if none
	Passive string // key of its session, where it shows nothing else of it: for passive requests alone
	// Unattended: a script or a frame of another page asks, not the subject. It does not keep the session from going idle.
	Unattended bool
}

// key finds the session a browser shows, by the hash of its secret; empty if it shows none.
func (b Browser) key(passive bool) string {
	switch {
	case b.Session != "":
		return Key(b.Session)
	case passive:
		return b.Passive
	}
	return ""
}

// Key hashes a secret for storage and lookup.
func Key(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// NewSecret returns 256 bits of randomness, base64url.
func (h *Hub) NewSecret() string { return base64.RawURLEncoding.EncodeToString(h.Random(32)) }

// NewID returns 128 bits of randomness in lower-case base32: fit for host names, NCNames (with a letter in front) and URLs.
func (h *Hub) NewID() string {
	return lowerBase32.EncodeToString(h.Random(16))
}

var lowerBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// crockford leaves out letters that are misheard or misread on the phone.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// NewRef returns a reference a person can read out: 7K4M-2Q9X.
func (h *Hub) NewRef() string {
	s := crockford.EncodeToString(h.Random(5))
	return s[:4] + "-" + s[4:]
}

// Random returns n random bytes.
func (h *Hub) Random(n int) []byte {
	b := make([]byte, n)
	src := h.Rand
	if src == nil {
		src = rand.Reader
	}
	if _, err := io.ReadFull(src, b); err != nil {
		panic("bridge: no randomness: " + err.Error()) // crypto/rand never fails; an injected source that does is a programmer's error
	}
	return b
}

// mac derives a 128-bit value from the hub's secret, separated by purpose.
func (h *Hub) mac(purpose string, parts ...string) string {
	return base64.RawURLEncoding.EncodeToString(h.macBytes(purpose, parts...))
}

func (h *Hub) macBytes(purpose string, parts ...string) []byte {
	m := hmac.New(sha256.New, h.Secret)
	m.Write([]byte(purpose))
	for _, p := range parts {
		m.Write([]byte{0})
		m.Write([]byte(p))
	}
	return m.Sum(nil)[:16]
}

// DeriveKey makes a key of 256 bits for one purpose of a front end; every node of the hub derives the same.
func (h *Hub) DeriveKey(purpose string) []byte {
	m := hmac.New(sha256.New, h.Secret)
	m.Write([]byte("\x01" + purpose)) // no purpose of macBytes begins so
	return m.Sum(nil)
}

// rbac is the document in force for one translation.
func (h *Hub) rbac() *people.RBAC {
	if h.RBAC == nil {
		return nil
	}
	return h.RBAC()
}

func (h *Hub) trace(ref, step string, fields ...string) {
	if h.Recorder != nil {
		h.Recorder.Trace(ref, step, fields...)
	}
}

type contextKey int

const (
	peerKey contextKey = iota
	refKey
)

// WithPeer notes the address of the device or system that sent the request.
func WithPeer(ctx context.Context, peer string) context.Context {
	return context.WithValue(ctx, peerKey, peer)
}

// Peer returns the address noted by WithPeer.
func Peer(ctx context.Context) string {
	s, _ := ctx.Value(peerKey).(string)
	return s
}

// WithRef notes the reference of the request at hand.
func WithRef(ctx context.Context, ref string) context.Context {
	return context.WithValue(ctx, refKey, ref)
}

// Ref returns the reference noted by WithRef.
func Ref(ctx context.Context) string {
	s, _ := ctx.Value(refKey).(string)
	return s
}
