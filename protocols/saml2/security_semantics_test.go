package saml2

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// addressAttacks are rows 97 to 100: where the answer goes.
func addressAttacks() []attack {
	acs := func(url string) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(_ *world, a *authn) { a.attrs = ` AssertionConsumerServiceURL="` + url + `"` })
	}
	attrs := func(s string) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(_ *world, a *authn) { a.attrs = s })
	}
	attacks := []attack{
		{"098", "URL and index", attrs(` AssertionConsumerServiceIndex="1" AssertionConsumerServiceURL="` + spACS + `"`), 400, "", "acs_twice"},
		{"098", "index and another's binding", attrs(` AssertionConsumerServiceIndex="1" ProtocolBinding="` + string(byArtifact) + `"`), 0, "Requester/UnsupportedBinding", "unsupported_binding"},
		{"099", "unknown index", attrs(` AssertionConsumerServiceIndex="5"`), 400, "", "bad_reply_address"},
		{"099", "rubbish index", attrs(` AssertionConsumerServiceIndex="-1"`), 400, "", "schema"},
		{"099", "huge index", attrs(` AssertionConsumerServiceIndex="65537"`), 400, "", "schema"},
		{"100", "index of PAOS", attrs(` AssertionConsumerServiceIndex="9"`), 0, "Requester/UnsupportedBinding", "unsupported_binding"},
		{"100", "URL of PAOS", acs(spACS + "/paos"), 0, "Requester/UnsupportedBinding", "unsupported_binding"},
		{"100", "ProtocolBinding", attrs(` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"`), 0, "Requester/UnsupportedBinding", "unsupported_binding"},
		{"100", "ProtocolBinding for an address of nobody", attrs(` AssertionConsumerServiceURL="https://evil.example/" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:PAOS"`), 400, "", "bad_reply_address"},
	}
	for _, url := range []string{
		"https://evil.example/acs", spACS + "/sub", "https://pas.example:8443/acs", "https://pas.example@evil.example/acs", "https://PAS.example/acs",
		"https://pas.example./acs", spACS + "/", "https://pas.example/x/%2e%2e/acs", spACS + "?a=b", spACS + "#a", "", "javascript:alert(1)", " " + spACS,
	} {
		attacks = append(attacks, attack{"097", url, acs(url), 400, "", "bad_reply_address"})
	}
	return attacks
}

// semanticAttacks are rows 101 to 115: what a well-formed request may not have.
func semanticAttacks() []attack {
	body := func(s string) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(_ *world, a *authn) { a.body = s })
	}
	instant := func(s string) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(_ *world, a *authn) { a.instant = s })
	}
	off := func(d time.Duration) func(*world, *browser) *httptest.ResponseRecorder {
		return changed(func(w *world, a *authn) { a.instant = w.now.Add(d).Format(instantLayout) })
	}
	destination := func(s string) func(*world, *browser) *httptest.ResponseRecorder {
		return getQuery(func(w *world) string {
			a := w.authn()
			a.destination = s
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", a.xml(), ""), signing(keys().sp))
		})
	}
	context := func(comparison, class string) func(*world, *browser) *httptest.ResponseRecorder {
		return body(`<samlp:RequestedAuthnContext Comparison="` + comparison + `"><saml:AuthnContextClassRef xmlns:saml="` + assertionSpace + `">` + class +
			`</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`)
	}
	subject := func(inner string) func(*world, *browser) *httptest.ResponseRecorder {
		return body(`<saml:Subject xmlns:saml="` + assertionSpace + `">` + inner + `</saml:Subject>`)
	}
	policy := func(attrs string) func(*world, *browser) *httptest.ResponseRecorder {
		return body(`<samlp:NameIDPolicy` + attrs + `/>`)
	}
	passive := func(force string) func(*world, *browser) *httptest.ResponseRecorder {
		return func(w *world, b *browser) *httptest.ResponseRecorder {
			who := b
			if force == "" {
				who = w.browser() // without a session
			}
			a := w.authn()
			a.attrs = force + ` IsPassive="true"`
			return who.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", a.xml(), ""))
		}
	}
	const password = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	return []attack{
		{"101", "replay in a new session", func(w *world, b *browser) *httptest.ResponseRecorder {
			a := w.authn()
			a.id = "_twice"
			if err := w.store.Put(w.t.Context(), bridge.Artifact{Kind: bridge.KindReplay, Key: replayKey(spID, "_twice"), Expires: w.now.Add(time.Hour)}, false); err != nil {
				w.t.Fatal(err)
			}
			return b.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", a.xml(), ""))
		}, 400, "", "replayed_request"},
		{"102", "a year ahead", off(365 * 24 * time.Hour), 400, "", "future_request"},
		{"102", "4 minutes ahead", off(4 * time.Minute), 400, "", "future_request"},
		{"102", "9 minutes old", off(-9 * time.Minute), 400, "", "stale_request"},
		{"102", "missing", instant(""), 400, "", "issue_instant"},
		{"102", "24:00:00", instant("2026-11-22T24:00:00Z"), 400, "", "issue_instant"},
		{"102", "no Z", instant("2026-11-23T09:00:00"), 400, "", "issue_instant"},
		{"102", "offset", instant("2026-11-23T09:00:00+00:00"), 400, "", "issue_instant"},
		{"102", "leap second", instant("2026-11-23T08:59:60Z"), 400, "", "issue_instant"},
		{"102", "year 10000", instant("10000-11-23T09:00:00Z"), 400, "", "issue_instant"},
		{"102", "comma", instant("2026-11-23T09:00:00,5Z"), 400, "", "issue_instant"},
		{"102", "February 30th", instant("2026-02-30T09:00:00Z"), 400, "", "issue_instant"},
		{"103", "no Destination", destination(""), 400, "", "destination"},
		{"103", "other host", destination("https://evil.example" + SSOPath), 400, "", "destination"},
		{"103", "other path", destination(issuerURL + SLOPath), 400, "", "destination"},
		{"103", "unsigned, other host", changed(func(_ *world, a *authn) { a.destination = "https://evil.example/" }), 400, "", "destination"},
		{"104", "no Issuer", postRequest(func(w *world) string {
			d := w.authn().xml()
			return d[:strings.Index(d, "<saml:Issuer")] + d[strings.Index(d, "</saml:Issuer>")+len("</saml:Issuer>"):]
		}), 400, "", "issuer"},
		{"104", "empty Issuer", changed(func(_ *world, a *authn) { a.issuer = "" }), 400, "", "issuer"},
		{"104", "Format", changed(func(_ *world, a *authn) {
			a.issuerAttrs = ` Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`
		}), 400, "", "issuer"},
		{"104", "NameQualifier", changed(func(_ *world, a *authn) { a.issuerAttrs = ` NameQualifier="x"` }), 400, "", "issuer"},
		{"105", "2.1", changed(func(_ *world, a *authn) { a.version = "2.1" }), 0, "VersionMismatch/RequestVersionTooHigh", "version_too_high"},
		{"105", "1.1", changed(func(_ *world, a *authn) { a.version = "1.1" }), 0, "VersionMismatch/RequestVersionTooLow", "version_too_low"},
		{"106", "cancelled", func(w *world, b *browser) *httptest.ResponseRecorder {
			w.keyboard = ""
			a := w.authn()
			a.attrs = ` ForceAuthn="true"`
			return b.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", a.xml(), ""))
		}, 0, "Responder/AuthnFailed", "cancelled"},
		{"106", "rubbish", changed(func(_ *world, a *authn) { a.attrs = ` ForceAuthn="TRUE"` }), 400, "", "schema"},
		{"107", "nobody signed in", passive(""), 0, "Responder/NoPassive", "not_authenticated"},
		{"108", "forced and passive", passive(` ForceAuthn="1"`), 0, "Responder/NoPassive", "not_authenticated"},
		{"109", "unknown class", context("exact", "urn:unknown"), 0, "Responder/NoAuthnContext", "assurance_too_low"},
		{"109", "password", context("exact", password), 0, "Responder/NoAuthnContext", "assurance_too_low"},
		{"109", "better than the best", context("better", classSmartcardPKI), 0, "Responder/NoAuthnContext", "assurance_too_low"},
		{"109", "maximum of a password", context("maximum", password), 0, "Responder/NoAuthnContext", "assurance_too_low"},
		{"109", "minimum of something unknown", context("minimum", "urn:unknown"), 0, "Responder/NoAuthnContext", "assurance_too_low"},
		{"109", "unknown comparison", context("equal", classSmartcardPKI), 400, "", "schema"},
		{"111", "somebody else", func(w *world, b *browser) *httptest.ResponseRecorder {
			w.keyboard = "" // asked to prove to be that person, the subject gives up
			return subject(`<saml:NameID>`+jones+`</saml:NameID>`)(w, b)
		}, 0, "Responder/AuthnFailed", "cancelled"},
		{"111", "another format", subject(`<saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">` + patel + `</saml:NameID>`), 0, "Requester/UnknownPrincipal", "subject_name"},
		{"111", "no name of that kind", subject(`<saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">` + patel + `</saml:NameID>`), 0, "Requester/UnknownPrincipal", "unknown_subject"},
		{"111", "encrypted", subject(`<saml:EncryptedID/>`), 0, "Requester/RequestUnsupported", "subject_form"},
		{"112", "Format", policy(` Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"`), 0, "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		{"112", "not what the terms give", policy(` Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"`), 0, "Requester/InvalidNameIDPolicy", "invalid_nameid_policy"},
		{"112", "SPNameQualifier", policy(` SPNameQualifier="` + otherID + `"`), 0, "Requester/InvalidNameIDPolicy", "sp_name_qualifier"},
		{"113", "IDPList without us", body(`<samlp:Scoping><samlp:IDPList><samlp:IDPEntry ProviderID="https://idp.example"/></samlp:IDPList></samlp:Scoping>`), 0, "Responder/NoSupportedIDP", "no_supported_idp"},
		{"113", "and no proxying", body(`<samlp:Scoping ProxyCount="0"><samlp:IDPList><samlp:IDPEntry ProviderID="https://idp.example"/></samlp:IDPList></samlp:Scoping>`), 0, "Responder/ProxyCountExceeded", "proxy_count_exceeded"},
		{"113", "rubbish", body(`<samlp:Scoping ProxyCount="-1"/>`), 400, "", "schema"},
		{"118", "key too weak to encrypt for", changed(func(w *world, _ *authn) {
			w.change(func(p *trust.Partner) {
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey, Methods: []xmlsec.EncryptionMethod{{Algorithm: "http://www.w3.org/2001/04/xmlenc#rsa-1_5"}, {Algorithm: xmlsec.AES128CBC}}}}
			})
		}), 0, "Requester/RequestUnsupported", "no_encryption_key"},
		{"118", "encryption is a must, no key", changed(func(w *world, _ *authn) {
			w.change(func(p *trust.Partner) { p.SAML.Encrypt = "always" })
		}), 0, "Requester/RequestUnsupported", "no_encryption_key"},
	}
}

// logoutAttacks are rows 120 to 122, with row 11: whose session ends, and who may ask.
func logoutAttacks() []attack {
	query := func(f func(w *world, name, index string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return func(w *world, b *browser) *httptest.ResponseRecorder {
			name, index := w.told(b)
			return b.get(SLOPath + "?" + f(w, name, index))
		}
	}
	request := func(w *world, name, index string) string {
		return redirectQuery(w.t, "SAMLRequest", w.logoutXML("_"+w.hub.NewID(), spID, issuerURL+SLOPath, name, index), "")
	}
	soap := func(f func(w *world, name, index string) string) func(*world, *browser) *httptest.ResponseRecorder {
		return func(w *world, b *browser) *httptest.ResponseRecorder {
			name, index := w.told(b)
			return w.postSOAP(envelope([]byte(f(w, name, index))))
		}
	}
	return []attack{
		{"011", "wrapped", func(w *world, b *browser) *httptest.ResponseRecorder {
			name, index := w.told(b)
			signed := envelopedBy(w.t, w.logoutXML("_mine", spID, issuerURL+SLOPath, "somebody", "else"), signing(keys().sp))
			start, end := strings.Index(signed, "<ds:Signature "), strings.Index(signed, "</ds:Signature>")+len("</ds:Signature>")
			forged := w.logoutXML("_evil", spID, issuerURL+SLOPath, name, index)
			forged = w.replaced(forged, "</saml:Issuer>", "</saml:Issuer>"+w.replaced(signed[start:end], "</ds:Signature>", "<ds:Object>"+signed[:start]+signed[end:]+"</ds:Object></ds:Signature>"))
			return b.postCross(SLOPath, form("SAMLRequest", forged))
		}, 400, "", "sig_profile"},
		{"120", "unsigned", query(request), 400, "", "unsigned"},
		{"120", "signed by another partner", query(func(w *world, name, index string) string {
			w.withOther()
			return signedQuery(w.t, request(w, name, index), signing(keys().other))
		}), 400, "", "signature"},
		{"120", "another partner's own, for this session", query(func(w *world, name, index string) string {
			w.withOther()
			doc := w.logoutXML("_x", otherID, issuerURL+SLOPath, name, index)
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", doc, ""), signing(keys().other))
		}), 403, "", "unknown_session"},
		{"120", "expired", query(func(w *world, name, index string) string {
			doc := w.replaced(w.logoutXML("_x", spID, issuerURL+SLOPath, name, index), " Version", ` NotOnOrAfter="2026-11-23T08:00:00Z" Version`)
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", doc, ""), signing(keys().sp))
		}), 400, "", "stale_request"},
		{"120", "for another address", query(func(w *world, name, index string) string {
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.logoutXML("_x", spID, issuerURL+SSOPath, name, index), ""), signing(keys().sp))
		}), 400, "", "destination"},
		{"120", "SOAP, unsigned", soap(func(w *world, name, index string) string {
			return w.logoutXML("_x", spID, "", name, index)
		}), 500, "", "unsigned"},
		{"120", "SOAP, foreign key", soap(func(w *world, name, index string) string {
			return envelopedBy(w.t, w.logoutXML("_x", spID, "", name, index), signing(keys().other))
		}), 500, "", "signature"},
		{"120", "SOAP, other subject", soap(func(w *world, _, index string) string {
			return envelopedBy(w.t, w.logoutXML("_x", spID, "", jones, index), signing(keys().sp))
		}), 200, "", "unknown_session"},
		{"120", "SOAP, two messages", soap(func(w *world, name, index string) string {
			d := envelopedBy(w.t, w.logoutXML("_x", spID, "", name, index), signing(keys().sp))
			return w.logoutXML("_y", spID, "", name, index) + d
		}), 500, "", "xml_syntax"},
		{"120", "a sign-in request at the sign-out address", query(func(w *world, _, _ string) string {
			a := w.authn()
			a.destination = issuerURL + SLOPath
			return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", a.xml(), ""), signing(keys().sp))
		}), 400, "", "message_type"},
		{"121", "unsolicited", query(func(w *world, _, _ string) string {
			doc := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r" InResponseTo="_none" IssueInstant="` +
				w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + spID + `</saml:Issuer><samlp:Status/></samlp:LogoutResponse>`
			return signedQuery(w.t, redirectQuery(w.t, "SAMLResponse", doc, ""), signing(keys().sp))
		}), 400, "", "unsolicited"},
		{"122", "image on another site", query(func(*world, string, string) string { return "" }), 400, "", "no_message"},
		{"122", "with a session index but no message", query(func(_ *world, _, index string) string { return "SessionIndex=" + index }), 400, "", "no_message"},
	}
}

// told is what the sample partner knows of the browser's session.
func (w *world) told(b *browser) (name, index string) {
	w.t.Helper()
	s, err := w.store.SessionByKey(w.t.Context(), bridge.Key(b.jar["__Host-lanyard-session"]))
	if err != nil {
		w.t.Fatal(err)
	}
	ps, err := w.store.Participants(w.t.Context(), s.ID)
	if err != nil || len(ps) != 1 {
		w.t.Fatalf("%v %v", ps, err)
	}
	return ps[0].Subject, ps[0].Index
}

// unknownSessionIsAnswered is the part of row 120 that the partner is told.
func unknownSessionIsAnswered(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := w.signOn(b, w.authn())
	for name, query := range map[string]string{
		"index":   w.logoutQuery(got.nameID(), "unknown"),
		"subject": w.logoutQuery(jones, got.index()),
		"nobody":  w.logoutQuery(jones),
	} {
		out := w.openRedirect(b.get(SLOPath + "?" + query).Header().Get("Location"))
		if codes(out.root) != "Requester/UnknownPrincipal" || w.lastReason() != "unknown_session" || !w.sessionLives(b) {
			t.Errorf("%s: %s %s", name, codes(out.root), w.lastReason())
		}
	}
}

// answeredOnce is row 101 as it happens: the same request is answered once, in whatever browser.
func answeredOnce(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	query := SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "")
	w.read(b.get(query))
	for name, who := range map[string]*browser{"same": b, "new": w.browser()} {
		if rec := who.get(query); rec.Code != 400 || w.lastReason() != "replayed_request" {
			t.Errorf("%s: %d %s", name, rec.Code, w.lastReason())
		}
	}
	if w.count(ledger.Issued) != 1 {
		t.Errorf("%d issued", w.count(ledger.Issued))
	}
}

// forcedProof is row 106: a new proof, and its own instant.
func forcedProof(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	first := w.signOn(b, w.authn())
	w.now = w.now.Add(minutes(2))
	a := w.authn()
	a.attrs = ` ForceAuthn="1"`
	second := w.signOn(b, a)
	if x, y := attr(descend(first.assertion, "AuthnStatement"), "AuthnInstant"), attr(descend(second.assertion, "AuthnStatement"), "AuthnInstant"); x == y || y != w.now.Format(instantLayout) {
		t.Errorf("%s, %s", x, y)
	}
	if w.count(ledger.SignedIn) != 2 {
		t.Errorf("%d proofs", w.count(ledger.SignedIn))
	}
}

// assuranceIsNeverOverstated is row 110.
func assuranceIsNeverOverstated(t *testing.T) {
	w := newWorld(t)
	w.method, w.level = bridge.MethodFIDO2, 2
	a := w.authn()
	a.body = `<samlp:RequestedAuthnContext><saml:AuthnContextClassRef xmlns:saml="` + assertionSpace + `">` + classAAL3 + `</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`
	got := w.signOn(w.browser(), a)
	if got.top != "Responder" || got.under != "NoAuthnContext" || got.assertion != nil || w.count(ledger.Issued) != 0 {
		t.Errorf("%s/%s", got.top, got.under)
	}
}

// otherSubject is row 111 when the one at the keyboard proves to be somebody else than the request names.
func otherSubject(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID>` + jones + `</saml:NameID></saml:Subject>`
	got := w.signOn(w.browser(), a)
	if got.under != "UnknownPrincipal" || got.assertion != nil || w.count(ledger.Issued) != 0 || w.lastReason() != "unknown_subject" {
		t.Errorf("%s/%s %s", got.top, got.under, w.lastReason())
	}
}

// subjectOfRequest is row 111 for identifiers that mean something to the partner alone.
func subjectOfRequest(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.Terms.Subject = trust.SubjectPairwise })
	b := w.browser()
	known := w.signOn(b, w.authn()).nameID()
	ask := func(name string) said {
		a := w.authn()
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID>` + name + `</saml:NameID></saml:Subject>`
		return w.signOn(b, a)
	}
	if got := ask(known); got.top != "Success" || got.nameID() != known {
		t.Errorf("%s/%s", got.top, got.under)
	}
	if got := ask(known + "X"); got.under != "UnknownPrincipal" || got.assertion != nil || w.count(ledger.Issued) != 2 {
		t.Errorf("%s/%s", got.top, got.under)
	}
}
