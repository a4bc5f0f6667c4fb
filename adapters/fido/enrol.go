package fido

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Limits of an RSA key. A long modulus makes every sign-in dear for us, and costs its owner nothing.
const (
	minModulus  = 2048 // bits
	maxModulus  = 8192 // bits
	minExponent = 65537
)

// maxCredentialID bounds a credential id, in bytes (WebAuthn Level 3, section 7.1, step 25).
const maxCredentialID = 1023

// BeginEnrolment implements bridge.Keys. The options are the argument of navigator.credentials.create in JSON:
// an object whose member publicKey PublicKeyCredential.parseCreationOptionsFromJSON takes.
func (k *Keys) BeginEnrolment(ctx context.Context, p people.Person) (options, kept []byte, err error) {
	challenge, err := k.challenge()
	if err != nil {
		return nil, nil, err
	}
	exclude, err := k.enrolled(ctx, p.UID, func(webauthn.Credential) bool { return true })
	if err != nil {
		return nil, nil, err
	}
	creation, session, err := k.library.BeginRegistration(user{uid: p.UID, name: p.Name},
		webauthn.WithCredentialParameters(algorithms()),
		webauthn.WithExclusions(exclude),
		webauthn.WithPublicKeyCredentialHints(k.hints()),
		webauthn.WithExtensions(webauthn.WithExtensionCredProps()), // says whether it finds its own credential
		func(o *protocol.PublicKeyCredentialCreationOptions) error { o.Challenge = challenge; return nil },
	)
	if err != nil {
		return nil, nil, fmt.Errorf("fido: begin enrolment: %w", err)
	}
	return k.offer(creation, state{Ceremony: protocol.CreateCeremony, UID: p.UID, Session: *session})
}

// enrolled lists the keys of a person that are wanted: all, so that the browser does not make a second credential on one of them.
func (k *Keys) enrolled(ctx context.Context, uid string, wanted func(webauthn.Credential) bool) ([]protocol.CredentialDescriptor, error) {
	all, err := k.options.Authenticators.AuthenticatorsOf(ctx, uid)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return nil, fmt.Errorf("fido: list keys: %w", err)
	}
	out := []protocol.CredentialDescriptor{}
	for _, a := range all {
		if a.Kind != people.FIDO2 || !a.Revoked.IsZero() {
			continue
		}
		r, err := decodeRecord(a)
		if err != nil {
			return nil, err
		}
		if wanted(r.credential) {
			out = append(out, r.credential.Descriptor())
		}
	}
	return out, nil
}

// FinishEnrolment implements bridge.Keys. The response is the browser's PublicKeyCredential.toJSON(). The
// authenticator is not stored; the caller gives it its ID and Label.
func (k *Keys) FinishEnrolment(ctx context.Context, p people.Person, kept, response []byte, now time.Time) (bridge.NewKey, error) {
	s, err := openState(kept, protocol.CreateCeremony, p.UID, now)
	if err != nil {
		return bridge.NewKey{}, err
	}
	got, parsed, err := parseCreation(response)
	if err != nil {
		return bridge.NewKey{}, refuse("key_response").Because(err)
	}
	if r := k.check(s, got); r != nil {
		return bridge.NewKey{}, r
	}
	if !readable(parsed.Response.AttestationObject.Format) {
		return bridge.NewKey{}, unfit("key_attestation_format")
	}
	credential, err := k.attested(user{uid: p.UID, name: p.Name}, s, parsed)
	if err != nil {
		return bridge.NewKey{}, unfit("key_attestation").Because(err)
	}
	if r := admit(credential); r != nil {
		return bridge.NewKey{}, r
	}
	switch _, err := k.options.Authenticators.Authenticator(ctx, people.FIDO2, handle(credential.ID)); {
	case err == nil: // revoked or not, and whosever: a credential is enrolled once
		return bridge.NewKey{}, registered()
	case !errors.Is(err, people.ErrNotFound):
		return bridge.NewKey{}, fmt.Errorf("fido: find key: %w", err)
	}
	return k.decide(p, record{credential: *credential}, now)
}

// decide is the policy on models, for a key that is new.
func (k *Keys) decide(p people.Person, r record, now time.Time) (bridge.NewKey, error) {
	at, keep := k.judge.assess(r, now, now)
	level, ground := k.judge.worth(at, false)
	switch {
	case at.withdrawnBy != "":
		return bridge.NewKey{}, modelWithdrawn()
	case !proven(ground) && !k.judge.policy.TakeOthers:
		return bridge.NewKey{}, notAccepted(ground, at.name)
	}
	r.found = keep
	encoded, err := r.encode()
	if err != nil {
		return bridge.NewKey{}, err
	}
	a := people.Authenticator{UID: p.UID, Kind: people.FIDO2, Handle: handle(r.credential.ID), Added: now, Record: encoded}
	rk := r.credential.Extensions.RK
	return bridge.NewKey{
		Authenticator: a, Model: at.name, Assurance: level, NeedsNumber: k.options.Numbers && rk != nil && !*rk, Evidence: evidence(&r.credential, at, ground),
	}, nil
}

// admit says which credentials are sound, whatever the policy on models.
func admit(c *webauthn.Credential) *bridge.Refusal {
	if len(c.ID) == 0 || len(c.ID) > maxCredentialID {
		return unfit("key_id")
	}
	parsed, err := webauthncose.ParsePublicKey(c.PublicKey)
	if err != nil {
		return unfit("key_algorithm").Because(err)
	}
	switch pub := parsed.(type) {
	case webauthncose.EC2PublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(pub.Algorithm) == webauthncose.AlgES256 {
			return nil
		}
	case webauthncose.RSAPublicKeyData:
		if webauthncose.COSEAlgorithmIdentifier(pub.Algorithm) == webauthncose.AlgRS256 && soundRSA(pub.Modulus, pub.Exponent) {
			return nil
		}
	}
	return unfit("key_algorithm")
}

// soundRSA says whether modulus and exponent, big-endian without leading zeros (RFC 8230, section 4), are within the
// limits and odd.
func soundRSA(modulus, exponent []byte) bool {
	if len(modulus) == 0 || len(exponent) == 0 || modulus[0] == 0 || exponent[0] == 0 || len(modulus) > maxModulus/8 || len(exponent) > 4 {
		return false
	}
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	return n.BitLen() >= minModulus && n.Bit(0) == 1 && e.Bit(0) == 1 && e.Cmp(big.NewInt(minExponent)) >= 0
}
