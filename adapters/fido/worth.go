package fido

import (
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// standing is what is known of a key when its worth is asked.
type standing struct {
	model         AAGUID
	name          string
	synced        bool // it may be copied to other devices (BE)
	attested      bool // it proved its model
	certification Certification
	number        int64           // of the metadata in force; -1: none
	metadata      bridge.Standing // of the metadata; empty: the policy asks none
	withdrawnBy   string          // why its model is refused; empty: it is not
}

// ground is one reason for what a key is worth.
type ground struct {
	code    string // for the record
	applies func(Policy, standing) bool
	worth   func(Policy, standing) bridge.Assurance
}

func always(a bridge.Assurance) func(Policy, standing) bridge.Assurance {
	return func(Policy, standing) bridge.Assurance { return a }
}

// grounds are the rules, first come first served; every key verified its owner. NIST SP 800-63B-4 wants a key that does not leave its device for AAL3.
func grounds() []ground {
	return []ground{
		{"synced", func(_ Policy, s standing) bool { return s.synced }, worthSynced},
		{"model_not_asked", func(p Policy, _ standing) bool { return p.Mode == ModeNone }, always(3)},
		{"unattested", func(_ Policy, s standing) bool { return !s.attested }, always(2)},
		{"listed", isListed, worthListed},
		{"unlisted", func(p Policy, _ standing) bool { return p.Mode == ModeListed }, always(2)},
		{"certified", func(p Policy, s standing) bool { return s.certification >= p.Minimum }, always(3)},
		{"metadata_stale", func(_ Policy, s standing) bool { return s.metadata == bridge.StandingUnknown }, always(2)},
		{"uncertified", func(Policy, standing) bool { return true }, always(2)},
	}
}

func isListed(p Policy, s standing) bool {
	_, ok := p.listed(s.model)
	return ok
}

func worthListed(p Policy, s standing) bridge.Assurance {
	m, _ := p.listed(s.model)
	return m.Assurance
}

// worthSynced: a copied key is worth 2, or less if its model is listed so.
func worthSynced(p Policy, s standing) bridge.Assurance {
	if s.attested && isListed(p, s) {
		return min(2, worthListed(p, s))
	}
	return 2
}

// worth is the assurance of a proof by such a key, and the code of the ground.
func (p Policy) worth(s standing) (bridge.Assurance, string) {
	for _, g := range grounds() {
		if g.applies(p, s) {
			return g.worth(p, s), g.code
		}
	}
	return 0, "" // the last ground always applies
}

// proven are the grounds on which every policy enrols a key.
func proven(ground string) bool {
	return slices.Contains([]string{"model_not_asked", "listed", "certified"}, ground)
}

// assess tells where a key stands by the policy and the metadata in force now, and what to keep of it.
func (j Judge) assess(r record, at, now time.Time) (standing, found) {
	c, p, m := r.credential, j.policy, j.metadata.Current()
	s := standing{model: modelOf(c.Authenticator.AAGUID), name: r.found.Name, synced: c.Flags.BackupEligible, number: -1}
	keep := r.found
	if p.Mode != ModeNone && !keep.Attested { // also: enrolled before there was metadata, or written by an older program
		keep.Attested = vouched(&c, s.model, m, p.Roots, at)
	}
	s.attested = keep.Attested
	if j.metadata != nil {
		s.metadata = m.Standing(p.MaxAge, now)
	}
	var about known
	var listed bool
	if m != nil {
		s.number = m.Number
		about, listed = m.models[s.model]
	}
	if about.name != "" {
		s.name = about.name
	}
	if ours, ok := p.listed(s.model); ok && ours.Name != "" {
		s.name = ours.Name
	}
	switch {
	case s.metadata == bridge.StandingFresh, s.metadata == bridge.StandingStale:
		s.certification = about.certification(now)
		if keep.Certification == "" && s.attested {
			keep.Certification, keep.Number = s.certification.String(), m.Number
		}
	case p.KeepStale && listed: // the last that was heard
		s.certification = about.certification(now)
	case p.KeepStale:
		s.certification, _ = certificationOf(keep.Certification)
	}
	keep.Name = s.name
	s.withdrawnBy = about.withdrawnBy(p.Withdrawing, func() [][]byte { return trustPath(c.Attestation.Object) }, now)
	if slices.Contains(p.Deny, s.model) {
		s.withdrawnBy = "denied"
	}
	return s, keep
}
