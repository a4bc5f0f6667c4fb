package saml2

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

var errReadBack = errors.New("saml2: a strict partner would refuse this response")

// readBack reads a Response of ours as a strict partner would, before it is sent: partners in the test stage get nothing that
// does not pass. What is encrypted is read by the partner alone.
func (p *Provider) readBack(doc []byte, partner trust.Partner, st state) error {
	onAssertion, onResponse := signs(partner, st.Reply.By)
	inner := plainAssertion(doc)
	keys := p.ownKeys()
	if inner != nil && onAssertion {
		v, err := xmlsec.VerifyEnveloped(inner, ownLimits(), keys)
		if err != nil {
			return fmt.Errorf("%w: assertion: %w", errReadBack, err)
		}
		if err := checkAssertion(v.Root(), partner, st); err != nil {
			return err
		}
	}
	if !onResponse { // there is a signature inside, or in the form
		outer, err := xmlsec.AcceptUnsigned(doc, ownLimits())
		if err != nil {
			return fmt.Errorf("%w: %w", errReadBack, err)
		}
		return p.checkResponse(outer.Root(), st)
	}
	v, err := xmlsec.VerifyEnveloped(doc, ownLimits(), keys)
	if err != nil {
		return fmt.Errorf("%w: %w", errReadBack, err)
	}
	if a := v.Root().Child(assertionSpace, "Assertion"); a != nil {
		if err := checkAssertion(a, partner, st); err != nil {
			return err
		}
	}
	return p.checkResponse(v.Root(), st)
}

// plainAssertion cuts the assertion out of a Response of ours; nil if it is encrypted. Text cannot look like a tag.
func plainAssertion(doc []byte) []byte {
	start := bytes.Index(doc, []byte("<saml:Assertion "))
	end := bytes.LastIndex(doc, []byte("</saml:Assertion>"))
	if start < 0 || end < start {
		return nil
	}
	return doc[start : end+len("</saml:Assertion>")]
}

func (p *Provider) ownKeys() []crypto.PublicKey {
	var keys []crypto.PublicKey
	for _, k := range p.Keys().ForSAML().Published() {
		keys = append(keys, k.Signer.Public())
	}
	return keys
}

func (p *Provider) checkResponse(root *xmlsec.Element, st state) error {
	r := &reader{e: root}
	h := readHeader(r)
	assertions := len(root.All(assertionSpace, "Assertion")) + len(root.All(assertionSpace, "EncryptedAssertion"))
	code, _ := topStatus(root)
	switch {
	case !root.Is(protocolSpace, responseElement), h.Version != "2.0", h.Issuer.Value != p.EntityID:
		return fmt.Errorf("%w: header", errReadBack)
	case h.Destination != st.Reply.URL, r.text("InResponseTo") != st.ID:
		return fmt.Errorf("%w: address", errReadBack)
	case assertions != 1, code != statusPrefix+successTop:
		return fmt.Errorf("%w: content", errReadBack)
	}
	return nil
}

func checkAssertion(a *xmlsec.Element, partner trust.Partner, st state) error {
	data := &reader{e: descend(a, "Subject", "SubjectConfirmation", "SubjectConfirmationData")}
	audience := descend(a, "Conditions", "AudienceRestriction", "Audience")
	switch {
	case data.e == nil, audience == nil, descend(a, "AuthnStatement") == nil:
		return fmt.Errorf("%w: assertion is incomplete", errReadBack)
	case data.text("Recipient") != st.Reply.URL, data.text("InResponseTo") != st.ID, audience.Text() != partner.ID:
		return fmt.Errorf("%w: assertion is for somebody else", errReadBack)
	}
	return nil
}

// descend walks down by local names of the assertion's namespace; nil if there is nothing.
func descend(e *xmlsec.Element, path ...string) *xmlsec.Element {
	for _, local := range path {
		if e == nil {
			return nil
		}
		e = e.Child(assertionSpace, local)
	}
	return e
}

// ownLimits are wider than for what arrives: an assertion may hold the roles of a long career.
func ownLimits() xmlsec.Limits {
	l := xmlsec.MessageLimits()
	l.MaxBytes *= 8
	l.MaxText *= 8
	return l.Holding()
}
