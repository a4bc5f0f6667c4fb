package saml2

import (
	"net/http"
	"strings"
	"testing"

	"github.com/crewjam/saml"

	"github.com/lanyard-hub/lanyard/trust"
)

// TestSecuritySignedInsideTerm: row 85 holds unless an administrator set saml.allow_signed_inside for the partner. Then the signature in
// the message is verified as by POST, by the partner's keys alone, and everything else stays refused.
func TestSecuritySignedInsideTerm(t *testing.T) {
	plain := func(w *world) string { return w.authn().xml() }
	own := func(w *world) string { return envelopedBy(w.t, w.authn().xml(), signing(keys().sp)) }
	query := func(w *world, doc string) string { return redirectQuery(w.t, "SAMLRequest", doc, "state") }
	both := func(w *world, doc string) string { return signedQuery(w.t, query(w, doc), signing(keys().sp)) }
	for name, c := range map[string]struct {
		allowed bool
		doc     func(*world) string
		send    func(*world, string) string
		want    string // code of the refusal; empty: accepted
	}{
		"085 refused":           {false, own, query, "sig_profile"},
		"085 permitted":         {true, own, query, ""},
		"085 two signatures":    {true, own, both, "sig_profile"},
		"085 signed as usual":   {true, plain, both, ""},
		"085 not signed":        {true, plain, query, "unsigned"},
		"085 key of a stranger": {true, func(w *world) string { return envelopedBy(w.t, w.authn().xml(), signing(keys().other)) }, query, "signature"},
		"085 content changed": {true, func(w *world) string {
			return strings.Replace(own(w), ` Version="2.0"`, ` ForceAuthn="true" Version="2.0"`, 1)
		}, query, "digest"},
		"085 without Destination": {true, func(w *world) string {
			a := w.authn()
			a.destination = ""
			return envelopedBy(w.t, a.xml(), signing(keys().sp))
		}, query, "destination"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.SAML.AllowSignedInside, p.SAML.RequestsSigned = c.allowed, true })
			rec := w.browser().get(SSOPath + "?" + c.send(w, c.doc(w)))
			_, accepted := readPage(rec)
			if accepted != (c.want == "") || !accepted && (w.lastReason() != c.want || rec.Code != http.StatusBadRequest) {
				t.Errorf("%d %q, %q", rec.Code, rec.Header().Get("Location"), w.lastReason())
			}
			if said := strings.Contains(rec.Body.String(), "signed inside"); said != (c.want == "sig_profile") {
				t.Errorf("it says that the message is signed inside: %v", said)
			}
		})
	}
}

// TestSignedInsideWorksOnce: what is signed inside cannot be used again, in the same browser or another one.
func TestSignedInsideWorksOnce(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.AllowSignedInside = true })
	target := SSOPath + "?" + redirectQuery(t, "SAMLRequest", envelopedBy(t, w.authn().xml(), signing(keys().sp)), "")
	if rec := w.browser().get(target); rec.Code != http.StatusOK {
		t.Fatalf("%d %q", rec.Code, w.lastReason())
	}
	if rec := w.browser().get(target); rec.Code != http.StatusBadRequest || w.lastReason() != "replayed_request" {
		t.Errorf("again: %d %q", rec.Code, w.lastReason())
	}
}

// TestCrewjamSignedInside: crewjam signs the LogoutRequest that it redirects in the message, and is heard where the terms allow it.
func TestCrewjamSignedInside(t *testing.T) {
	w := newWorld(t)
	sp := w.crewjam()
	w.partners[sp.EntityID].SAML.AllowSignedInside = true
	b := w.browser()
	assertion := w.crewjamSignOn(sp, saml.HTTPRedirectBinding, b)
	target, err := sp.MakeRedirectLogoutRequest(assertion.Subject.NameID.Value, "relay")
	if err != nil {
		t.Fatal(err)
	}
	forged := w.logoutXML("_x", sp.EntityID, issuerURL+SLOPath, assertion.Subject.NameID.Value)
	if rec := b.get(SLOPath + "?" + redirectQuery(t, "SAMLRequest", forged, "")); rec.Code != http.StatusBadRequest || !w.sessionLives(b) {
		t.Errorf("not signed: %d %s", rec.Code, w.lastReason())
	}
	if rec := b.get(target.String()); rec.Code == http.StatusBadRequest || w.sessionLives(b) {
		t.Errorf("%d %s", rec.Code, w.lastReason())
	}
}

// TestWrappedSignedInside: with the term, too, a signature inside a redirected message covers the message that is read and no other. What is not
// proven to be a partner's is answered nowhere, whatever version it speaks.
func TestWrappedSignedInside(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.AllowSignedInside = true })
	victim, own := w.browser(), w.browser()
	theirs := w.signOn(victim, w.authn())
	w.keyboard = jones
	mine := w.signOn(own, w.authn())
	signed := envelopedBy(t, w.logoutXML("_l1", spID, issuerURL+SLOPath, mine.nameID(), mine.index()), signing(keys().sp))
	start, end := strings.Index(signed, "<ds:Signature"), strings.Index(signed, "</ds:Signature>")+len("</ds:Signature>")
	signature, bare := signed[start:end], signed[:start]+signed[end:]
	forged := func(id, version, inside string) string {
		doc := strings.Replace(w.logoutXML(id, spID, issuerURL+SLOPath, theirs.nameID(), theirs.index()), `Version="2.0"`, `Version="`+version+`"`, 1)
		return strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer>"+inside, 1)
	}
	for name, doc := range map[string]string{
		"010 another's signature":          forged("_l2", "2.0", signature),
		"010 the same ID":                  forged("_l1", "2.0", signature),
		"011 signed message in Extensions": forged("_l2", "2.0", signature+"<samlp:Extensions>"+bare+"</samlp:Extensions>"),
		"008 signed message in Object":     forged("_l2", "2.0", strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+bare+"</ds:Object></ds:Signature>", 1)),
		"015 signature in Extensions":      forged("_l2", "2.0", "<samlp:Extensions>"+signed+"</samlp:Extensions>"),
		"016 two signatures":               forged("_l2", "2.0", signature+signature),
		"105 another version, unsigned":    forged("_l2", "1.1", ""),
		"105 another version, forged":      forged("_l1", "1.1", signature),
	} {
		rec := victim.get(SLOPath + "?" + redirectQuery(t, "SAMLRequest", doc, "x"))
		if rec.Code != http.StatusBadRequest || rec.Header().Get("Location") != "" || !w.sessionLives(victim) || !w.sessionLives(own) {
			t.Errorf("%s: %d %s", name, rec.Code, w.lastReason())
		}
		if _, from, err := w.p.verify(message{by: byRedirect, xml: doc}); from.signed {
			t.Errorf("%s: counts as signed, %v", name, err)
		}
	}
}
