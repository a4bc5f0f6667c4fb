package saml2

import (
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// What a partner's terms say of signatures and encryption.
const (
	signAssertion    = "assertion"
	signBoth         = "both"
	encryptAlways    = "always"
	encryptNever     = "never"
	successTop       = "Success"
	partialLogout    = "PartialLogout"
	requesterTop     = "Requester"
	unknownPrincipal = "UnknownPrincipal"
	responseElement  = "Response"
	logoutElement    = "LogoutResponse"
)

// signs says what is signed for a partner: the response, whose signature covers the assertion in it. A partner that wants its
// assertions signed gets that as well: metadata cannot say that the response is wanted signed too, and some want both
// (SAML2int SDP-IDP09). Its terms may ask for one signature of either kind.
//
// By POST-SimpleSign the signature of the response is in the form (SimpleSign 2.5.1), whatever the terms say. What goes into a SOAP
// envelope has the response signed in any case: partners there ask for it, or for trust in the connection.
func signs(partner trust.Partner, by binding) (assertion, response bool) {
	response = by != bySimpleSign
	switch partner.SAML.Sign {
	case signAssertion:
		return true, by == bySOAP || by == byPAOS
	case signBoth:
		return true, response
	case "":
		return partner.SAML.Entity.SP.WantAssertionsSigned, response
	}
	return false, response
}

// encode writes the answer to a request: the signed Response, as it is posted. Its IssueInstant is now.
func (p *Provider) encode(partner trust.Partner, st state, iss bridge.Issuance) ([]byte, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return nil, err
	}
	subject, err := p.told(partner, iss.SubjectKind, iss.Subject, st.Format == nameIDEncrypted)
	if err != nil {
		return nil, err
	}
	now := p.Hub.Clock()
	a := assertion{
		id: p.newID(), at: now, request: st.ID, recipient: st.Reply.URL, audience: partner.ID, iss: iss,
		subject: subject, class: stated(partner, iss), conditions: st.Conditions,
	}
	doc, at, err := p.assertion(a)
	if err != nil {
		return nil, err
	}
	onAssertion, onResponse := signs(partner, st.Reply.By)
	if onAssertion {
		if doc, err = xmlsec.SignEnveloped(doc, a.id, at, key, p.Rand); err != nil {
			return nil, fmt.Errorf("saml2: sign assertion: %w", err)
		}
	}
	if doc, err = p.encrypt(partner, doc); err != nil {
		return nil, err
	}
	r := response{element: responseElement, id: p.newID(), at: now, to: st.Reply.URL, request: st.ID, status: status{top: successTop}}
	out, at := p.response(r, doc)
	if onResponse {
		if out, err = xmlsec.SignEnveloped(out, r.id, at, key, p.Rand); err != nil {
			return nil, fmt.Errorf("saml2: sign response: %w", err)
		}
	}
	return out, nil
}

// response is a StatusResponse (SAML Core 3.2.2): Response or LogoutResponse.
type response struct {
	element string
	id      string
	at      time.Time
	to      string // Destination; empty: none
	request string // InResponseTo
	status  status
	message string
}

// response writes a StatusResponse in exclusive canonical form around content that already is. at is the offset for a signature.
func (p *Provider) response(r response, content []byte) (doc []byte, at int) {
	w := &writer{b: make([]byte, 0, len(content)+1536)}
	w.raw("<samlp:", r.element, ` xmlns:samlp="`, protocolSpace, `"`)
	w.attrIf("Destination", r.to)
	w.attr("ID", r.id)
	w.attrIf("InResponseTo", r.request)
	w.attr("IssueInstant", string(appendInstant(nil, r.at)))
	w.attr("Version", "2.0")
	w.raw(">")
	w.issuer(p.EntityID, true)
	at = len(w.b)
	w.status(r.status, r.message)
	w.b = append(w.b, content...)
	w.raw("</samlp:", r.element, ">")
	return w.b, at
}

// status writes Status (SAML Core 3.2.2.1).
func (w *writer) status(st status, message string) {
	w.raw(`<samlp:Status><samlp:StatusCode Value="`, statusPrefix, st.top, `">`)
	if st.second != "" {
		w.raw(`<samlp:StatusCode Value="`, statusPrefix, st.second, `"></samlp:StatusCode>`)
	}
	w.raw("</samlp:StatusCode>")
	if message != "" {
		w.raw("<samlp:StatusMessage>")
		w.text(message)
		w.raw("</samlp:StatusMessage>")
	}
	w.raw("</samlp:Status>")
}

// encodeRefusal writes the signed Response that tells a partner why there is no assertion.
func (p *Provider) encodeRefusal(partner trust.Partner, st state, r *bridge.Refusal, ref string) ([]byte, error) {
	key, err := p.signingKey(partner)
	if err != nil {
		return nil, err
	}
	message := r.Detail
	if ref != "" {
		message += " (reference " + ref + ")"
	}
	out := response{
		element: responseElement, id: p.newID(), at: p.Hub.Clock(), to: st.Reply.URL, request: st.ID, status: statusOf(r), message: message,
	}
	doc, at := p.response(out, nil)
	if st.Reply.By == bySimpleSign {
		return doc, nil
	}
	if doc, err = xmlsec.SignEnveloped(doc, out.id, at, key, p.Rand); err != nil {
		return nil, fmt.Errorf("saml2: sign response: %w", err)
	}
	return doc, nil
}
