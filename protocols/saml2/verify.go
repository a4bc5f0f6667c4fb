package saml2

import (
	"errors"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// sender is a partner as far as its message is concerned.
type sender struct {
	partner trust.Partner
	signed  bool // one of the partner's signing keys made the message's signature
}

// verify finds the partner that a message claims to be from and lets the message through the gate: with its signature
// verified by a key of that partner, or without one. A signature is verified or fatal, never ignored.
func (p *Provider) verify(m message) (*xmlsec.Element, sender, error) {
	limits := p.limits()
	claim, err := xmlsec.ReadClaim(m.xml, limits)
	if err != nil {
		return nil, sender{}, refuseXML(err)
	}
	if claim.Issuer == "" {
		return nil, sender{}, badRequest("issuer", "The message does not say who sent it.")
	}
	from, err := p.partner(claim.Issuer)
	if err != nil {
		return nil, sender{}, err
	}
	if m.from != "" && m.from != from.ID {
		return nil, sender{partner: from}, badRequest("issuer", "The message was handed over by another system than its sender.")
	}
	return verifyClaim(m, claim, from, limits)
}

// verifySigned is verify for what must be signed, whatever its binding; else it is refused in these words.
func (p *Provider) verifySigned(m message, unsigned string) (*xmlsec.Element, sender, error) {
	root, from, err := p.verify(m)
	if err == nil && !from.signed {
		return nil, from, bridge.Refuse(bridge.BadSignature, "%s", unsigned).WithCode("unsigned")
	}
	return root, from, err
}

// verifyFrom is verify for what must come from a partner that is known already.
func verifyFrom(m message, from trust.Partner, limits xmlsec.Limits) (*xmlsec.Element, sender, error) {
	claim, err := xmlsec.ReadClaim(m.xml, limits)
	if err != nil {
		return nil, sender{}, refuseXML(err)
	}
	return verifyClaim(m, claim, from, limits)
}

func verifyClaim(m message, claim xmlsec.Claim, from trust.Partner, limits xmlsec.Limits) (*xmlsec.Element, sender, error) {
	var v xmlsec.Verified
	var err error
	limits.InclusiveC14N = from.SAML.AllowInclusiveC14N
	keys := from.SAML.Entity.SP.SigningKeys
	s := sender{partner: from, signed: true}
	misplaced := claim.Signed && m.by == byRedirect && (m.detached != nil || !from.SAML.AllowSignedInside) // SAML Bindings 3.4.4.1
	switch {
	case m.detached != nil:
		v, err = xmlsec.VerifyDetached(m.xml, limits, m.detached.octets, m.detached.algorithm, m.detached.value, keys)
	case claim.Signed && !misplaced: // by Redirect too where the terms allow it: as by POST, RelayState is not covered
		v, err = xmlsec.VerifyEnveloped(m.xml, limits, keys)
	default: // a misplaced signature is refused here
		v, err = xmlsec.AcceptUnsigned(m.xml, limits)
		s.signed = m.vouched
	}
	if err != nil {
		refused := refuseXML(err)
		if misplaced { // several libraries do both: to say which saves their integrators a day
			refused.Detail = "The message is signed inside. By Redirect the address is signed, and the message in it is not."
		}
		return nil, sender{partner: from}, refused
	}
	root := v.Root()
	if len(root.Children) == 0 || !root.Children[0].Is(assertionSpace, "Issuer") || root.Children[0].Text() != from.ID {
		return nil, sender{partner: from}, badRequest("issuer", "The message does not say who sent it.")
	}
	return root, s, nil
}

// partner finds a service provider that may be answered, by its exact entity id.
func (p *Provider) partner(entityID string) (trust.Partner, error) {
	if len(entityID) > 1024 {
		return trust.Partner{}, badRequest("issuer", "The sender's name is longer than 1024 characters.")
	}
	found, err := p.Hub.Partner(trust.SAML2, entityID)
	if err != nil {
		return trust.Partner{}, err
	}
	if found.SAML == nil || found.SAML.Entity.SP == nil {
		return trust.Partner{}, bridge.Refuse(bridge.UnknownPartner, "This system is not registered with this hub.")
	}
	return found, nil
}

// refuseXML turns an error of xmlsec into a refusal with the same code.
func refuseXML(err error) *bridge.Refusal {
	reason, detail := bridge.BadRequest, "The message is not acceptable XML."
	if errors.Is(err, xmlsec.ErrSignature) || errors.Is(err, xmlsec.ErrKey) {
		reason, detail = bridge.BadSignature, "The message is not signed as its sender is registered to sign."
	}
	e, ok := errors.AsType[*xmlsec.Error](err)
	if !ok {
		return bridge.Refuse(reason, "%s", detail).Because(err)
	}
	if e.Code == xmlsec.CodeAlgorithm {
		detail = "The message is signed with an algorithm that is not accepted here, such as SHA-1."
	}
	if e.Code == xmlsec.CodeMustUnderstand {
		detail = "A SOAP header block that must be understood is not known here. A client takes off those that are for itself."
	}
	if e.Code == xmlsec.CodeC14N {
		detail = "The message is signed by a canonicalization or transform that is not accepted here. It must be the exclusive one."
	}
	return bridge.Refuse(reason, "%s", detail).Because(err).WithCode(e.Code)
}
