package signin

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// kindFarewell is the record of a sign-out page.
const kindFarewell bridge.ArtifactKind = "signin-farewell"

// How long each step may take.
const (
	attemptLife  = 5 * time.Minute  // to choose a certificate and type the PIN
	proofLife    = 60 * time.Second // from the card host back to the hub
	ceremonyLife = 5 * time.Minute
	farewellLife = 30 * time.Minute
)

// attempt is one visit to a card host. Its key is the host name's label.
type attempt struct {
	Browser   string // hash of the browser's binding secret
	Tx        string // transaction of a sign-in
	Enrolment string // key of an enrolment; one of both is set
	Ref       string
	Partner   string
}

// seen is what a card host found out.
type seen struct {
	Attempt attempt
	Proof   *bridge.Proof         // of a sign-in
	Refused string                // why the proof will do for emergency access alone; empty: for everything
	Card    *people.Authenticator // of an enrolment
}

// ceremony is a WebAuthn ceremony in progress.
type ceremony struct {
	Browser   string
	Tx        string
	Enrolment string
	State     []byte
}

// invitation lets one person bind one authenticator.
type invitation struct {
	UID string
	By  string
}

// noBrowser is the hash of no binding secret. Programs before this one take whoever comes first where Browser is empty.
const noBrowser = "nobody yet"

// farewell is what a sign-out page needs.
type farewell struct {
	Browser  string // noBrowser while it is not known whose this is
	Of       string // the sign-out that it is about then; empty: the one that is the record's key
	Continue string
	Switch   bool
	Lock     bool   // suspended, by the person who reads the page
	Session  string // id of the session that gave way to the next person
	Before   string // who was signed in before the person who reads the page
	Same     bool   // it was the same one: being told is enough
}

// keep stores a record under a secret.
func (s *SignIn) keep(ctx context.Context, kind bridge.ArtifactKind, secret string, life time.Duration, record any) error {
	payload, err := json.Marshal(record)
	if err != nil {
		return fmt.Errorf("signin: write %s: %w", kind, err)
	}
	a := bridge.Artifact{Kind: kind, Key: bridge.Key(secret), Payload: payload, Expires: s.Hub.Clock().Add(life)}
	if err := s.Hub.Artifacts.Put(ctx, a, kind == kindFarewell); err != nil {
		return fmt.Errorf("signin: keep %s: %w", kind, err)
	}
	return nil
}

// look reads a record by the hash of its secret; spent tells that it was taken already.
func (s *SignIn) look(ctx context.Context, kind bridge.ArtifactKind, key string, record any) (spent bool, err error) {
	a, err := s.Hub.Artifacts.Get(ctx, kind, key, s.Hub.Clock())
	if err != nil {
		return false, fmt.Errorf("signin: look at %s: %w", kind, err)
	}
	if err := json.Unmarshal(a.Payload, record); err != nil {
		return false, fmt.Errorf("signin: read %s: %w", kind, err)
	}
	return a.Spent, nil
}

// take consumes a record: of two takers one gets bridge.ErrSpent.
func (s *SignIn) take(ctx context.Context, kind bridge.ArtifactKind, key string) error {
	if _, err := s.Hub.Artifacts.Consume(ctx, kind, key, s.Hub.Clock()); err != nil {
		return fmt.Errorf("signin: take %s: %w", kind, err)
	}
	return nil
}
