package saml2

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// authn builds AuthnRequests as a partner would; tests change what they attack.
type authn struct {
	id, version, destination, issuer, issuerAttrs, instant, attrs, body string
}

func (w *world) authn() authn {
	return authn{
		id: "_" + w.hub.NewID(), version: "2.0", destination: issuerURL + SSOPath, issuer: spID, instant: w.now.Format(instantLayout),
	}
}

func (a authn) xml() string {
	destination := ""
	if a.destination != "" {
		destination = ` Destination="` + a.destination + `"`
	}
	instant := ""
	if a.instant != "" {
		instant = ` IssueInstant="` + a.instant + `"`
	}
	return `<samlp:AuthnRequest xmlns:samlp="` + protocolSpace + `"` + a.attrs + destination + ` ID="` + a.id + `"` + instant + ` Version="` + a.version + `">` +
		`<saml:Issuer xmlns:saml="` + assertionSpace + `"` + a.issuerAttrs + `>` + a.issuer + `</saml:Issuer>` + a.body + `</samlp:AuthnRequest>`
}

// envelopedBy signs a message whose root has an Issuer.
func envelopedBy(t testing.TB, doc string, key xmlsec.SigningKey) string {
	t.Helper()
	canonical, err := xmlsec.Canonicalize([]byte(doc), xmlsec.MessageLimits())
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(canonical), ` ID="`)
	if !ok {
		t.Fatal("no ID")
	}
	id, _, _ := strings.Cut(rest, `"`)
	at := bytes.Index(canonical, []byte("</saml:Issuer>")) + len("</saml:Issuer>")
	signed, err := xmlsec.SignEnveloped(canonical, id, at, key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(signed)
}

func deflated(t testing.TB, doc string) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write([]byte(doc)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func packed(t testing.TB, doc string) string {
	return url.QueryEscape(base64.StdEncoding.EncodeToString(deflated(t, doc)))
}

func redirectQuery(t testing.TB, name, doc, relay string) string {
	q := name + "=" + packed(t, doc)
	if relay != "" {
		q += "&RelayState=" + url.QueryEscape(relay)
	}
	return q
}

// signedQuery adds SigAlg and Signature.
func signedQuery(t testing.TB, query string, key xmlsec.SigningKey) string {
	t.Helper()
	query += "&SigAlg=" + url.QueryEscape(key.Algorithm)
	sig, err := xmlsec.SignDetached([]byte(query), key, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(sig))
}

func form(name, doc string) url.Values {
	return url.Values{name: {base64.StdEncoding.EncodeToString([]byte(doc))}}
}

// said is a Response as a strict partner read it.
type said struct {
	raw        []byte
	root       *xmlsec.Element
	assertion  *xmlsec.Element // nil: none
	encrypted  bool
	top, under string
	message    string
	relay      *string
	to         string
	vouched    bool // something around it was signed: the form, or an ArtifactResponse
}

func hubKeys() []crypto.PublicKey {
	return []crypto.PublicKey{keys().hub.Public(), hubEC().Public(), hubP384().Public(), hubP521().Public()}
}

// read takes the page, verifies and decrypts as a strict partner does. It fails the test if there is no page.
func (w *world) read(rec *httptest.ResponseRecorder) said {
	w.t.Helper()
	page, ok := readPage(rec)
	if !ok || rec.Code != 200 {
		w.t.Fatalf("no page that posts, but %d: %s (%s)", rec.Code, rec.Body, w.lastReason())
	}
	raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLResponse"])
	if err != nil {
		w.t.Fatal(err)
	}
	s := said{raw: raw, to: page.action}
	if relay, ok := page.fields["RelayState"]; ok {
		s.relay = &relay
	}
	w.verifySaid(&s)
	if to := attr(s.root, "Destination"); to != s.to {
		w.t.Errorf("posted to %s, but for %q", s.to, to)
	}
	return s
}

func (w *world) verifySaid(s *said) {
	w.t.Helper()
	claim, err := xmlsec.ReadClaim(s.raw, ownLimits())
	if err != nil {
		w.t.Fatalf("%v\n%s", err, s.raw)
	}
	if claim.Signed {
		v, err := xmlsec.VerifyEnveloped(s.raw, ownLimits(), hubKeys())
		if err != nil {
			w.t.Fatalf("%v\n%s", err, s.raw)
		}
		s.root = v.Root()
	} else {
		v, err := xmlsec.AcceptUnsigned(s.raw, ownLimits())
		if err != nil {
			w.t.Fatal(err)
		}
		s.root = v.Root()
	}
	s.top, s.under = topStatus(s.root)
	s.top, s.under = strings.TrimPrefix(s.top, statusPrefix), strings.TrimPrefix(s.under, statusPrefix)
	if m := s.root.Child(protocolSpace, "Status").Child(protocolSpace, "StatusMessage"); m != nil {
		s.message = m.Text()
	}
	s.assertion = s.root.Child(assertionSpace, "Assertion")
	if e := s.root.Child(assertionSpace, "EncryptedAssertion"); e != nil {
		plain, err := xmlsec.Decrypt(e, keys().encryption)
		if err != nil {
			w.t.Fatal(err)
		}
		s.encrypted = true
		sent.keep(w.t.Name()+", decrypted", plain)
		s.assertion = w.openAssertion(plain, claim.Signed || s.vouched)
	} else if s.assertion != nil {
		s.assertion = w.openAssertion(s.assertion.Raw(), claim.Signed || s.vouched)
	}
}

// openAssertion verifies an assertion taken out of its Response if nothing around it is signed.
func (w *world) openAssertion(doc []byte, vouched bool) *xmlsec.Element {
	w.t.Helper()
	claim, err := xmlsec.ReadClaim(doc, ownLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	if !claim.Signed {
		if !vouched {
			w.t.Fatalf("nothing is signed: %s", doc)
		}
		v, err := xmlsec.AcceptUnsigned(doc, ownLimits())
		if err != nil {
			w.t.Fatal(err)
		}
		return v.Root()
	}
	v, err := xmlsec.VerifyEnveloped(doc, ownLimits(), hubKeys())
	if err != nil {
		w.t.Fatalf("%v\n%s", err, doc)
	}
	return v.Root()
}

func attr(e *xmlsec.Element, name string) string {
	if e == nil {
		return ""
	}
	s, _ := e.Attr(name)
	return s
}

// nameID is whom the assertion is about, decrypted if it is encrypted.
func (s said) nameID() string {
	if e := descend(s.assertion, "Subject", "EncryptedID"); e != nil {
		opened, err := xmlsec.DecryptElement(e, ownLimits(), keys().encryption)
		if err != nil {
			return err.Error()
		}
		sent.keep("a decrypted NameID", opened.Raw())
		return opened.Text()
	}
	return descend(s.assertion, "Subject", "NameID").Text()
}

func (s said) index() string { return attr(descend(s.assertion, "AuthnStatement"), "SessionIndex") }

func (s said) values(name string) []string {
	var out []string
	statement := descend(s.assertion, "AttributeStatement")
	if statement == nil {
		return nil
	}
	for _, a := range statement.All(assertionSpace, "Attribute") {
		if attr(a, "Name") == name {
			for _, v := range a.All(assertionSpace, "AttributeValue") {
				out = append(out, v.Text())
			}
		}
	}
	return out
}

// signOn runs one whole sign-on by Redirect.
func (w *world) signOn(b *browser, a authn) said {
	w.t.Helper()
	return w.read(b.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", a.xml(), "state")))
}

// logout builds LogoutRequests as a partner would.
func (w *world) logoutXML(id, issuer, destination, name string, indexes ...string) string {
	index := ""
	for _, i := range indexes {
		index += "<samlp:SessionIndex>" + i + "</samlp:SessionIndex>"
	}
	if destination != "" {
		destination = ` Destination="` + destination + `"`
	}
	return fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="%s"%s ID="%s" IssueInstant="%s" Version="2.0"><saml:Issuer xmlns:saml="%s">%s</saml:Issuer>`+
		`<saml:NameID xmlns:saml="%s">%s</saml:NameID>%s</samlp:LogoutRequest>`,
		protocolSpace, destination, id, w.now.Format(instantLayout), assertionSpace, issuer, assertionSpace, name, index)
}

func (w *world) sessionLives(b *browser) bool {
	secret := b.jar["__Host-lanyard-session"]
	s, err := w.store.SessionByKey(w.t.Context(), bridgeKey(secret))
	return err == nil && s.Ended.IsZero()
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func bridgeKey(secret string) string { return bridge.Key(secret) }
