package saml2

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func (w *world) queryXML(issuer, subject string, attributes ...string) string {
	return `<samlp:AttributeQuery xmlns:samlp="` + protocolSpace + `" xmlns:saml="` + assertionSpace + `" ID="_` + w.hub.NewID() + `" IssueInstant="` + w.now.Format(instantLayout) +
		`" Version="2.0"><saml:Issuer>` + issuer + `</saml:Issuer><saml:Subject>` + subject + `</saml:Subject>` + strings.Join(attributes, "") + `</samlp:AttributeQuery>`
}

func name(value string) string { return `<saml:NameID>` + value + `</saml:NameID>` }

// queried reads the answer of the attribute service.
func (w *world) queried(rec *httptest.ResponseRecorder) said {
	w.t.Helper()
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%d %s %s", rec.Code, rec.Body, w.lastReason())
	}
	inner, err := xmlsec.SOAPBody(rec.Body.Bytes(), ownLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	s := said{raw: inner}
	w.verifySaid(&s)
	return s
}

func TestAttributeQuery(t *testing.T) {
	for _, sign := range []string{"", "assertion", "both"} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) { p.SAML.Sign = sign })
		w.signOn(w.browser(), w.authn())
		w.now = w.now.Add(time.Hour) // idle here, busy there
		doc := envelopedBy(t, w.queryXML(spID, name(patel)), signing(keys().sp))
		got := w.queried(w.soapPost(AttributesPath, doc))
		if got.top != "Success" || got.nameID() != patel || !slices.Equal(got.values("uid"), []string{patel}) || attr(got.root, "InResponseTo") != attrOf(doc, "ID") {
			t.Errorf("%s", got.raw)
		}
		confirmed := descend(got.assertion, "Subject", "SubjectConfirmation")
		data := descend(confirmed, "SubjectConfirmationData")
		if attr(confirmed, "Method") != senderVouches || attr(data, "Recipient") != spID || attr(data, "InResponseTo") != attrOf(doc, "ID") || attr(data, "NotOnOrAfter") == "" {
			t.Errorf("nobody brings it: %s", got.raw)
		}
		if descend(got.assertion, "AuthnStatement") != nil || descend(got.assertion, "Conditions", "AudienceRestriction", "Audience").Text() != spID {
			t.Errorf("%s", got.raw)
		}
		if w.count(ledger.AttributesRead) != 1 {
			t.Error("not on record")
		}
		if again := w.queried(w.soapPost(AttributesPath, doc)); again.top+"/"+again.under != "Requester/RequestDenied" || again.assertion != nil || w.lastReason() != "replayed_request" || w.count(ledger.AttributesRead) != 1 {
			t.Errorf("the same query again: %s %s", w.lastReason(), again.raw)
		}
	}
}

// TestQueryOfAVouchedSubject: one of the confirmations that a query names is that of the answer (SAML Core 3.3.4); a bare bearer asks for nothing.
func TestQueryOfAVouchedSubject(t *testing.T) {
	for _, methods := range [][]string{{senderVouches}, {bearer}, {"urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", senderVouches}} {
		w := newWorld(t)
		w.signOn(w.browser(), w.authn())
		subject := name(patel)
		for _, m := range methods {
			subject += `<saml:SubjectConfirmation Method="` + m + `"/>`
		}
		got := w.queried(w.soapPost(AttributesPath, envelopedBy(t, w.queryXML(spID, subject), signing(keys().sp))))
		if got.top != "Success" || attr(descend(got.assertion, "Subject", "SubjectConfirmation"), "Method") != senderVouches {
			t.Errorf("%v: %s", methods, got.raw)
		}
	}
}

func TestAttributeQueryNamesAttributes(t *testing.T) {
	const display = "urn:oid:2.16.840.1.113730.3.1.241"
	one := func(inside, attrs string) string {
		return `<saml:Attribute ` + attrs + `>` + inside + `</saml:Attribute>`
	}
	for label, c := range map[string]struct {
		asked []string
		want  []string // names of what is told; nil: no assertion
	}{
		"one":                  {[]string{one("", `Name="uid"`)}, []string{"uid"}},
		"two":                  {[]string{one("", `Name="uid"`), one("", `Name="`+display+`" NameFormat="`+formatURI+`"`)}, []string{"uid", display}},
		"two formats of one":   {[]string{one("", `Name="uid"`), one("", `Name="uid" NameFormat="`+formatURI+`"`)}, []string{"uid"}},
		"in another format":    {[]string{one("", `Name="uid" NameFormat="`+formatURI+`"`)}, nil},
		"in any format":        {[]string{one("", `Name="uid" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"`)}, []string{"uid"}},
		"that is not released": {[]string{one("", `Name="mail"`)}, nil},
		"with its value":       {[]string{one("<saml:AttributeValue>"+patel+"</saml:AttributeValue>", `Name="uid"`)}, []string{"uid"}},
		"with another value":   {[]string{one("<saml:AttributeValue>"+jones+"</saml:AttributeValue>", `Name="uid"`)}, nil},
	} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			w.signOn(w.browser(), w.authn())
			got := w.queried(w.soapPost(AttributesPath, envelopedBy(t, w.queryXML(spID, name(patel), c.asked...), signing(keys().sp))))
			if got.top != "Success" || (got.assertion == nil) != (c.want == nil) {
				t.Fatalf("%s", got.raw)
			}
			if c.want == nil {
				return
			}
			var told []string
			for _, a := range descend(got.assertion, "AttributeStatement").Children {
				told = append(told, attr(a, "Name"))
			}
			slices.Sort(told)
			slices.Sort(c.want)
			if !slices.Equal(told, c.want) {
				t.Errorf("%v", told)
			}
		})
	}
}

func TestAttributeQueryRefused(t *testing.T) {
	signed := func(w *world, doc string) string { return envelopedBy(w.t, doc, signing(keys().sp)) }
	for label, c := range map[string]struct {
		doc    func(w *world) string
		code   int
		status string
		reason string
	}{
		"unsigned":        {func(w *world) string { return w.queryXML(spID, name(patel)) }, 500, "", "unsigned"},
		"foreign key":     {func(w *world) string { return envelopedBy(w.t, w.queryXML(spID, name(patel)), signing(keys().other)) }, 500, "", "signature"},
		"another message": {func(w *world) string { return signed(w, w.authn().xml()) }, 500, "", "message_type"},
		"not signed in":   {func(w *world) string { return signed(w, w.queryXML(spID, name(jones))) }, 200, "Requester/UnknownPrincipal", "subject_name"},
		"no name":         {func(w *world) string { return signed(w, w.queryXML(spID, `<saml:BaseID/>`)) }, 200, "Requester/RequestUnsupported", "subject_form"},
		"other format": {func(w *world) string {
			return signed(w, w.queryXML(spID, `<saml:NameID Format="`+metadata.NameIDEmail+`">`+patel+`</saml:NameID>`))
		}, 200, "Requester/UnknownPrincipal", "subject_name"},
		"of a confirmed subject": {func(w *world) string {
			return signed(w, w.queryXML(spID, name(patel)+`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>`))
		}, 200, "Requester/RequestUnsupported", "subject_confirmation"},
		"of one vouched for by another": {func(w *world) string {
			return signed(w, w.queryXML(spID, name(patel)+`<saml:SubjectConfirmation Method="`+senderVouches+`"><saml:NameID>x</saml:NameID></saml:SubjectConfirmation>`))
		}, 200, "Requester/RequestUnsupported", "subject_confirmation"},
		"twice": {func(w *world) string {
			return signed(w, w.queryXML(spID, name(patel), `<saml:Attribute Name="a"/>`, `<saml:Attribute Name="a"/>`))
		}, 200, "Requester/RequestDenied", "schema"},
		"too many": {func(w *world) string {
			var all []string
			for i := range maxAsked + 1 {
				all = append(all, fmt.Sprintf(`<saml:Attribute Name="a%d"/>`, i))
			}
			return signed(w, w.queryXML(spID, name(patel), all...))
		}, 200, "Requester/RequestDenied", "schema"},
		"no name in it": {func(w *world) string { return signed(w, w.queryXML(spID, name(""))) }, 200, "Requester/RequestUnsupported", "subject_form"},
		"stale": {func(w *world) string {
			d := w.queryXML(spID, name(patel))
			w.now = w.now.Add(time.Hour)
			return signed(w, d)
		}, 200, "Requester/RequestDenied", "stale_request"},
		"another partner's": {func(w *world) string {
			p := samplePartner()
			p.ID, p.SAML.Entity.ID = otherSP, otherSP
			w.partners[otherSP] = p
			return signed(w, w.queryXML(otherSP, name(patel)))
		}, 200, "Requester/UnknownPrincipal", "subject_name"},
		"signed out": {func(w *world) string {
			all := must(w.store.ParticipantsOf(w.t.Context(), trust.SAML2, spID, patel))
			must(w.hub.Logout(w.t.Context(), all[0].Session, bridge.LogoutCause{Reason: "user"}))
			return signed(w, w.queryXML(spID, name(patel)))
		}, 200, "Requester/UnknownPrincipal", "subject_name"},
		"metadata too old": {func(w *world) string {
			w.partners[spID].SAML.Entity.ValidUntil = w.now.Add(-minutes(3))
			return signed(w, w.queryXML(spID, name(patel)))
		}, 200, "Responder/RequestDenied", "metadata_expired"},
		"partner suspended": {func(w *world) string {
			w.change(func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
			return signed(w, w.queryXML(spID, name(patel)))
		}, 500, "", "partner_suspended"},
		"suspended": {func(w *world) string {
			p := must(w.store.Person(w.t.Context(), patel))
			p.Status = people.Suspended
			if err := w.store.SavePersons(w.t.Context(), p); err != nil {
				w.t.Fatal(err)
			}
			return signed(w, w.queryXML(spID, name(patel)))
		}, 200, "Responder/AuthnFailed", "session_expired"},
	} {
		t.Run(label, func(t *testing.T) {
			w := newWorld(t)
			w.signOn(w.browser(), w.authn())
			rec := w.soapPost(AttributesPath, c.doc(w))
			if rec.Code != c.code || w.lastReason() != c.reason || w.count(ledger.AttributesRead) != 0 {
				t.Fatalf("%d %s %s", rec.Code, w.lastReason(), rec.Body)
			}
			if c.status == "" {
				return
			}
			if got := w.queried(rec); got.top+"/"+got.under != c.status || got.assertion != nil {
				t.Errorf("%s", got.raw)
			}
		})
	}
}

// TestQueryByANameOfBefore: an address that is somebody else's to give by now names nobody.
func TestQueryByANameOfBefore(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.Terms.Subject = trust.SubjectEmail })
	first := w.signOn(w.browser(), w.authn())
	p := must(w.store.Person(t.Context(), patel))
	p.Email = "patel@rx1.example"
	if err := w.store.SavePersons(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{first.nameID(), p.Email} {
		got := w.queried(w.soapPost(AttributesPath, envelopedBy(t, w.queryXML(spID, name(subject)), signing(keys().sp))))
		if got.under != "UnknownPrincipal" || got.assertion != nil || w.count(ledger.AttributesRead) != 0 {
			t.Errorf("%s: %s", subject, got.raw)
		}
	}
}

// TestNewestSessionAnswers: of two sessions of one person the query is about the newer one, whichever was found first.
func TestNewestSessionAnswers(t *testing.T) {
	w := newWorld(t)
	w.signOn(w.browser(), w.authn())
	w.now = w.now.Add(time.Minute)
	w.signOn(w.browser(), w.authn())
	all := must(w.store.ParticipantsOf(t.Context(), trust.SAML2, spID, patel))
	newest := slices.MaxFunc(all, func(a, b bridge.Participant) int { return a.Since.Compare(b.Since) })
	subject := subject{NameID: nameID{Value: patel}}
	for range len(all) {
		slices.Reverse(all)
		w.hub.Participants = listed{w.store, all}
		if got, _, err := w.p.queried(t.Context(), w.partners[spID], subject); err != nil || len(all) != 2 || got.Session != newest.Session {
			t.Errorf("%+v, %v", got, err)
		}
	}
}

// listed finds participants in an order of its own.
type listed struct {
	participants
	all []bridge.Participant
}

type participants = bridge.Participants

func (l listed) ParticipantsOf(context.Context, trust.Protocol, string, string) ([]bridge.Participant, error) {
	return l.all, nil
}

// TestQueryKeepsTheName: a partner that was told a transient name is answered by it, and can still sign out by it.
func TestQueryKeepsTheName(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	a.body = `<samlp:NameIDPolicy Format="` + metadata.NameIDTransient + `"/>`
	first := w.signOn(w.browser(), a)
	got := w.queried(w.soapPost(AttributesPath, envelopedBy(t, w.queryXML(spID, name(first.nameID())), signing(keys().sp))))
	if got.nameID() != first.nameID() || attr(descend(got.assertion, "Subject", "NameID"), "Format") != metadata.NameIDTransient {
		t.Errorf("%s", got.raw)
	}
	if all := must(w.store.ParticipantsOf(t.Context(), trust.SAML2, spID, first.nameID())); len(all) != 1 {
		t.Errorf("%+v", all)
	}
}
