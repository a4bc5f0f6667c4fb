package fido

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// ceremonyLife is how long a challenge may be answered.
const ceremonyLife = 5 * time.Minute

// Options of Keys. All but Hints, Policy, Metadata, Numbers and Secret are required.
type Options struct {
	RPID           string   // host of the issuer, for ever: keys are bound to it
	RPName         string   // shown by the browser
	Origins        []string // where ceremonies may run, each exactly as a browser writes it, e.g. "https://hub.example"
	Authenticators people.AuthenticatorStore
	Clock          func() time.Time
	Random         io.Reader // challenges
	Hints          []string  // kinds of authenticator the browser offers first; "security-key" if nil
	Policy         Policy
	Metadata       *MetadataFile // of the FIDO Metadata Service; nil: none
	// Numbers admits keys that cannot find their own credentials: their owner types a staff number first. Secret hides who has keys.
	Numbers bool
	Secret  []byte
}

// Keys implements bridge.Keys.
type Keys struct {
	options  Options
	judge    Judge
	library  *webauthn.WebAuthn
	rpIDHash [sha256.Size]byte
}

var _ bridge.Keys = (*Keys)(nil)

// New checks the options.
func New(o Options) (*Keys, error) {
	if o.Authenticators == nil || o.Clock == nil || o.Random == nil {
		return nil, errors.New("fido: store, clock and randomness are required")
	}
	for _, origin := range o.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return nil, fmt.Errorf("fido: %q is not an origin", origin)
		}
	}
	if o.Hints == nil {
		o.Hints = []string{string(protocol.PublicKeyCredentialHintSecurityKey)}
	}
	if err := secretFor(o); err != nil {
		return nil, err
	}
	judge, err := NewJudge(o.Policy, o.Metadata)
	if err != nil {
		return nil, err
	}
	limit := webauthn.TimeoutConfig{Timeout: ceremonyLife, TimeoutUVD: ceremonyLife}
	library, err := webauthn.New(&webauthn.Config{
		RPID: o.RPID, RPDisplayName: o.RPName, RPOrigins: o.Origins,
		AttestationPreference:  judge.conveyance(),
		AuthenticatorSelection: selection(o.Numbers),
		Timeouts:               webauthn.TimeoutsConfig{Login: limit, Registration: limit},
		// Browsers and password managers add extension outputs of their own; none is used.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil, fmt.Errorf("fido: %w", err)
	}
	return &Keys{options: o, judge: judge, library: library, rpIDHash: sha256.Sum256([]byte(o.RPID))}, nil
}

// selection asks for keys that verify their owner, and that find their own credentials: at least where they can.
func selection(numbers bool) protocol.AuthenticatorSelection {
	if numbers {
		return protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationRequired}
	}
	return protocol.AuthenticatorSelection{
		RequireResidentKey: protocol.ResidentKeyRequired(), ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
	}
}

// conveyance asks for attestation as soon as anything depends on the model: without it browsers also hide what model a key says it is.
func (j Judge) conveyance() protocol.ConveyancePreference {
	if j.policy.Mode == ModeNone && len(j.policy.Deny) == 0 && j.metadata == nil {
		return protocol.PreferNoAttestation
	}
	return protocol.PreferDirectAttestation
}

// algorithms are those a new key may use: what FIDO security keys and platform modules have.
func algorithms() []protocol.CredentialParameter {
	var out []protocol.CredentialParameter
	for _, alg := range []webauthncose.COSEAlgorithmIdentifier{webauthncose.AlgES256, webauthncose.AlgRS256} {
		out = append(out, protocol.CredentialParameter{Type: protocol.PublicKeyCredentialType, Algorithm: alg})
	}
	return out
}

func (k *Keys) hints() []protocol.PublicKeyCredentialHints {
	var out []protocol.PublicKeyCredentialHints
	for _, h := range k.options.Hints {
		out = append(out, protocol.PublicKeyCredentialHints(h))
	}
	return out
}

func (k *Keys) challenge() ([]byte, error) {
	c := make([]byte, 32)
	if _, err := io.ReadFull(k.options.Random, c); err != nil {
		return nil, fmt.Errorf("fido: draw challenge: %w", err)
	}
	return c, nil
}

// userHandle is what a key stores about its owner: no personal data (WebAuthn Level 3, section 14.6.1).
func userHandle(uid string) []byte {
	sum := sha256.Sum256([]byte(uid))
	return sum[:]
}

// user is a person as the library wants one.
type user struct {
	uid         string
	name        string
	credentials []webauthn.Credential
}

// WebAuthnID implements webauthn.User.
func (u user) WebAuthnID() []byte { return userHandle(u.uid) }

// WebAuthnName implements webauthn.User.
func (u user) WebAuthnName() string { return u.name }

// WebAuthnDisplayName implements webauthn.User.
func (u user) WebAuthnDisplayName() string { return u.name }

// WebAuthnCredentials implements webauthn.User.
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }
