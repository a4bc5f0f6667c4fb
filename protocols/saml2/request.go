package saml2

import (
	"strconv"

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

// authnRequest is an AuthnRequest as written (SAML Core 3.4.1). Extensions, Conditions and Consent are passed over.
type authnRequest struct {
	header
	ForceAuthn      bool
	IsPassive       bool
	ACSURL          *string
	ACSIndex        *int
	ProtocolBinding string
	Policy          nameIDPolicy
	Subject         *subject
	Context         *requestedContext
	Scoping         scoping
}

type nameIDPolicy struct {
	Format          string
	SPNameQualifier string
}

// subject is whom a request is about.
type subject struct {
	NameID    nameID
	Encrypted bool // EncryptedID, or something else that we do not read
}

type nameID struct {
	Value, Format, NameQualifier, SPNameQualifier string
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
}

func readHeader(r *reader) header {
	return header{
		ID: r.text("ID"), Version: r.text("Version"), IssueInstant: r.text("IssueInstant"), Destination: r.text("Destination"),
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
		ACSIndex: r.index("AssertionConsumerServiceIndex"), ProtocolBinding: r.text("ProtocolBinding"),
	}
	if url, present := e.Attr("AssertionConsumerServiceURL"); present {
		req.ACSURL = &url
	}
	if c := e.Child(protocolSpace, "NameIDPolicy"); c != nil {
		req.Policy.Format, _ = c.Attr("Format")
		req.Policy.SPNameQualifier, _ = c.Attr("SPNameQualifier")
	}
	req.Subject = readSubject(e.Child(assertionSpace, "Subject"))
	req.Context = readContext(r, e.Child(protocolSpace, "RequestedAuthnContext"))
	req.Scoping = readScoping(r, e.Child(protocolSpace, "Scoping"))
	if r.err != nil {
		return req, r.err
	}
	return req, nil
}

func readSubject(e *xmlsec.Element) *subject {
	if e == nil {
		return nil
	}
	s := &subject{}
	if n := e.Child(assertionSpace, "NameID"); n != nil && len(n.Children) == 0 {
		s.NameID = readNameID(n)
		return s
	}
	s.Encrypted = true
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
			c.Classes = append(c.Classes, child.Text())
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
	s := scoping{}
	if text, present := e.Attr("ProxyCount"); present {
		n, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			r.fail("ProxyCount is not a number.")
		}
		count := int(n)
		s.ProxyCount = &count
	}
	list := e.Child(protocolSpace, "IDPList")
	if list == nil {
		return s
	}
	s.List = true
	for _, entry := range list.All(protocolSpace, "IDPEntry") {
		id, _ := entry.Attr("ProviderID")
		s.IDPs = append(s.IDPs, id)
	}
	return s
}
