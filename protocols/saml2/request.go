package saml2

import (
	"slices"
	"strings"
	"unicode"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// header is what every request and response carries (SAML Core 3.2).
type header struct {
	ID           string
	Version      string
	IssueInstant string
	Destination  string
	Issuer       issuer
}

// issuer of a message with the attributes that the profiles forbid (SAML Profiles 4.1.4.1).
type issuer struct {
	Value     string
	Format    string
	Qualified bool // NameQualifier, SPNameQualifier or SPProvidedID is present
}

// authnRequest is an AuthnRequest as written (SAML Core 3.4.1). Extensions, Consent and ProviderName are passed over.
type authnRequest struct {
	header
	ForceAuthn      bool
	IsPassive       bool
	ACSURL          *string
	ACSIndex        *int
	ProtocolBinding string
	Service         *int // AttributeConsumingServiceIndex
	Policy          nameIDPolicy
	Subject         *subject
	Conditions      *conditions
	Context         *requestedContext
	Scoping         scoping
}

// nameIDPolicy is how the subject shall be named. AllowCreate is read for its form only: identifiers are computed, so that there
// is one of every person for every partner beforehand (SAML Core 3.4.1.1).
type nameIDPolicy struct {
	Format          string
	SPNameQualifier string
}

// subject is whom a request is about.
type subject struct {
	NameID    nameID
	Encrypted bool // EncryptedID that is not open yet, or something else that we do not read
	Confirmed bool // there is a SubjectConfirmation that asks for anything but the bearer that every answer has
	Vouched   bool // there is one that asks for no more than the sender's word

	sealed *xmlsec.Element // the EncryptedID
}

type nameID struct {
	Value, Format, NameQualifier, SPNameQualifier string

	sealed []byte // EncryptedData to write in its place; never set in what was read
}

type requestedContext struct {
	Comparison   string // exact, minimum, maximum or better
	Classes      []string
	Declarations bool // AuthnContextDeclRef: none is known here
}

type scoping struct {
	ProxyCount *int
	IDPs       []string // ProviderIDs of the IDPList
	List       bool     // there is an IDPList
	Requesters []string // RequesterIDs: on whose behalf the partner says it asks
}

func readHeader(r *reader) header {
	return header{
		ID: r.text("ID"), Version: r.text("Version"), IssueInstant: trimmed(r.text("IssueInstant")), Destination: r.uri("Destination"),
		Issuer: readIssuer(r.e.Child(assertionSpace, "Issuer")),
	}
}

func readIssuer(e *xmlsec.Element) issuer {
	if e == nil {
		return issuer{}
	}
	i := issuer{Value: e.Text()}
	i.Format, _ = e.Attr("Format")
	for _, name := range []string{"NameQualifier", "SPNameQualifier", "SPProvidedID"} {
		if _, present := e.Attr(name); present {
			i.Qualified = true
		}
	}
	return i
}

// readAuthnRequest reads a verified element, once.
func readAuthnRequest(e *xmlsec.Element) (authnRequest, error) {
	if !e.Is(protocolSpace, "AuthnRequest") {
		return authnRequest{}, badRequest("message_type", "The message is not a sign-in request.")
	}
	r := &reader{e: e}
	r.sequence("a:Issuer", "p:Extensions", "a:Subject", "p:NameIDPolicy", "a:Conditions", "p:RequestedAuthnContext", "p:Scoping")
	req := authnRequest{
		header: readHeader(r), ForceAuthn: r.bool("ForceAuthn"), IsPassive: r.bool("IsPassive"),
		ACSIndex: r.index("AssertionConsumerServiceIndex"), ProtocolBinding: r.uri("ProtocolBinding"),
		Service: r.index("AttributeConsumingServiceIndex"),
	}
	if url, present := e.Attr("AssertionConsumerServiceURL"); present {
		req.ACSURL = &url
	}
	req.Policy = readPolicy(r, e.Child(protocolSpace, "NameIDPolicy"))
	req.Subject = readSubject(r, e.Child(assertionSpace, "Subject"))
	req.Conditions = readConditions(r, e.Child(assertionSpace, "Conditions"))
	req.Context = readContext(r, e.Child(protocolSpace, "RequestedAuthnContext"))
	req.Scoping = readScoping(r, e.Child(protocolSpace, "Scoping"))
	if r.err != nil {
		return req, r.err
	}
	return req, nil
}

func readPolicy(r *reader, e *xmlsec.Element) nameIDPolicy {
	if e == nil {
		return nameIDPolicy{}
	}
	within := &reader{e: e}
	within.bool("AllowCreate")
	if within.err != nil {
		r.fail(within.err.Detail)
	}
	return nameIDPolicy{Format: within.uri("Format"), SPNameQualifier: within.text("SPNameQualifier")}
}

func readSubject(r *reader, e *xmlsec.Element) *subject {
	if e == nil {
		return nil
	}
	within := &reader{e: e}
	within.sequence("a:BaseID", "a:NameID", "a:EncryptedID", "a:SubjectConfirmation*")
	if within.oneOf("a:BaseID", "a:NameID", "a:EncryptedID"); within.err != nil && r.err == nil {
		r.err = within.err
	}
	s := &subject{}
	for _, c := range e.All(assertionSpace, "SubjectConfirmation") {
		method, _ := c.Attr("Method")
		s.Confirmed = s.Confirmed || method != bearer || len(c.Children) > 0
		s.Vouched = s.Vouched || method == senderVouches && len(c.Children) == 0
	}
	if n := e.Child(assertionSpace, "NameID"); n != nil && len(n.Children) == 0 {
		s.NameID = readNameID(n)
		return s
	}
	s.Encrypted, s.sealed = true, e.Child(assertionSpace, "EncryptedID")
	return s
}

func readNameID(e *xmlsec.Element) nameID {
	n := nameID{Value: e.Text()}
	n.Format, _ = e.Attr("Format")
	n.NameQualifier, _ = e.Attr("NameQualifier")
	n.SPNameQualifier, _ = e.Attr("SPNameQualifier")
	return n
}

func readContext(r *reader, e *xmlsec.Element) *requestedContext {
	if e == nil {
		return nil
	}
	c := &requestedContext{Comparison: "exact"}
	if s, present := e.Attr("Comparison"); present {
		c.Comparison = s
	}
	switch c.Comparison {
	case "exact", "minimum", "maximum", "better":
	default:
		r.fail("Comparison is not one of four.")
	}
	for _, child := range e.Children {
		switch {
		case child.Is(assertionSpace, "AuthnContextClassRef"):
			c.Classes = append(c.Classes, trimmed(child.Text()))
		case child.Is(assertionSpace, "AuthnContextDeclRef"):
			c.Declarations = true
		default:
			r.fail("RequestedAuthnContext holds something unknown.")
		}
	}
	if len(c.Classes) == 0 && !c.Declarations || len(c.Classes) > 0 && c.Declarations {
		r.fail("RequestedAuthnContext does not hold one kind of reference.")
	}
	return c
}

func readScoping(r *reader, e *xmlsec.Element) scoping {
	if e == nil {
		return scoping{}
	}
	within := &reader{e: e}
	within.sequence("p:IDPList", "p:RequesterID*")
	s := scoping{ProxyCount: readCount(within, e, "ProxyCount"), Requesters: readRequesters(e)}
	if list := e.Child(protocolSpace, "IDPList"); list != nil {
		s.List = true
		entries := &reader{e: list}
		entries.sequence("p:IDPEntry*", "p:GetComplete")
		for _, entry := range list.All(protocolSpace, "IDPEntry") {
			id, _ := entry.Attr("ProviderID")
			s.IDPs = append(s.IDPs, trimmed(id))
		}
		if entries.err != nil || len(s.IDPs) == 0 || slices.Contains(s.IDPs, "") {
			within.fail("IDPList does not name providers.")
		}
	}
	if within.err != nil {
		r.fail(within.err.Detail)
	}
	return s
}

// maxRequesters bounds what is put on record of them; each is at most 256 bytes.
const maxRequesters = 8

func notPrintable(r rune) bool { return !unicode.IsPrint(r) }

func readRequesters(e *xmlsec.Element) []string {
	var out []string
	for _, id := range e.All(protocolSpace, "RequesterID") {
		text := strings.Join(strings.Fields(id.Text()), "")
		if text != "" && len(text) <= 256 && len(out) < maxRequesters && !strings.ContainsFunc(text, notPrintable) {
			out = append(out, text)
		}
	}
	return out
}
