package saml2

import (
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

func FuzzRedirectQuery(f *testing.F) {
	w := newWorld(f)
	query := redirectQuery(f, "SAMLRequest", w.authn().xml(), "state")
	f.Add(query)
	f.Add(signedQuery(f, query, signing(keys().sp)))
	f.Add("SAMLRequest=%zz&SAML%52equest=&RelayState&Signature=;")
	f.Fuzz(func(t *testing.T, query string) {
		m, err := w.p.decodeRedirect(query)
		if err != nil {
			mustRefuse(t, err)
			return
		}
		if len(m.xml) > maxMessage || len(m.relay.Value) > maxRelay {
			t.Errorf("limits: %d, %d", len(m.xml), len(m.relay.Value))
		}
		// what another reader would take is what we took
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatalf("another reader refuses %q: %v", query, err)
		}
		if n := len(values["SAMLRequest"]) + len(values["SAMLResponse"]); n != 1 || values.Get("RelayState") != m.relay.Value {
			t.Errorf("another reader sees %d messages, RelayState %q", n, values.Get("RelayState"))
		}
		if d := m.detached; d != nil && !strings.HasPrefix(string(d.octets), "SAMLRe") {
			t.Errorf("signed octets %q", d.octets)
		}
	})
}

func FuzzPostBody(f *testing.F) {
	w := newWorld(f)
	f.Add(form("SAMLRequest", w.authn().xml()).Encode())
	f.Add("SAMLRequest=" + packed(f, w.authn().xml()) + "&RelayState=x")
	f.Add("SAMLResponse=PA==&SAMLResponse=PA==")
	f.Fuzz(func(t *testing.T, body string) {
		r := newForm(SSOPath, nil)
		r.Body = readCloser{strings.NewReader(body)}
		m, err := w.p.decodePOST(r)
		if err != nil {
			mustRefuse(t, err)
			return
		}
		if len(m.xml) > maxMessage || m.detached != nil {
			t.Errorf("%d bytes, detached %v", len(m.xml), m.detached)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func FuzzAuthnRequest(f *testing.F) {
	w := newWorld(f)
	a := w.authn()
	f.Add(a.xml())
	a.attrs = ` AssertionConsumerServiceURL="` + spACS + `" ForceAuthn="1" IsPassive="0" ProtocolBinding="x"`
	a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID>x</saml:NameID></saml:Subject><samlp:NameIDPolicy Format="x"/>` +
		`<samlp:RequestedAuthnContext Comparison="better"><saml:AuthnContextClassRef xmlns:saml="` + assertionSpace + `">x</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>` +
		`<samlp:Scoping ProxyCount="1"><samlp:IDPList><samlp:IDPEntry ProviderID="x"/></samlp:IDPList></samlp:Scoping>`
	f.Add(a.xml())
	f.Add(envelopedBy(f, w.authn().xml(), signing(keys().sp)))
	for _, r := range requests() {
		a := w.authn()
		a.attrs, a.body = r.attrs, r.body
		f.Add(a.xml())
	}
	f.Fuzz(func(t *testing.T, doc string) {
		q, err := w.p.examine(t.Context(), message{by: byPOST, xml: doc})
		if err != nil {
			mustRefuse(t, err)
			return
		}
		narrowed(t, w, q.req.Conditions)
		if q.req.Issuer.Value != spID || !q.reply.registered(q.partner) || !isNCName(q.req.ID) {
			t.Errorf("accepted %+v", q)
		}
		if _, err := q.request(); err != nil {
			t.Error(err)
		}
	})
}

// narrowed checks that what a request wants of the assertion leaves it well formed, for the partner alone and valid no longer.
func narrowed(t *testing.T, w *world, c *conditions) {
	doc, _, err := w.p.assertion(assertion{id: "_a", at: w.now, recipient: spACS, audience: spID, subject: nameID{Value: "x"}, conditions: c})
	if err != nil {
		t.Fatal(err)
	}
	v, err := xmlsec.AcceptUnsigned(doc, ownLimits())
	if err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	e := descend(v.Root(), "Conditions")
	from, err1 := parseInstant(attr(e, "NotBefore"))
	to, err2 := parseInstant(attr(e, "NotOnOrAfter"))
	if err1 != nil || err2 != nil || from.Before(w.now.Add(-assertionLead)) || to.After(w.now.Add(assertionLife)) || !from.Before(to) || !to.After(w.now) {
		t.Fatalf("window: %s", doc)
	}
	if len(e.All(assertionSpace, "AudienceRestriction")) != 1 || descend(e, "AudienceRestriction", "Audience").Text() != spID {
		t.Fatalf("audience: %s", doc)
	}
}

func FuzzLogoutRequest(f *testing.F) {
	w := newWorld(f)
	f.Add(w.logoutXML("_1", spID, issuerURL+SLOPath, patel, "a", "b"))
	f.Add(envelopedBy(f, w.logoutXML("_2", spID, issuerURL+SLOPath, patel), signing(keys().sp)))
	f.Fuzz(func(t *testing.T, doc string) {
		if v, err := xmlsec.AcceptUnsigned([]byte(doc), xmlsec.MessageLimits()); err == nil {
			if req, err := readLogoutRequest(v.Root()); err == nil && len(req.Indexes) > maxIndexes {
				t.Errorf("%d indexes", len(req.Indexes))
			}
			if _, err := readLogoutResponse(v.Root()); err != nil {
				mustRefuse(t, err)
			}
		}
		q, err := w.p.examineLogout(t.Context(), message{by: byPOST, xml: doc}, issuerURL+SLOPath)
		if err != nil {
			mustRefuse(t, err)
			return
		}
		if !q.signed || q.partner.ID != spID {
			t.Errorf("accepted %+v", q)
		}
	})
}

func FuzzSOAP(f *testing.F) {
	w := newWorld(f)
	f.Add(envelope([]byte(w.logoutXML("_1", spID, "", patel, "a"))))
	f.Add(envelope([]byte(envelopedBy(f, w.logoutXML("_2", spID, "", patel), signing(keys().sp)))))
	f.Add([]byte(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header/><e:Body/></e:Envelope>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rec := w.postSOAP(body)
		if rec.Code != 200 && rec.Code != 500 {
			t.Errorf("%d", rec.Code)
		}
		if _, err := xmlsec.SOAPBody(rec.Body.Bytes(), ownLimits()); err != nil {
			t.Errorf("answer %s: %v", rec.Body, err)
		}
		_ = w.p.readSOAPAnswer(body, w.partners[spID], "_1", true) // must not panic; nothing it returns is unexpected
	})
}

// mustRefuse wants every error of hostile input to be a refusal with a code of its own.
func mustRefuse(t *testing.T, err error) {
	t.Helper()
	if r := bridge.AsRefusal(err); r.Reason == bridge.Internal || r.AuditCode() == "" {
		t.Errorf("not a refusal: %v", err)
	}
}
