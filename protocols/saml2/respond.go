package saml2

import (
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// What a partner's terms say of signatures and encryption.
const (
	signAssertion    = "assertion"
	signBoth         = "both"
	encryptAlways    = "always"
	encryptNever     = "never"
	defaultKeyAlg    = keyring.RS256
	successTop       = "Success"
	partialLogout    = "PartialLogout"
	unknownPrincipal = "UnknownPrincipal"
	responseElement  = "Response"
	logoutElement    = "LogoutResponse"
)

// signingKey is the hub's key for a partner.
func (p *Provider) signingKey(partner trust.Partner) (xmlsec.SigningKey, error) {
	alg := keyring.Algorithm(partner.SAML.Algorithm)
	if alg == "" {
		alg = defaultKeyAlg
	}
	k, err := p.Keys().Signing(alg)
	if err != nil {
		return xmlsec.SigningKey{}, fmt.Errorf("saml2: %w", err)
	}
	return keyFor(k), nil
}

func keyFor(k keyring.Key) xmlsec.SigningKey {
	uri := xmlsec.RSASHA256
	if k.Algorithm == keyring.ES256 {
		uri = xmlsec.ECDSASHA256
	}
	return xmlsec.SigningKey{Signer: k.Signer, Algorithm: uri, Certificate: k.Certificate.Raw}
}

// signs says what is signed for a partner: the response, whose signature covers the assertion in it. A partner that wants its
// assertions signed gets that as well: metadata cannot say that the response is wanted signed too, and some want both
// (SAML2int SDP-IDP09). Its terms may ask for one signature of either kind.
//
// By POST-SimpleSign the signature of the response is in the form (SimpleSign 2.5.1), whatever the terms say.
func signs(partner trust.Partner, by binding) (assertion, response bool) {
	response = by != bySimpleSign
	switch partner.SAML.Sign {
	case signAssertion:
		return true, false
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
	now := p.Hub.Clock()
	a := assertion{
		id: p.newID(), at: now, request: st.ID, recipient: st.Reply.URL, audience: partner.ID, iss: iss,
		subject: p.nameIDOf(iss.SubjectKind, iss.Subject, partner.ID), class: stated(partner, iss), conditions: st.Conditions,
	}
	if st.Format == nameIDEncrypted {
		if a.hidden, err = p.encryptedID(partner, a.subject); err != nil {
			return nil, err
		}
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

// encrypt wraps an assertion for the partner's key as its terms say. A partner that has keys of which none can be used
// gets nothing in clear (SAML2int SDP-IDP11).
func (p *Provider) encrypt(partner trust.Partner, assertion []byte) ([]byte, error) {
	keys := partner.SAML.Entity.SP.EncryptionKeys
	if partner.SAML.Encrypt == encryptNever || len(keys) == 0 && partner.SAML.Encrypt != encryptAlways {
		return assertion, nil
	}
	refused := bridge.Refuse(bridge.UnsupportedRequest, "%s has no key that its answers can be encrypted for.", partner.Name).WithCode("no_encryption_key")
	for _, key := range keys {
		data, err := xmlsec.Encrypt(assertion, key, p.Rand)
		if err != nil {
			refused = bridge.Refuse(bridge.UnsupportedRequest, "%s lists no encryption method that is allowed here; saml.allow_cbc in its terms permits AES-CBC.", partner.Name).
				WithCode("no_encryption_key").Because(err)
			continue
		}
		w := &writer{b: make([]byte, 0, len(data)+160)}
		w.raw(`<saml:EncryptedAssertion xmlns:saml="`, assertionSpace, `">`)
		w.b = append(w.b, data...)
		w.raw("</saml:EncryptedAssertion>")
		return w.b, nil
	}
	return nil, refused
}

// response is a StatusResponse (SAML Core 3.2.2): Response or LogoutResponse.
type response struct {
	element string
	prefix  string // of its namespace; empty: samlp. Content that declares samlp itself needs another
	id      string
	at      time.Time
	to      string // Destination; empty: none
	request string // InResponseTo
	status  status
	message string
}

// response writes a StatusResponse in exclusive canonical form around content that already is. at is the offset for a signature.
func (p *Provider) response(r response, content []byte) (doc []byte, at int) {
	w := &writer{b: make([]byte, 0, len(content)+4096)}
	prefix := r.prefix
	if prefix == "" {
		prefix = "samlp"
	}
	w.raw("<", prefix, ":", r.element, " xmlns:", prefix, `="`, protocolSpace, `"`)
	w.attrIf("Destination", r.to)
	w.attr("ID", r.id)
	w.attrIf("InResponseTo", r.request)
	w.attr("IssueInstant", string(appendInstant(nil, r.at)))
	w.attr("Version", "2.0")
	w.raw(">")
	w.issuer(p.EntityID, true)
	at = len(w.b)
	w.status(prefix, r.status, r.message)
	w.b = append(w.b, content...)
	w.raw("</", prefix, ":", r.element, ">")
	return w.b, at
}

// status writes Status (SAML Core 3.2.2.1).
func (w *writer) status(prefix string, st status, message string) {
	w.raw("<", prefix, ":Status><", prefix, `:StatusCode Value="`, statusPrefix, st.top, `">`)
	if st.second != "" {
		w.raw("<", prefix, `:StatusCode Value="`, statusPrefix, st.second, `"></`, prefix, ":StatusCode>")
	}
	w.raw("</", prefix, ":StatusCode>")
	if message != "" {
		w.raw("<", prefix, ":StatusMessage>")
		w.text(message)
		w.raw("</", prefix, ":StatusMessage>")
	}
	w.raw("</", prefix, ":Status>")
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
