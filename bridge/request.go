package bridge

import (
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// AuthnContext is one way of having authenticated that a partner accepts, named as its protocol names it.
type AuthnContext struct {
	Class    string               // SAML class reference or OIDC acr; echoed when satisfied
	Min      Assurance            // 0: any
	Max      Assurance            // 0: any
	Method   Method               // empty: any
	Identity people.IdentityLevel // least level of the person; 0: any
	// Emergency: it is the class of emergency access, which no sign-in satisfies.
	Emergency bool
}

// Satisfied reports whether the session's authentication is one of this kind, the person aside.
func (c AuthnContext) Satisfied(a Assurance, m Method) bool {
	return a >= c.Min && (c.Max == 0 || a <= c.Max) && (c.Method == "" || c.Method == m)
}

// Mark is a value that may be seen once: the id of a request. It is stored as an artifact of kind KindReplay.
type Mark struct {
	Key     string
	Expires time.Time
}

// Request is a sign-on request of a partner, as its front end understood and verified it.
type Request struct {
	Partner    string
	Protocol   trust.Protocol
	ForceAuthn bool           // a new proof, whatever the session
	Passive    bool           // no page may be shown
	Contexts   []AuthnContext // any of them, in order of preference; empty: whatever the terms ask
	MaxAge     *time.Duration // proof no older than this
	Subject    string         // uid that must be the one signed in; empty: anyone
	Requesters []string       // parties that the partner says it asks for (SAML RequesterID); on record, nothing more
	RoleNeeded bool           // the partner asked for a role; terms may ask too
	ChangeRole bool           // ask for the role even if the session has one
	RoleID     string         // role profile the partner asks for; empty: the subject chooses
	ReturnTo   string         // origin the answer will go to, e.g. https://epr.example; pages allow forms to end there
	Resume     string         // path of the front end that takes over when a transaction is ready to issue
	State      []byte         // the front end's own, opaque
	Once       Mark           // zero: nothing to remember
}

// Transaction is a request in progress.
type Transaction struct {
	ID         string
	Ref        string // eight characters a person can read out, grouped 4-4
	Request    Request
	Browser    string // hash of the browser's binding secret; empty until the browser is first seen
	Started    time.Time
	Expires    time.Time
	Session    string    // the session that the next two are about: they say nothing of another subject's
	ProofAt    time.Time // an accepted proof inside this transaction; zero: none yet
	RoleChosen bool      // a role was chosen inside this transaction
	Local      bool      // no partner: the hub's own pages (home, switch user)
	Declined   bool      // emergency access was offered, and the subject does without
	Cancelled  bool      // the subject gave up; the front end still has to answer its partner
	Unattended bool      // Browser.Unattended, when it began
	Place      Place     // where the browser is, if the agent of its workstation said so in this transaction
	stored     bool
}

// about makes the session the one that this transaction goes on with. What another session proved or chose in
// it counts for nothing.
func (tx *Transaction) about(session string) {
	if tx.Session != session {
		tx.Session, tx.ProofAt, tx.RoleChosen = session, time.Time{}, false
	}
}
