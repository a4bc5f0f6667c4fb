package fido

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Mode says what a key must prove of its model.
type Mode string

// The modes.
const (
	ModeNone      Mode = "none"      // nothing: attestation is not asked for
	ModeListed    Mode = "listed"    // that it is of a model that Policy.Models lists
	ModeCertified Mode = "certified" // that it is of a model certified to Policy.Minimum, or of a listed one
)

// Model is one that the policy names.
type Model struct {
	AAGUID    AAGUID
	Name      string           // as people call it; empty: as the metadata does
	Assurance bridge.Assurance // of a key that is bound to its device, 1 to 3
}

// Policy is what the hospital decided about kinds of keys. The zero value, with ModeNone, takes every key, and none for copied.
type Policy struct {
	Mode    Mode
	Models  []Model
	Deny    []AAGUID
	Minimum Certification // what ModeCertified asks for
	// Withdrawing are the statuses of the metadata service for which a model is refused at the next use; nil: DefaultWithdrawing.
	Withdrawing []string
	// TakeOthers lets keys that prove nothing be enrolled, at assurance 2. Otherwise they are refused then. A key that was
	// enrolled before the policy was stricter is never refused for this, only worth less.
	TakeOthers bool
	// MaxAge is how long metadata is believed after its nextUpdate. What it withdraws stays withdrawn.
	MaxAge time.Duration
	// KeepStale lets a key count as it did when it was enrolled while there is no metadata to believe; otherwise it counts 2.
	KeepStale bool
	// LowerClones accepts an answer whose counter did not move on, at assurance 2 and with an alarm. Otherwise it is refused.
	LowerClones bool
	// Roots are authorities of attestation certificates beside those of the metadata.
	Roots []*x509.Certificate
}

// DefaultWithdrawing are the statuses after which nobody can rely on a key of the model (FIDO Metadata Service 3.1, section 3.1.4).
func DefaultWithdrawing() []string {
	return []string{"REVOKED", "USER_VERIFICATION_BYPASS", "ATTESTATION_KEY_COMPROMISE", "USER_KEY_REMOTE_COMPROMISE", "USER_KEY_PHYSICAL_COMPROMISE"}
}

// complete checks a policy and fills in what was left out.
func (p Policy) complete() (Policy, error) {
	if p.Mode == "" {
		p.Mode = ModeNone
	}
	if p.Withdrawing == nil {
		p.Withdrawing = DefaultWithdrawing()
	}
	switch p.Mode {
	case ModeNone:
		p.TakeOthers = true
		if len(p.Models) > 0 {
			return p, errors.New("fido: models are listed, but no key is asked to prove its model")
		}
	case ModeListed:
		if len(p.Models) == 0 {
			return p, errors.New("fido: only listed models are accepted, and none is listed")
		}
	case ModeCertified:
		if p.Minimum == Uncertified {
			return p, errors.New("fido: certified keys are asked for, but no level")
		}
	default:
		return p, fmt.Errorf("fido: unknown mode %q", p.Mode)
	}
	seen := map[AAGUID]bool{}
	for _, m := range p.Models {
		if m.AAGUID == (AAGUID{}) || m.Assurance < 1 || m.Assurance > 3 || seen[m.AAGUID] {
			return p, fmt.Errorf("fido: model %s: no model, listed twice, or of no assurance from 1 to 3", m.AAGUID)
		}
		seen[m.AAGUID] = true
	}
	return p, nil
}

// listed finds a model that the policy names.
func (p Policy) listed(a AAGUID) (Model, bool) {
	for _, m := range p.Models {
		if m.AAGUID == a {
			return m, true
		}
	}
	return Model{}, false
}
