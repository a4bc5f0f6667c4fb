package demo

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

const (
	protocolSpace  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertionSpace = "urn:oasis:names:tc:SAML:2.0:assertion"
	success        = "urn:oasis:names:tc:SAML:2.0:status:Success"
)

// soap takes a LogoutRequest from the hub's server, which crewjam/saml does not know (SAML Bindings 3.2). Only
// a request that the hub signed ends anything.
func (p *pas) soap(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "The request is too large.", http.StatusRequestEntityTooLarge)
		return
	}
	inner, err := xmlsec.SOAPBody(body, xmlsec.MessageLimits())
	var req logoutRequest
	if err == nil {
		req, err = p.readLogout(inner)
	}
	if err != nil {
		p.ladder.add(message{From: atHub, To: p.Short, Title: "LogoutRequest", How: "server to server by SOAP", Ticks: []tick{failed("%v", err)}})
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, envelope(`<soap:Fault><faultcode>soap:Client</faultcode><faultstring>not accepted</faultstring></soap:Fault>`))
		return
	}
	n := p.desk.end(func(v visit) bool { return v.subject == req.subject && (req.index == "" || v.index == req.index) })
	p.ladder.add(message{
		From: atHub, To: p.Short, Title: "LogoutRequest", How: "server to server by SOAP", Body: prettyXML(inner),
		Ticks: []tick{checked("Signature by the key in the hub's metadata"), checked("Addressed to this app, new, and in time"), checked("%d session of this app ended", n)},
	})
	answer, err := p.logoutResponse(req.id)
	if err != nil {
		http.Error(w, "The answer could not be made.", http.StatusInternalServerError)
		return
	}
	p.ladder.add(message{From: p.Short, To: atHub, Title: "LogoutResponse, Success", How: "server to server by SOAP, signed", Body: prettyXML(answer)})
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = io.WriteString(w, envelope(string(answer))) // the hub went away: it will tell us again
}

func envelope(inner string) string {
	return `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>` + inner + `</soap:Body></soap:Envelope>`
}

type logoutRequest struct{ id, subject, index string }

var errLogout = errors.New("not a sign-out request of the hub")

// readLogout verifies a LogoutRequest (SAML Core 3.7.1) and judges it.
func (p *pas) readLogout(doc []byte) (logoutRequest, error) {
	v, err := xmlsec.VerifyEnveloped(doc, xmlsec.MessageLimits(), p.hubKeys)
	if err != nil {
		return logoutRequest{}, fmt.Errorf("%w: %w", errLogout, err)
	}
	root := v.Root()
	id, _ := root.Attr("ID")
	to, _ := root.Attr("Destination")
	end, _ := root.Attr("NotOnOrAfter")
	limit, err := time.Parse(time.RFC3339, end)
	issuer, name := root.Child(assertionSpace, "Issuer"), root.Child(assertionSpace, "NameID")
	switch {
	case !root.Is(protocolSpace, "LogoutRequest"), issuer == nil, name == nil, id == "":
		return logoutRequest{}, errLogout
	case issuer.Text() != p.sp.IDPMetadata.EntityID:
		return logoutRequest{}, fmt.Errorf("%w: issuer", errLogout)
	case to != p.URL+"saml/slo/soap":
		return logoutRequest{}, fmt.Errorf("%w: destination", errLogout)
	case err != nil, !p.desk.clock().Before(limit):
		return logoutRequest{}, fmt.Errorf("%w: too late", errLogout)
	}
	req := logoutRequest{id: id, subject: name.Text()}
	if e := root.Child(protocolSpace, "SessionIndex"); e != nil {
		req.index = e.Text()
	}
	return req, nil
}

func (p *pas) signingKey() xmlsec.SigningKey {
	return xmlsec.SigningKey{Signer: p.key, Algorithm: xmlsec.RSASHA256}
}

func attr(s string) string { return string(xmlsec.EscapeAttr(nil, s)) }

func text(s string) string { return string(xmlsec.EscapeText(nil, s)) }

// logoutResponse writes a signed LogoutResponse (SAML Core 3.7.2) in exclusive canonical form.
func (p *pas) logoutResponse(request string) ([]byte, error) {
	id := newID()
	head := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" ID="` + id + `" InResponseTo="` + attr(request) +
		`" IssueInstant="` + p.now() + `" Version="2.0">` + p.issuer()
	doc := head + `<samlp:Status><samlp:StatusCode Value="` + success + `"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
	signed, err := xmlsec.SignEnveloped([]byte(doc), id, len(head), p.signingKey(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("demo: sign logout response: %w", err)
	}
	return signed, nil
}

func (p *pas) issuer() string {
	return `<saml:Issuer xmlns:saml="` + assertionSpace + `">` + text(p.ID) + `</saml:Issuer>`
}

func (p *pas) now() string { return p.desk.clock().UTC().Format("2006-01-02T15:04:05Z") }

// logout ends the session here and asks the hub to end all others, by a signed HTTP-Redirect.
func (p *pas) logout(w http.ResponseWriter, r *http.Request) {
	v, ok := p.desk.leave(w, r)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.ladder.begin("PAS, SAML 2.0: sign out everywhere")
	id := newID()
	hub := p.sp.IDPMetadata.EntityID
	doc := `<samlp:LogoutRequest xmlns:samlp="` + protocolSpace + `" Destination="` + attr(p.hubSLO) + `" ID="` + id + `" IssueInstant="` + p.now() +
		`" Version="2.0">` + p.issuer() + `<saml:NameID xmlns:saml="` + assertionSpace + `" Format="` + attr(v.format) + `" NameQualifier="` + attr(hub) +
		`" SPNameQualifier="` + attr(p.ID) + `">` + text(v.subject) + `</saml:NameID><samlp:SessionIndex>` + text(v.index) + `</samlp:SessionIndex></samlp:LogoutRequest>`
	target, err := p.redirect(p.hubSLO, "SAMLRequest", []byte(doc))
	if err != nil {
		p.refuse(w, "Sign-out could not be asked for", err)
		return
	}
	p.remember(id)
	p.ladder.add(message{From: p.Short, To: atHub, Title: "LogoutRequest", How: "through the browser by HTTP-Redirect, signed RSA-SHA256", Body: prettyXML([]byte(doc))})
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// redirect codes and signs a message for HTTP-Redirect (SAML Bindings 3.4.4.1).
func (p *pas) redirect(to, name string, doc []byte) (string, error) {
	var packed bytes.Buffer
	z, err := flate.NewWriter(&packed, flate.BestCompression)
	if err == nil {
		_, err = z.Write(doc)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return "", fmt.Errorf("demo: compress: %w", err)
	}
	query := name + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes())) + "&SigAlg=" + url.QueryEscape(xmlsec.RSASHA256)
	signature, err := xmlsec.SignDetached([]byte(query), p.signingKey(), rand.Reader)
	if err != nil {
		return "", fmt.Errorf("demo: sign: %w", err)
	}
	return to + "?" + query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

func (p *pas) remember(id string) {
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	p.replies[id] = true
}

// answered reports whether id is a sign-out that was asked for, once.
func (p *pas) answered(id string) bool {
	p.desk.mu.Lock()
	defer p.desk.mu.Unlock()
	ok := p.replies[id]
	delete(p.replies, id)
	return ok
}

// slo takes the hub's LogoutResponse through the browser.
func (p *pas) slo(w http.ResponseWriter, r *http.Request) {
	doc, err := inflated(r.URL.Query().Get("SAMLResponse"))
	var v xmlsec.Verified
	if err == nil {
		octets, _, _ := strings.Cut(r.URL.RawQuery, "&Signature=")
		signature, _ := base64.StdEncoding.DecodeString(r.URL.Query().Get("Signature"))
		v, err = xmlsec.VerifyDetached(doc, xmlsec.MessageLimits(), []byte(octets), r.URL.Query().Get("SigAlg"), signature, p.hubKeys)
	}
	if err != nil {
		p.refuse(w, "Sign-out answer not accepted", err)
		return
	}
	request, _ := v.Root().Attr("InResponseTo")
	if !v.Root().Is(protocolSpace, "LogoutResponse") || !p.answered(request) {
		p.refuse(w, "Sign-out answer not accepted", errLogout)
		return
	}
	p.ladder.add(message{From: atHub, To: p.Short, Title: "LogoutResponse", How: "through the browser by HTTP-Redirect", Body: prettyXML(doc), Ticks: []tick{checked("Signature by the key in the hub's metadata"), checked("It answers a request of this app")}})
	http.Redirect(w, r, "/?out", http.StatusSeeOther)
}
