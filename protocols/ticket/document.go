package ticket

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// The window of a role assertion around its issue, as the field's broker gives it.
const (
	notBefore = 3 * time.Minute
	notAfter  = time.Minute
)

const attributeNamespace = "http://www.syntegra.com"

// writer writes the document, line by line and indented as the field's samples are, or without any space between elements. Text and
// attribute values are escaped here and nowhere else.
type writer struct {
	bytes.Buffer
	indent bool
	depth  int
}

func (w *writer) line(raw string) {
	if !w.indent {
		w.WriteString(raw)
		return
	}
	for range w.depth {
		w.WriteString("    ")
	}
	w.WriteString(raw)
	w.WriteByte('\n')
}

func (w *writer) open(raw string)  { w.line("<" + raw + ">"); w.depth++ }
func (w *writer) close(tag string) { w.depth--; w.line("</" + tag + ">") }

func (w *writer) element(startTag, endTag, text string) {
	w.line("<" + startTag + ">" + string(xmlsec.EscapeText(nil, text)) + "</" + endTag + ">")
}

func (w *writer) attribute(f fact) {
	w.open(`saml:Attribute AttributeName="` + f.name + `" AttributeNamespace="` + attributeNamespace + `"`)
	for _, v := range f.values {
		w.element("saml:AttributeValue", "saml:AttributeValue", v)
	}
	w.close("saml:Attribute")
}

func attr(s string) string { return string(xmlsec.EscapeAttr(nil, s)) }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// document is the role assertion: a SAML 1.x Response with one Assertion, header block, person block and
// one block for each role profile released; each nhsIdCode starts a block.
func (p *Provider) document(w *writer, id string, iss bridge.Issuance, token, recipient string) []byte {
	issuer, now := p.kit.Issuer.String(), stamp(iss.At)
	w.open(`samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" ResponseID="` + id + `" InResponseTo="null" MajorVersion="1" MinorVersion="1" IssueInstant="` + now + `" Recipient="` + attr(recipient) + `"`)
	w.status("samlp:Success")
	w.open(`saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="` + p.assertionID() + `" Issuer="` + attr(issuer) + `" IssueInstant="` + now + `"`)
	w.conditions(iss)
	w.open("saml:AttributeStatement")
	w.open("saml:Subject")
	w.nameIdentifier(iss.Subject)
	w.open("saml:SubjectConfirmation")
	w.element("saml:ConfirmationMethod", "saml:ConfirmationMethod", "urn:com:sun:identity")
	w.open("saml:SubjectConfirmationData")
	w.open(`saml:Assertion MajorVersion="1" MinorVersion="1" AssertionID="` + p.assertionID() + `" Issuer="` + attr(issuer) + `" IssueInstant="` + now + `"`)
	w.conditions(iss)
	w.authentication(iss, token, recipient)
	w.close("saml:Assertion")
	w.close("saml:SubjectConfirmationData")
	w.close("saml:SubjectConfirmation")
	w.close("saml:Subject")
	person, roles := blocks(iss, p.mode)
	for _, f := range slices.Concat(person, slices.Concat(roles...)) {
		w.attribute(f)
	}
	w.close("saml:AttributeStatement")
	w.close("saml:Assertion")
	w.close("samlp:Response")
	return w.Bytes()
}

func (p *Provider) assertionID() string { return "a" + p.hub.NewID() }

func (w *writer) status(code string) {
	w.open("samlp:Status")
	w.line(`<samlp:StatusCode Value="` + code + `"/>`)
	w.close("samlp:Status")
}

func (w *writer) conditions(iss bridge.Issuance) {
	end := iss.At.Add(notAfter)
	if !iss.Emergency.IsZero() && iss.Emergency.Before(end) {
		end = iss.Emergency
	}
	w.line(`<saml:Conditions NotBefore="` + stamp(iss.At.Add(-notBefore)) + `" NotOnOrAfter="` + stamp(end) + `"/>`)
}

// loginModule is the AuthenticationMethod of every sign-in but one: emergency access is said to be what it is.
const loginModule = "urn:com:sun:identity:ExtendedLoginModule"

func authenticationMethod(iss bridge.Issuance) string {
	if !iss.Emergency.IsZero() {
		return iss.Class
	}
	return loginModule
}

func (w *writer) nameIdentifier(uid string) {
	w.element(`saml:NameIdentifier NameQualifier="o=nhs"`, "saml:NameIdentifier", "uid="+uid+",ou=People,o=nhs")
}

func (w *writer) authentication(iss bridge.Issuance, token, address string) {
	w.open(`saml:AuthenticationStatement AuthenticationInstant="` + stamp(iss.AuthnAt) + `" AuthenticationMethod="` + attr(authenticationMethod(iss)) + `"`)
	w.open("saml:Subject")
	w.nameIdentifier(iss.Subject)
	w.open("saml:SubjectConfirmation")
	w.element("saml:ConfirmationMethod", "saml:ConfirmationMethod", "urn:com:sun:identity")
	w.element("saml:SubjectConfirmationData", "saml:SubjectConfirmationData", token)
	w.close("saml:SubjectConfirmation")
	w.close("saml:Subject")
	w.line(`<saml:SubjectLocality IPAddress="` + attr(address) + `"/>`)
	w.close("saml:AuthenticationStatement")
}

func writeXML(w http.ResponseWriter, status int, doc []byte) {
	writeWhole(w, status, "text/xml; charset=utf-8", doc)
}

func writeWhole(w http.ResponseWriter, status int, contentType string, doc []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(doc)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(doc) // the caller went away: nothing to do about it
}
