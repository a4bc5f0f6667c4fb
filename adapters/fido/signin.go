package fido

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// BeginSignIn implements bridge.Keys. The options are the argument of navigator.credentials.get in JSON:
// an object whose member publicKey PublicKeyCredential.parseRequestOptionsFromJSON takes. A uid is heeded only with Options.Numbers.
func (k *Keys) BeginSignIn(ctx context.Context, uid string) (options, kept []byte, err error) {
	challenge, err := k.challenge()
	if err != nil {
		return nil, nil, err
	}
	s := state{Ceremony: protocol.AssertCeremony}
	var list []protocol.CredentialDescriptor
	if uid != "" && k.options.Numbers {
		if list, err = k.allowed(ctx, uid); err != nil {
			return nil, nil, err
		}
	}
	for _, d := range list {
		s.Allowed = append(s.Allowed, d.CredentialID)
	}
	assertion, session, err := k.library.BeginDiscoverableLogin(
		webauthn.WithChallenge(challenge), webauthn.WithAssertionPublicKeyCredentialHints(k.hints()))
	if err != nil {
		return nil, nil, fmt.Errorf("fido: begin sign-in: %w", err)
	}
	assertion.Response.AllowedCredentials = list // the session knows of none: see verify
	s.Session = *session
	return k.offer(assertion, s)
}

func (k *Keys) offer(to any, s state) (options, kept []byte, err error) {
	s.Expires = k.options.Clock().Add(ceremonyLife)
	if options, err = json.Marshal(to); err != nil {
		return nil, nil, fmt.Errorf("fido: encode options: %w", err)
	}
	kept, err = encodeState(s)
	return options, kept, err
}

// FinishSignIn implements bridge.Keys. The response is the browser's PublicKeyCredential.toJSON().
func (k *Keys) FinishSignIn(ctx context.Context, kept, response []byte, now time.Time) (bridge.Proof, error) {
	s, err := openState(kept, protocol.AssertCeremony, "", now)
	if err != nil {
		return bridge.Proof{}, err
	}
	got, parsed, err := parseAssertion(response)
	if err != nil {
		return bridge.Proof{}, refuse("key_response").Because(err)
	}
	if r := k.check(s, got); r != nil {
		return bridge.Proof{}, r
	}
	for range tries {
		proof, err := k.answered(ctx, s, parsed, now)
		if !errors.Is(err, people.ErrConflict) {
			return proof, err
		}
	}
	return bridge.Proof{}, fmt.Errorf("fido: the record of a key was changed %d times while it was judged", tries)
}

// tries is how often an answer is judged anew because another one with the same key was accepted meanwhile.
const tries = 8

// answered judges an answer by the record of its key. It returns people.ErrConflict, and nothing has happened, if that record was changed
// meanwhile: of two answers with one counter, at the same moment, the one that is stored first passes, and the other is found out.
func (k *Keys) answered(ctx context.Context, s state, parsed *protocol.ParsedCredentialAssertionData, now time.Time) (bridge.Proof, error) {
	owner, err := k.owner(ctx, parsed.RawID, now)
	if err != nil {
		return bridge.Proof{}, err
	}
	enrolled, err := decodeRecord(owner)
	if err != nil {
		return bridge.Proof{}, err
	}
	suspect := enrolled.credential.Authenticator.CloneWarning
	enrolled.credential.Authenticator.CloneWarning = false // the library never takes it back
	stored := enrolled.credential.Authenticator.SignCount
	credential, err := k.verify(s, owner, enrolled.credential, parsed)
	if err != nil {
		return bridge.Proof{}, err
	}
	if credential.Authenticator.CloneWarning && overtaken(s, owner, parsed.Response.AuthenticatorData.Counter, stored) {
		return bridge.Proof{}, late()
	}
	return k.accept(ctx, owner, record{*credential, enrolled.found}, suspect, now)
}

// accept decides what a verified answer is worth by the policy in force now, and stores what is to be remembered of it.
func (k *Keys) accept(ctx context.Context, owner people.Authenticator, r record, suspect bool, now time.Time) (bridge.Proof, error) {
	at, keep := k.judge.assess(r, owner.Added, now)
	clone := r.credential.Authenticator.CloneWarning
	level, ground := k.judge.worth(at, clone || suspect)
	p := bridge.Proof{
		UID: owner.UID, Method: bridge.MethodFIDO2, Assurance: level, AuthenticatorID: owner.ID, At: now, Standing: at.metadata,
		Evidence: evidence(&r.credential, at, ground),
	}
	switch {
	case at.withdrawnBy != "":
		return bridge.Proof{}, modelWithdrawn().About(p)
	case clone && !k.judge.policy.LowerClones:
		if err := k.suspect(ctx, owner); err != nil {
			return bridge.Proof{}, err
		}
		return bridge.Proof{}, suspected("key_clone").About(p).Alarming(possibleClone)
	case suspect && !k.judge.policy.LowerClones:
		return bridge.Proof{}, suspected("key_suspected").About(p)
	}
	if clone {
		p.Alarm = possibleClone
	}
	r.found, r.credential.Authenticator.CloneWarning = keep, clone || suspect
	owner.Used = now
	return p, k.remember(ctx, owner, r)
}

// owner finds whose key it is.
func (k *Keys) owner(ctx context.Context, id []byte, now time.Time) (people.Authenticator, error) {
	a, err := k.options.Authenticators.Authenticator(ctx, people.FIDO2, handle(id))
	switch {
	case errors.Is(err, people.ErrNotFound):
		return a, unknown()
	case err != nil:
		return a, fmt.Errorf("fido: find key: %w", err)
	case !a.Revoked.IsZero():
		return a, withdrawn()
	case !a.UsableAt(now):
		return a, expired()
	}
	return a, nil
}

// verify compares the answer with what was enrolled, and lets the library check the signature.
func (k *Keys) verify(s state, owner people.Authenticator, enrolled webauthn.Credential, parsed *protocol.ParsedCredentialAssertionData) (*webauthn.Credential, error) {
	flags := parsed.Response.AuthenticatorData.Flags
	said := parsed.Response.UserHandle
	switch {
	case s.named() && !s.listed(parsed.RawID):
		return nil, refuse("key_user")
	case s.named() && len(said) == 0: // a key that was named its credential need not know its owner
	case !bytes.Equal(said, userHandle(owner.UID)):
		return nil, refuse("key_user")
	}
	if flags.HasBackupEligible() != enrolled.Flags.BackupEligible {
		return nil, refuse("key_backup") // it is fixed when the key is made (section 6.1.3)
	}
	whose := user{uid: owner.UID, credentials: []webauthn.Credential{enrolled}}
	s.Session.UserID = whose.WebAuthnID()
	credential, err := k.library.ValidateLogin(whose, s.Session, parsed)
	if err != nil {
		return nil, refuse(libraryCode(err)).Because(err)
	}
	return credential, nil
}

func libraryCode(err error) string {
	if e, ok := errors.AsType[*protocol.Error](err); ok && e.Type == protocol.ErrAssertionSignature.Type {
		return "key_signature"
	}
	return "key_verification"
}

// remember stores the counter, so that a copy of the key is noticed.
func (k *Keys) remember(ctx context.Context, owner people.Authenticator, r record) (err error) {
	was := owner.Record
	if owner.Record, err = r.encode(); err != nil {
		return err
	}
	if err := k.options.Authenticators.UpdateAuthenticator(ctx, owner, was); err != nil {
		return fmt.Errorf("fido: note use: %w", err)
	}
	return nil
}

// handle is how a credential id is registered.
func handle(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }
