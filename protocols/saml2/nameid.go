package saml2

import (
	"context"
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// formatOf is the NameID format in which a partner knows the subject (SAML Core 8.3).
func formatOf(kind trust.SubjectKind) string {
	switch kind {
	case trust.SubjectPairwise:
		return metadata.NameIDPersistent
	case trust.SubjectTransient:
		return metadata.NameIDTransient
	case trust.SubjectEmail:
		return metadata.NameIDEmail
	case trust.SubjectUID:
	}
	return metadata.NameIDUnspecified
}

// toldAs reports whether a partner's NameID is the one that this participant was told.
func (p *Provider) toldAs(c bridge.Participant, n nameID) bool {
	return c.Format != trust.SubjectNone && n.names(p.nameIDOf(trust.SubjectKind(c.Format), c.Subject, c.Partner))
}

// nameIDOf is the subject as a partner is told. Identifiers that mean something to this pair alone say so.
func (p *Provider) nameIDOf(kind trust.SubjectKind, value, partner string) nameID {
	n := nameID{Value: value, Format: formatOf(kind)}
	if kind == trust.SubjectPairwise || kind == trust.SubjectTransient {
		n.NameQualifier, n.SPNameQualifier = p.EntityID, partner
	}
	return n
}

// kindAsked is how the subject of one answer is named (SAML Core 3.4.1.1): as the terms say, or in the asked format if that
// tells no more. Many libraries ask for a format of their own by default, and nobody should be locked out by that: what means
// something to one partner, or in one session, alone tells less than a name or an address; a name that lasts tells more than
// one that does not, or than none at all.
func kindAsked(format string, terms trust.SubjectKind) (trust.SubjectKind, bool) {
	switch {
	case format == nameIDEncrypted && terms == trust.SubjectNone:
		return terms, false
	case format == "", format == metadata.NameIDUnspecified, format == nameIDEncrypted, format == formatOf(terms):
		return terms, true
	case format == metadata.NameIDTransient:
		return trust.SubjectTransient, true
	case format == metadata.NameIDPersistent && terms != trust.SubjectTransient && terms != trust.SubjectNone:
		return trust.SubjectPairwise, true
	}
	return terms, false
}

// namedBefore has a partner that is told no name be told the transient one again that it was told in this session, at its asking: only by
// that can it ask for a sign-out of what it knows, and be told of one.
func (p *Provider) namedBefore(ctx context.Context, kind trust.SubjectKind, session, partner string) (trust.SubjectKind, error) {
	if kind != trust.SubjectNone {
		return kind, nil
	}
	all, err := p.Hub.Participants.Participants(ctx, session)
	if err != nil {
		return kind, fmt.Errorf("saml2: find what a partner was told: %w", err)
	}
	if slices.ContainsFunc(all, func(c bridge.Participant) bool {
		return c.Protocol == trust.SAML2 && c.Partner == partner && c.Format == string(trust.SubjectTransient)
	}) {
		return trust.SubjectTransient, nil
	}
	return kind, nil
}

// checkPolicy compares what the request asks for with what the terms allow.
func checkPolicy(policy nameIDPolicy, partner trust.Partner) *bridge.Refusal {
	if policy.SPNameQualifier != "" && policy.SPNameQualifier != partner.ID {
		return bridge.Refuse(bridge.InvalidNameIDPolicy, "Identifiers of another system's name space are not given out.").WithCode("sp_name_qualifier")
	}
	if policy.Format == nameIDEncrypted && !slices.ContainsFunc(partner.SAML.Entity.SP.EncryptionKeys, xmlsec.EncryptionKey.Usable) {
		return bridge.Refuse(bridge.InvalidNameIDPolicy, "%s asked for an encrypted subject identifier, and has no key that it can be encrypted for.", partner.Name).WithCode("no_encryption_key")
	}
	switch _, ok := kindAsked(policy.Format, partner.Terms.Subject); {
	case ok:
		return nil
	case policy.Format == metadata.NameIDEmail:
		return bridge.Refuse(bridge.InvalidNameIDPolicy, "%s asked for an e-mail address as subject identifier, and is not registered for that.", partner.Name)
	}
	return bridge.Refuse(bridge.InvalidNameIDPolicy, "The asked kind of subject identifier is not what this system is registered for.")
}

// present reports whether there is a name to write: the terms may say that there is none (SAML Core 2.4.1).
func (n nameID) present() bool { return n.Value != "" || n.sealed != nil }

// names reports whether a partner's NameID is the one it was told. Qualifiers may be left out (samlify does), and so
// may the format.
func (n nameID) names(told nameID) bool {
	return n.Value == told.Value && n.Value != "" &&
		(n.Format == "" || n.Format == metadata.NameIDUnspecified || n.Format == told.Format) &&
		(n.NameQualifier == "" || n.NameQualifier == told.NameQualifier) &&
		(n.SPNameQualifier == "" || n.SPNameQualifier == told.SPNameQualifier)
}
