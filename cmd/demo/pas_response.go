package demo

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/crewjam/saml"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// acs takes the hub's answer. The library checks signature, audience, recipient, time, and that it answers the
// request which the RelayState names. The browser comes for the result by itself, with its cookies.
func (p *pas) acs(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.refuse(w, "The hub's answer cannot be read", err)
		return
	}
	state := r.PostForm.Get("RelayState")
	begun, ok := p.desk.find(state)
	if !ok {
		p.refuse(w, "Sign-in not finished", errNotBegun)
		return
	}
	assertion, err := p.sp.ParseResponse(r, []string{begun.request})
	if err != nil {
		p.onError(w, r, err)
		return
	}
	if err := p.park(r, state, assertion); err != nil {
		p.refuse(w, "Sign-in not finished", err)
		return
	}
	http.Redirect(w, r, "/arrive?state="+url.QueryEscape(state), http.StatusSeeOther)
}

// park keeps what a verified assertion says until its browser arrives.
func (p *pas) park(r *http.Request, state string, a *saml.Assertion) error {
	if a.Subject == nil || a.Subject.NameID == nil || len(a.AuthnStatements) == 0 {
		return errors.New("the assertion names nobody")
	}
	raw, err := base64.StdEncoding.DecodeString(r.PostFormValue("SAMLResponse"))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	shown, encrypted := p.open(raw)
	signed := algorithmName(between(string(shown), `SignatureMethod Algorithm="`, `"`))
	v := visit{
		Name: value(a, "displayName"), UID: value(a, "uid"), Role: lastQuoted(value(a, "nhsJobRole")), Org: value(a, "nhsOrganisation"),
		How:     "by SAML 2.0, assertion signed " + signed,
		subject: a.Subject.NameID.Value, format: a.Subject.NameID.Format, index: a.AuthnStatements[0].SessionIndex,
		Received: []document{{"Attributes", attributes(a)}, {"The assertion, decrypted", prettyXML(shown)}, {"The response, as it came through the browser", prettyXML(raw)}},
		Ticks: []tick{
			checked("Signature %s by the key in the hub's metadata", signed), checked("Issuer is the hub"),
			checked("Audience is this app, and the answer came to its registered address"), checked("It answers a request of this app, once, and is in time"),
		},
	}
	if encrypted != "" {
		v.How += ", encrypted " + encrypted
		v.Ticks = append([]tick{checked("Decrypted with this app's own key, %s", encrypted)}, v.Ticks...)
	}
	p.ladder.add(message{From: atHub, To: p.Short, Title: "Response with an assertion", How: "through the browser by HTTP-POST", Body: prettyXML(shown), Ticks: v.Ticks})
	if !p.desk.park(state, v) {
		return errNotBegun
	}
	return nil
}

// open decrypts the assertion of a response for showing.
func (p *pas) open(response []byte) (assertion []byte, algorithm string) {
	v, err := xmlsec.AcceptVouched(response, xmlsec.MetadataLimits())
	if err != nil {
		return response, ""
	}
	e := v.Root().Child("urn:oasis:names:tc:SAML:2.0:assertion", "EncryptedAssertion")
	if e == nil {
		return response, ""
	}
	plain, err := xmlsec.Decrypt(e, p.key)
	if err != nil {
		return response, ""
	}
	return plain, algorithmName(between(string(e.Raw()), `EncryptionMethod Algorithm="`, `"`))
}

// algorithmName is a URI as people call it: the fragment, in capitals.
func algorithmName(uri string) string {
	_, name, ok := strings.Cut(uri, "#")
	if !ok {
		return uri
	}
	name = strings.ToUpper(name)
	return strings.Replace(name, "AES128", "AES-128", 1)
}

func between(s, from, to string) string {
	_, s, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return s
}

// value is the first value of an attribute, by its friendly name.
func value(a *saml.Assertion, friendly string) string {
	for _, s := range a.AttributeStatements {
		for _, attribute := range s.Attributes {
			if attribute.FriendlyName == friendly && len(attribute.Values) > 0 {
				return attribute.Values[0].Value
			}
		}
	}
	return ""
}

// attributes lists what was released, one a line.
func attributes(a *saml.Assertion) string {
	var b strings.Builder
	fmt.Fprintf(&b, "NameID = %s\n         (%s)\n", a.Subject.NameID.Value, a.Subject.NameID.Format)
	for _, s := range a.AttributeStatements {
		for _, one := range s.Attributes {
			var values []string
			for _, v := range one.Values {
				values = append(values, v.Value)
			}
			fmt.Fprintf(&b, "%s = %s\n", one.FriendlyName, strings.Join(values, "; "))
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// lastQuoted is the job role of a role name: "Clinical":"Clinical Provision":"Nurse Access Role".
func lastQuoted(name string) string {
	parts := strings.Split(name, ":")
	return strings.Trim(parts[len(parts)-1], `"`)
}

// onError shows why an answer was not accepted: the hub's own words if it refused.
func (p *pas) onError(w http.ResponseWriter, r *http.Request, err error) {
	var invalid *saml.InvalidResponseError
	if errors.As(err, &invalid) {
		err = invalid.PrivateErr
		var status saml.ErrBadStatus
		if errors.As(err, &status) {
			var said struct {
				Status struct {
					Message string `xml:"StatusMessage"`
				} `xml:"Status"`
			}
			if xml.Unmarshal([]byte(invalid.Response), &said) == nil && said.Status.Message != "" {
				err = errors.New(strings.TrimSuffix(said.Status.Message, "."))
			}
			p.ladder.add(message{From: atHub, To: p.Short, Title: "Response without an assertion", How: "through the browser by HTTP-POST", Body: prettyXML([]byte(invalid.Response))})
			p.desk.take(r, r.PostFormValue("RelayState"))
		}
	}
	p.refuse(w, "The hub did not sign you in", err)
}

// newID is an XML ID.
func newID() string { return "_" + rand.Text() }
