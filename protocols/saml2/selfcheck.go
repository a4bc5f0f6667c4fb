package saml2

import (
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
	onAssertion, onResponse := signs(partner)
	if !onResponse {
		return nil // the signature is on the inside; encode has just made it
	}
	if onAssertion && partner.SAML.Encrypt == encryptNever {
		return nil // our own profile verifies one signature a document
	}
	var keys []crypto.PublicKey
	for _, k := range p.Keys().Published() {
		keys = append(keys, k.Signer.Public())
	}
	v, err := xmlsec.VerifyEnveloped(doc, ownLimits(), keys)
	if err != nil {
		return fmt.Errorf("%w: %w", errReadBack, err)
	}
	root := v.Root()
	r := &reader{e: root}
	h := readHeader(r)
	inResponseTo, _ := root.Attr("InResponseTo")
	assertions := len(root.All(assertionSpace, "Assertion")) + len(root.All(assertionSpace, "EncryptedAssertion"))
	code, _ := topStatus(root)
	switch {
	case !root.Is(protocolSpace, responseElement), h.Version != "2.0", h.Issuer.Value != p.EntityID:
		return fmt.Errorf("%w: header", errReadBack)
	case h.Destination != st.ACS, inResponseTo != st.ID:
		return fmt.Errorf("%w: address", errReadBack)
	case assertions != 1, code != statusPrefix+successTop:
		return fmt.Errorf("%w: content", errReadBack)
	}
	return nil
}

// ownLimits are wider than for what arrives: an assertion may hold the roles of a long career.
func ownLimits() xmlsec.Limits {
	l := xmlsec.MessageLimits()
	l.MaxBytes *= 8
	l.MaxText *= 8
	return l
}
