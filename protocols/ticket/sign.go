package ticket

import (
	"bytes"
	"crypto/rand"
	"fmt"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// encode writes the role assertion, signed where the partner's terms say so.
func (p *Provider) encode(iss bridge.Issuance, partner trust.Partner, token, recipient string) ([]byte, error) {
	if !partner.Ticket.Sign {
		w := writer{indent: true}
		return p.document(&w, "null", iss, token, recipient), nil
	}
	id := "r" + p.hub.NewID()
	return p.sign(id, p.document(&writer{}, id, iss, token, recipient))
}

// sign puts an enveloped signature first into the Response (SAML 1.1 Core, sections 3.4.1 and 5.4): its one Reference names the
// ResponseID, and KeyInfo has the certificate.
func (p *Provider) sign(id string, doc []byte) ([]byte, error) {
	canonical, err := xmlsec.Canonicalize(doc, xmlsec.TicketLimits())
	if err != nil {
		return nil, fmt.Errorf("ticket: role assertion: %w", err)
	}
	key, err := p.keys().ForSAML().Signing(p.algorithm)
	if err != nil {
		return nil, fmt.Errorf("ticket: signing key: %w", err)
	}
	signing := xmlsec.SigningKey{Signer: key.Signer, Algorithm: trust.SignatureURI(p.algorithm), Certificate: key.Certificate.Raw}
	out, err := xmlsec.SignEnveloped(canonical, id, bytes.IndexByte(canonical, '>')+1, signing, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("ticket: sign: %w", err)
	}
	return out, nil
}
