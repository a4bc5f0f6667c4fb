package saml2

import "github.com/lanyard-hub/lanyard/metadata/xmlsec"

// writer appends XML in exclusive canonical form: attributes in order, namespaces where first used, no empty-element tags.
type writer struct{ b []byte }

func (w *writer) raw(parts ...string) {
	for _, p := range parts {
		w.b = append(w.b, p...)
	}
}

// attr writes name="value" with a space in front. The caller keeps canonical order.
func (w *writer) attr(name, value string) {
	w.raw(" ", name, `="`)
	w.b = xmlsec.EscapeAttr(w.b, value)
	w.raw(`"`)
}

// attrIf writes an attribute that has a value.
func (w *writer) attrIf(name, value string) {
	if value != "" {
		w.attr(name, value)
	}
}

func (w *writer) text(s string) { w.b = xmlsec.EscapeText(w.b, s) }

// issuer writes saml:Issuer; ns says whether the namespace has to be declared on it.
func (w *writer) issuer(entityID string, ns bool) {
	w.raw("<saml:Issuer")
	if ns {
		w.raw(` xmlns:saml="`, assertionSpace, `"`)
	}
	w.raw(">")
	w.text(entityID)
	w.raw("</saml:Issuer>")
}

// nameID writes saml:NameID, or saml:EncryptedID.
func (w *writer) nameID(n nameID, ns bool) {
	element := "saml:NameID"
	if n.sealed != nil {
		element = "saml:EncryptedID"
	}
	w.raw("<", element)
	if ns {
		w.raw(` xmlns:saml="`, assertionSpace, `"`)
	}
	w.attrIf("Format", n.Format)
	w.attrIf("NameQualifier", n.NameQualifier)
	w.attrIf("SPNameQualifier", n.SPNameQualifier)
	w.raw(">")
	w.text(n.Value)
	w.b = append(w.b, n.sealed...)
	w.raw("</", element, ">")
}
