package saml2

import (
	"crypto"
	"fmt"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// encrypt wraps an assertion for the partner's key as its terms say. A partner that has keys of which none can be used
// gets nothing in clear (SAML2int SDP-IDP11).
func (p *Provider) encrypt(partner trust.Partner, assertion []byte) ([]byte, error) {
	if partner.SAML.Encrypt == encryptNever || len(partner.SAML.Entity.SP.EncryptionKeys) == 0 && partner.SAML.Encrypt != encryptAlways {
		return assertion, nil
	}
	data, err := p.sealFor(partner, assertion)
	if err != nil {
		return nil, err
	}
	w := &writer{b: make([]byte, 0, len(data)+160)}
	w.raw(`<saml:EncryptedAssertion xmlns:saml="`, assertionSpace, `">`)
	w.b = append(w.b, data...)
	w.raw("</saml:EncryptedAssertion>")
	return w.b, nil
}

// sealFor encrypts to the first of the partner's keys that can be used.
func (p *Provider) sealFor(partner trust.Partner, plaintext []byte) ([]byte, error) {
	refused := bridge.Refuse(bridge.UnsupportedRequest, "%s has no key that its answers can be encrypted for.", partner.Name).WithCode("no_encryption_key")
	for _, key := range partner.SAML.Entity.SP.EncryptionKeys {
		data, err := xmlsec.Encrypt(plaintext, key, p.Rand)
		if err == nil {
			return data, nil
		}
		refused = bridge.Refuse(bridge.UnsupportedRequest, "%s lists no encryption method that is allowed here; saml.allow_cbc in its terms permits AES-CBC.", partner.Name).
			WithCode("no_encryption_key").Because(err)
	}
	return nil, refused
}

// told is the subject as it is written in what is sent to a partner: a NameID, or an EncryptedID if it is to be hidden or the
// terms say so (SAML Core 2.2.4).
// With SubjectNone it is nothing.
func (p *Provider) told(partner trust.Partner, kind trust.SubjectKind, value string, hidden bool) (nameID, error) {
	if kind == trust.SubjectNone {
		return nameID{}, nil
	}
	n := p.nameIDOf(kind, value, partner.ID)
	if !hidden && !partner.SAML.EncryptNameID {
		return n, nil
	}
	w := &writer{}
	w.nameID(n, true)
	if err := xmlsec.CheckCharacters(w.b); err != nil { // before encryption hides them
		return nameID{}, fmt.Errorf("saml2: name of the subject: %w", err)
	}
	sealed, err := p.sealFor(partner, w.b)
	return nameID{sealed: sealed}, err
}

// codeEncryptedID is on record for an EncryptedID that does not open. Its sender is told what it would be told of a subject
// that nobody knows: neither which step failed, nor whether anything did.
const codeEncryptedID = "encrypted_id"

// open replaces an EncryptedID by the NameID in it. It is for messages whose signature was verified: nobody else may have us
// decrypt (SAML Core 2.2.4). Every encryption key of the hub is tried.
func (p *Provider) open(s *subject, partner trust.Partner) bool {
	var keys []crypto.Decrypter
	for _, k := range p.Keys().Decrypting() {
		if d, ok := k.Signer.(crypto.Decrypter); ok {
			keys = append(keys, d)
		}
	}
	limits := p.limits()
	limits.CBC = partner.SAML != nil && partner.SAML.AllowCBC
	e, err := xmlsec.DecryptElement(s.sealed, limits, keys...)
	if err != nil || !e.Is(assertionSpace, "NameID") || len(e.Children) > 0 {
		return false
	}
	s.NameID, s.Encrypted, s.sealed = readNameID(e), false, nil
	return true
}
