package saml2

import (
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// asyncSpace is the namespace of the extension by which nobody waits for an answer (SAML V2.0 Asynchronous Single Logout
// Profile Extension 1.0).
const asyncSpace = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"

// logoutRequest is a LogoutRequest as written (SAML Core 3.7.1).
type logoutRequest struct {
	header
	NotOnOrAfter string
	Subject      subject
	Indexes      []string
	Async        bool // the sender wants no answer
}

// maxIndexes bounds the sessions that one LogoutRequest may name.
const maxIndexes = 32

func readLogoutRequest(e *xmlsec.Element) (logoutRequest, error) {
	if !e.Is(protocolSpace, "LogoutRequest") {
		return logoutRequest{}, badRequest("message_type", "The message is not a sign-out request.")
	}
	r := &reader{e: e}
	r.sequence("a:Issuer", "p:Extensions", "a:BaseID", "a:NameID", "a:EncryptedID", "p:SessionIndex*")
	r.oneOf("a:BaseID", "a:NameID", "a:EncryptedID")
	req := logoutRequest{header: readHeader(r), NotOnOrAfter: trimmed(r.text("NotOnOrAfter"))}
	if n := e.Child(assertionSpace, "NameID"); n != nil && len(n.Children) == 0 {
		req.Subject.NameID = readNameID(n)
	} else {
		req.Subject.Encrypted, req.Subject.sealed = true, e.Child(assertionSpace, "EncryptedID")
	}
	if x := e.Child(protocolSpace, "Extensions"); x != nil {
		req.Async = x.Child(asyncSpace, "Asynchronous") != nil
	}
	for _, index := range e.All(protocolSpace, "SessionIndex") {
		req.Indexes = append(req.Indexes, index.Text())
	}
	if len(req.Indexes) > maxIndexes {
		r.fail("LogoutRequest names too many sessions.")
	}
	if r.err != nil {
		return req, r.err
	}
	return req, nil
}

// logoutResponse is a LogoutResponse as written (SAML Core 3.7.2).
type logoutResponse struct {
	header
	InResponseTo string
	Top, Second  string // status codes, without their common prefix
}

func readLogoutResponse(e *xmlsec.Element) (logoutResponse, error) {
	if !e.Is(protocolSpace, logoutElement) {
		return logoutResponse{}, badRequest("message_type", "The message is not an answer to a sign-out request.")
	}
	r := &reader{e: e}
	r.sequence("a:Issuer", "p:Extensions", "p:Status")
	res := logoutResponse{header: readHeader(r), InResponseTo: r.text("InResponseTo")}
	res.Top, res.Second = topStatus(e)
	if r.err != nil {
		return res, r.err
	}
	return res, nil
}

// topStatus returns the status code and the one inside it, as URIs.
func topStatus(e *xmlsec.Element) (top, second string) {
	s := e.Child(protocolSpace, "Status")
	if s == nil {
		return "", ""
	}
	code := s.Child(protocolSpace, "StatusCode")
	if code == nil {
		return "", ""
	}
	top, _ = code.Attr("Value")
	if inner := code.Child(protocolSpace, "StatusCode"); inner != nil {
		second, _ = inner.Attr("Value")
	}
	return top, second
}

// ended reports whether the partner says that its session is over: so does PartialLogout, of its own.
func (r logoutResponse) ended() bool {
	return r.Top == statusPrefix+successTop || r.Second == statusPrefix+partialLogout
}

// unknown reports whether the partner says that it has no session of this subject. By SOAP, where nothing but the request
// tells the partner whom it is about, that is as good as an end. In a browser it may mean no more than a cookie that did not
// come along.
func (r logoutResponse) unknown() bool { return r.Second == statusPrefix+unknownPrincipal }

// disowns reports whether the partner says that the request does not fit what it has, and not that it failed to end that: it knows nobody of that
// name, or its session in this browser is by another.
func (r logoutResponse) disowns() bool { return r.unknown() || r.Top == statusPrefix+requesterTop }

// expired reports whether NotOnOrAfter has passed, or cannot be read.
func (r logoutRequest) expired(now time.Time, skew time.Duration) bool {
	if r.NotOnOrAfter == "" {
		return false
	}
	end, err := parseInstant(r.NotOnOrAfter)
	return err != nil || !now.Before(end.Add(skew))
}
