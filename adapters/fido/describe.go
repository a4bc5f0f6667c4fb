package fido

import (
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// Judge decides what keys are worth, without any ceremony: by a policy, and by metadata, which may be nil.
type Judge struct {
	policy   Policy
	metadata *MetadataFile
}

// NewJudge checks the policy.
func NewJudge(p Policy, metadata *MetadataFile) (Judge, error) {
	p, err := p.complete()
	return Judge{p, metadata}, err
}

// Description is what is known of an enrolled key, and what a sign-in with it would be worth.
type Description struct {
	AAGUID        AAGUID // as the key said; zero: it did not
	Model         string // empty: not known
	Format        string // of its attestation
	Attested      bool   // it proved its model
	Certification Certification
	Synced        bool     // it may be copied to other devices
	Transports    []string // how it is reached, as the browser said
	Suspect       bool     // there may be two of it
	Locked        bool     // and it is refused for that
	Assurance     bridge.Assurance
	Ground        string
	WithdrawnBy   string // why it is refused; empty: it is not
}

// Describe says how an enrolled FIDO key stands now.
func (j Judge) Describe(a people.Authenticator, now time.Time) (Description, error) {
	r, err := decodeRecord(a)
	if err != nil {
		return Description{}, err
	}
	at, _ := j.assess(r, a.Added, now)
	suspect := r.credential.Authenticator.CloneWarning
	level, ground := j.worth(at, suspect)
	locked := suspect && !j.policy.LowerClones
	if locked {
		level = 0
	}
	d := Description{
		AAGUID: at.model, Model: at.name, Format: r.credential.AttestationFormat, Attested: at.attested, Certification: at.certification,
		Synced: at.synced, Suspect: suspect, Locked: locked, Assurance: level, Ground: ground, WithdrawnBy: at.withdrawnBy,
	}
	for _, t := range r.credential.Transport {
		d.Transports = append(d.Transports, string(t))
	}
	return d, nil
}

// worth is the assurance of a proof by such a key, and the code of the ground. A suspect key is one of which there may be two.
func (j Judge) worth(at standing, suspect bool) (bridge.Assurance, string) {
	level, ground := j.policy.worth(at)
	if suspect {
		return min(level, 2), possibleClone
	}
	return level, ground
}
