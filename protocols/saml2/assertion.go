package saml2

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// assertionLife is how long the partner may take to consume an assertion (SAML2int: not more than five minutes).
const assertionLife = 5 * time.Minute

// assertionLead is how far the clock of a partner may be behind ours: several libraries allow for no skew of their own, and
// would refuse what begins now.
const assertionLead = time.Minute

// assertion is what one assertion says (SAML Core 2.3.3): one subject, one authentication, one attribute statement.
type assertion struct {
	id        string
	at        time.Time
	issuer    string
	request   string // InResponseTo
	recipient string // empty: nobody carries it and nobody signed in for it, it answers an attribute query
	audience  string
	subject   nameID
	class     string // of the authentication context
	iss       bridge.Issuance

	conditions *conditions // of the request; nil: none
}

// assertion writes the assertion in exclusive canonical form as a document of its own. Because its namespace is declared on
// its root the same bytes stand inside a Response. at is the offset for a signature.
//
// AttributeValue has no xsi:type: a type is a qualified name in content, whose prefix exclusive canonicalization drops.
func (p *Provider) assertion(a assertion) (doc []byte, at int, err error) {
	w := &writer{b: make([]byte, 0, 4096)}
	a.issuer = p.EntityID
	now := string(appendInstant(nil, a.at))
	from, to, refused := a.conditions.window(a.at)
	if refused != nil { // the person took too long for them
		return nil, 0, refused
	}
	if e := a.iss.Emergency; !e.IsZero() && e.Before(to) {
		to = e
	}
	end := string(appendInstant(nil, to))
	w.raw(`<saml:Assertion xmlns:saml="`, assertionSpace, `"`)
	w.attr("ID", a.id)
	w.attr("IssueInstant", now)
	w.attr("Version", "2.0")
	w.raw(">")
	w.issuer(p.EntityID, false)
	at = len(w.b)
	w.raw("<saml:Subject>")
	if a.subject.present() {
		w.nameID(a.subject, false)
	}
	w.confirmation(a, end)
	w.raw("</saml:Subject><saml:Conditions")
	w.attr("NotBefore", string(appendInstant(nil, from)))
	w.attr("NotOnOrAfter", end)
	w.raw("><saml:AudienceRestriction><saml:Audience>")
	w.text(a.audience)
	w.raw("</saml:Audience></saml:AudienceRestriction>")
	w.conditions(a.conditions)
	w.raw("</saml:Conditions>")
	if a.recipient != "" {
		w.authnStatement(a.iss, a.class)
	}
	if err := w.attributeStatement(a); err != nil {
		return nil, 0, err
	}
	w.raw("</saml:Assertion>")
	if err := xmlsec.CheckCharacters(w.b); err != nil { // before encryption hides them
		return nil, 0, fmt.Errorf("saml2: assertion: %w", err)
	}
	return w.b, at, nil
}

// confirmation says that whoever brings the assertion is its subject (SAML Profiles 4.1.4.2), and of an assertion that nobody brings
// that the partner it was made for knows its subject by other means (3.3): no other partner may take it for a sign-on.
func (w *writer) confirmation(a assertion, end string) {
	method, recipient := bearer, a.recipient
	if recipient == "" {
		method, recipient = senderVouches, a.audience
	}
	w.raw(`<saml:SubjectConfirmation Method="`, method, `"><saml:SubjectConfirmationData`)
	w.attrIf("InResponseTo", a.request)
	w.attr("NotOnOrAfter", end)
	w.attr("Recipient", recipient)
	w.raw("></saml:SubjectConfirmationData></saml:SubjectConfirmation>")
}

func (w *writer) authnStatement(iss bridge.Issuance, class string) {
	w.raw("<saml:AuthnStatement")
	w.attr("AuthnInstant", string(appendInstant(nil, iss.AuthnAt)))
	w.attr("SessionIndex", iss.Index)
	if !iss.SessionEnds.IsZero() {
		w.attr("SessionNotOnOrAfter", string(appendInstant(nil, iss.SessionEnds)))
	}
	w.raw("><saml:AuthnContext><saml:AuthnContextClassRef>")
	w.text(class)
	w.raw("</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>")
}

func (w *writer) attributeStatement(a assertion) error {
	if len(a.iss.Attributes) == 0 {
		return nil
	}
	w.raw("<saml:AttributeStatement>")
	for _, attribute := range a.iss.Attributes {
		w.raw("<saml:Attribute")
		w.attrIf("FriendlyName", attribute.Friendly)
		w.attr("Name", attribute.Name)
		w.attr("NameFormat", nameFormat(attribute))
		w.raw(">")
		for _, v := range attribute.Values {
			text, err := valueText(v)
			if err != nil {
				return fmt.Errorf("saml2: attribute %s: %w", attribute.Name, err)
			}
			w.raw("<saml:AttributeValue>")
			if attribute.Name == targetedID {
				w.nameID(nameID{Value: text, Format: metadata.NameIDPersistent, NameQualifier: a.issuer, SPNameQualifier: a.audience}, false)
			} else {
				w.text(text)
			}
			w.raw("</saml:AttributeValue>")
		}
		w.raw("</saml:Attribute>")
	}
	w.raw("</saml:AttributeStatement>")
	return nil
}

// targetedID is eduPersonTargetedID, whose values are NameID elements (eduPerson). It is deprecated, and old systems know
// nothing else.
const targetedID = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10"

// nameFormat is what the terms say, or what the name looks like (SAML Core 8.2).
func nameFormat(a bridge.Attribute) string {
	switch {
	case a.Format != "":
		return nameFormatPrefix + a.Format
	case strings.Contains(a.Name, ":"):
		return formatURI
	}
	return formatBasic
}

// valueText prints one value; structured ones as JSON.
func valueText(v any) (string, error) {
	switch x := v.(type) {
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // XML escaping is ours, and it is enough
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write value: %w", err)
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}
