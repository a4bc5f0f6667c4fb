package saml2

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestAskedFormat: what a library asks by default must not lock anybody out. A format that tells less than the terms is given;
// one that tells more is refused.
func TestAskedFormat(t *testing.T) {
	const uid, pairwise, transient, email = trust.SubjectUID, trust.SubjectPairwise, trust.SubjectTransient, trust.SubjectEmail
	const none trust.SubjectKind = trust.SubjectNone
	for _, tc := range []struct {
		terms trust.SubjectKind
		asked string
		want  trust.SubjectKind // empty: refused
	}{
		{uid, "", uid},
		{uid, metadata.NameIDUnspecified, uid},
		{uid, metadata.NameIDPersistent, pairwise},
		{uid, metadata.NameIDTransient, transient},
		{uid, metadata.NameIDEmail, ""},
		{email, metadata.NameIDUnspecified, email},
		{email, metadata.NameIDEmail, email},
		{email, metadata.NameIDPersistent, pairwise},
		{email, metadata.NameIDTransient, transient},
		{pairwise, metadata.NameIDUnspecified, pairwise},
		{pairwise, metadata.NameIDPersistent, pairwise},
		{pairwise, metadata.NameIDTransient, transient},
		{pairwise, metadata.NameIDEmail, ""},
		{transient, metadata.NameIDUnspecified, transient},
		{transient, metadata.NameIDTransient, transient},
		{transient, metadata.NameIDPersistent, ""},
		{transient, metadata.NameIDEmail, ""},
		{none, metadata.NameIDTransient, transient},
		{none, metadata.NameIDPersistent, ""},
		{none, metadata.NameIDEmail, ""},
		{none, nameIDEncrypted, ""},
		{uid, "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted", ""},
		{uid, "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", ""},
	} {
		t.Run(string(tc.terms)+" "+tc.asked, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) { p.Terms.Subject = tc.terms })
			b, a := w.browser(), w.authn()
			a.body = `<samlp:NameIDPolicy AllowCreate="true" Format="` + tc.asked + `"></samlp:NameIDPolicy>`
			if tc.asked == "" {
				a.body = `<samlp:NameIDPolicy AllowCreate="true"></samlp:NameIDPolicy>`
			}
			got := w.signOn(b, a)
			if tc.want == "" {
				if got.top != "Requester" || got.under != "InvalidNameIDPolicy" || got.assertion != nil {
					t.Errorf("not refused: %s", got.raw)
				}
				return
			}
			if format := attr(descend(got.assertion, "Subject", "NameID"), "Format"); got.top != "Success" || format != formatOf(tc.want) {
				t.Fatalf("%s: %s", format, got.raw)
			}
			if known := got.nameID() == patel; known != (tc.want == uid) {
				t.Errorf("NameID %s", got.nameID())
			}
		})
	}
}

// TestNoName: an assertion without a NameID (SAML Core 2.4.1) has all the rest. By a name that it was never told no partner learns, or
// ends, anything; and it cannot be told of a sign-out, since a LogoutRequest must name somebody.
func TestNoName(t *testing.T) {
	for _, asked := range []string{"", `<samlp:NameIDPolicy AllowCreate="true"></samlp:NameIDPolicy>`, `<samlp:NameIDPolicy Format="` + metadata.NameIDUnspecified + `"></samlp:NameIDPolicy>`} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) {
			p.Terms.Subject, p.SAML.EncryptNameID, p.SAML.Entity.SP.SLO = trust.SubjectNone, true, []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: spSLO}}
		})
		b, a := w.browser(), w.authn()
		a.body = asked
		got := w.signOn(b, a)
		subject := descend(got.assertion, "Subject")
		if got.top != "Success" || len(subject.Children) != 1 || attr(descend(subject, "SubjectConfirmation"), "Method") != bearer || got.index() == "" || len(got.values("uid")) != 1 {
			t.Fatalf("%s", got.raw)
		}
		if q := w.queried(w.soapPost(AttributesPath, envelopedBy(t, w.queryXML(spID, name(patel)), signing(keys().sp)))); q.top+"/"+q.under != "Requester/UnknownPrincipal" {
			t.Errorf("%s", q.raw)
		}
		if s := w.soapCodes(envelopedBy(t, w.logoutXML("_l1", spID, "", patel, got.index()), signing(keys().sp))); s != "Requester/UnknownPrincipal" || !w.sessionLives(b) {
			t.Errorf("%s, lives: %v", s, w.sessionLives(b))
		}
		a.id, a.body = "_again", `<saml:Subject xmlns:saml="`+assertionSpace+`"><saml:NameID>`+patel+`</saml:NameID></saml:Subject>`+asked
		if again := w.signOn(b, a); again.top+"/"+again.under != "Requester/UnknownPrincipal" {
			t.Errorf("%s", again.raw)
		}
		s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
		if ds := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})).Deliveries; len(ds) != 1 || ds[0].State != bridge.DeliveryNone || len(w.soap.got) != 0 {
			t.Errorf("%+v, %d told", ds, len(w.soap.got))
		}
	}
}

// TestNameThenNone: a partner that was told a transient name in this session keeps it, though its terms say none and it asks for none now:
// else a second request, which anybody can send a browser with, would hide the sign-out from it. In another session it is told none.
func TestNameThenNone(t *testing.T) {
	for name, byPartner := range map[string]bool{"it signs out": true, "it is told": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(func(p *trust.Partner) {
				p.Terms.Subject, p.SAML.Entity.SP.SLO = trust.SubjectNone, []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: spSLO}}
			})
			w.soap.answer = func(string, []byte) (int, []byte, error) { return 503, nil, nil }
			b, a := w.browser(), w.authn()
			a.body = `<samlp:NameIDPolicy Format="` + metadata.NameIDTransient + `"></samlp:NameIDPolicy>`
			first, second := w.signOn(b, a), w.signOn(b, w.authn())
			if second.top != "Success" || second.nameID() != first.nameID() || second.index() != first.index() {
				t.Errorf("%s, then %s", first.raw, second.raw)
			}
			if other := w.signOn(w.browser(), w.authn()); descend(other.assertion, "Subject", "NameID") != nil {
				t.Errorf("another session: %s", other.raw)
			}
			if byPartner {
				s := w.soapCodes(envelopedBy(t, w.logoutXML("_l1", spID, "", first.nameID(), first.index()), signing(keys().sp)))
				if s != "Success/" || w.sessionLives(b) {
					t.Errorf("%s, lives: %v", s, w.sessionLives(b))
				}
				return
			}
			s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
			ds := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})).Deliveries
			if len(ds) != 1 || ds[0].State == bridge.DeliveryNone || len(w.soap.got) != 1 || !strings.Contains(string(w.soap.got[0]), first.nameID()) {
				t.Errorf("%+v, %d told", ds, len(w.soap.got))
			}
		})
	}
}

// TestNoneThenName: an app that was told no name and then, at its asking, one, is over with when it ended the session by that one; and is not
// when it did not.
func TestNoneThenName(t *testing.T) {
	for code, everywhere := range map[string]bool{"Success": true, "Responder": false} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) {
			p.Terms.Subject, p.SAML.Entity.SP.SLO = trust.SubjectNone, []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: spSLO}}
		})
		key := signing(keys().sp)
		w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
			return http.StatusOK, w.soapAnswer(body, spID, code, &key), nil
		}
		b, a := w.browser(), w.authn()
		w.signOn(b, w.authn())
		a.body = `<samlp:NameIDPolicy Format="` + metadata.NameIDTransient + `"></samlp:NameIDPolicy>`
		w.signOn(b, a)
		s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
		report := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByUser}))
		if len(report.Deliveries) != 2 || len(w.soap.got) != 1 || report.Everywhere() != everywhere || len(report.Partners()) != 1 {
			t.Errorf("%s: %+v", code, report.Deliveries)
		}
	}
}

// TestSeveralNames: a second request in a session, which anybody can send a browser with, may ask for another format and take nothing from what
// the partner knows: by its first name it signs out, and is told of a sign-out, as by any later one.
func TestSeveralNames(t *testing.T) {
	asks := func(w *world, format string) authn {
		a := w.authn()
		a.body = `<samlp:NameIDPolicy Format="` + format + `"></samlp:NameIDPolicy>`
		return a
	}
	open := func(t *testing.T) (w *world, b *browser, names []string, index string) {
		w = newWorld(t)
		w.change(func(p *trust.Partner) {
			p.SAML.Entity.SP.SLO = []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: spSLO}}
		})
		b = w.browser()
		for _, format := range []string{metadata.NameIDUnspecified, metadata.NameIDTransient, metadata.NameIDPersistent, metadata.NameIDTransient} {
			got := w.signOn(b, asks(w, format))
			names, index = append(names, got.nameID()), got.index()
		}
		if names[1] != names[3] {
			t.Fatalf("two transient names in one session: %v", names)
		}
		return w, b, names[:3], index
	}
	t.Run("it is told", func(t *testing.T) {
		w, b, names, _ := open(t)
		key, asked := signing(keys().sp), map[string]int{}
		w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
			inner := must(xmlsec.SOAPBody(body, xmlsec.MessageLimits()))
			code := "Requester/UnknownPrincipal" // it took none of them but the first
			name := descend(must(xmlsec.VerifyEnveloped(inner, xmlsec.MessageLimits(), hubKeys())).Root(), "NameID").Text()
			if asked[name]++; name == names[0] {
				code = "Success"
			}
			return http.StatusOK, w.soapAnswer(body, spID, code, &key), nil
		}
		s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
		report := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByUser}))
		if len(report.Deliveries) != 3 || len(report.Partners()) != 1 || !report.Everywhere() {
			t.Errorf("%+v", report.Deliveries)
		}
		for _, name := range names {
			if asked[name] != 1 {
				t.Errorf("told %d times of %s", asked[name], name)
			}
		}
	})
	for i := range 3 {
		for way, indexed := range map[string]bool{"by index": true, "by name alone": false} {
			t.Run("it signs out of name "+strconv.Itoa(i)+" "+way, func(t *testing.T) {
				w, b, names, index := open(t)
				var indexes []string
				if indexed {
					indexes = []string{index}
				}
				s := w.soapCodes(envelopedBy(t, w.logoutXML("_l1", spID, "", names[i], indexes...), signing(keys().sp)))
				if s != "Success/" || w.sessionLives(b) || len(w.soap.got) != 0 {
					t.Errorf("%s, lives: %v, asked %d times", s, w.sessionLives(b), len(w.soap.got))
				}
			})
		}
	}
}

// TestSeveralNamesInTheBrowser: a partner has one session in a browser, by one of its names. That it denies the other there counts as an end when it
// ended the one, whichever it was asked of first; not where it failed, or ended none.
func TestSeveralNamesInTheBrowser(t *testing.T) {
	for _, c := range []struct {
		old, new string
		want     bool
	}{
		{"Requester/RequestDenied", "Success", true}, {"Requester/UnknownPrincipal", "Success", true}, {"Responder/UnknownPrincipal", "Success", true}, {"Requester", "Success", true},
		{"Success", "Success", true}, {"Responder", "Success", false}, {"Responder/RequestDenied", "Success", false}, {"Requester/UnknownPrincipal", "Responder", false},
		{"Requester/UnknownPrincipal", "Requester/UnknownPrincipal", false},
	} {
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			w := newWorld(t)
			b := w.browser()
			w.signOn(b, w.authn())
			a := w.authn()
			a.body = `<samlp:NameIDPolicy Format="` + metadata.NameIDTransient + `"></samlp:NameIDPolicy>`
			w.signOn(b, a)
			s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
			report := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByUser}))
			if len(report.Deliveries) != 2 || report.Everywhere() {
				t.Fatalf("%+v", report.Deliveries)
			}
			for _, i := range order {
				asked := w.openRedirect(report.Deliveries[i].FrontURL)
				top, second, nested := strings.Cut([]string{c.old, c.new}[i], "/")
				doc := w.answerXML(attr(asked.root, "ID"), spID, top)
				if nested {
					doc = strings.Replace(doc, "></samlp:StatusCode>", `><samlp:StatusCode Value="`+statusPrefix+second+`"></samlp:StatusCode></samlp:StatusCode>`, 1)
				}
				if rec := b.get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", doc, asked.relay), signing(keys().sp))); rec.Code != http.StatusOK {
					t.Fatalf("%d %s", rec.Code, rec.Body)
				}
			}
			report.Deliveries = must(w.store.Deliveries(t.Context(), report.ID))
			if report.Everywhere() != c.want || len(report.Partners()) != 1 {
				t.Errorf("%+v %v: %+v", c, order, report.Deliveries)
			}
		}
	}
}

// TestAskedFormatInLogout: a partner signs out by the name it was told, whatever its terms say by default.
func TestAskedFormatInLogout(t *testing.T) {
	w := newWorld(t)
	b, a := w.browser(), w.authn()
	a.body = `<samlp:NameIDPolicy Format="` + metadata.NameIDPersistent + `"></samlp:NameIDPolicy>`
	got := w.signOn(b, a)
	if got.nameID() == patel {
		t.Fatalf("told %s", got.nameID())
	}
	rec := b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	if out := w.openRedirect(rec.Header().Get("Location")); codes(out.root) != "Success/" {
		t.Errorf("%s", codes(out.root))
	}
}

// TestAskedFormatAndSubject: a request about one subject names it in the format that it asks for.
func TestAskedFormatAndSubject(t *testing.T) {
	w := newWorld(t)
	b, a := w.browser(), w.authn()
	policy := `<samlp:NameIDPolicy Format="` + metadata.NameIDPersistent + `"></samlp:NameIDPolicy>`
	a.body = policy
	known := w.signOn(b, a).nameID()
	ask := func(name string) said {
		a := w.authn()
		a.body = `<saml:Subject xmlns:saml="` + assertionSpace + `"><saml:NameID Format="` + metadata.NameIDPersistent + `">` + name + `</saml:NameID></saml:Subject>` + policy
		return w.signOn(b, a)
	}
	if got := ask(known); got.top != "Success" || got.nameID() != known {
		t.Errorf("%s", got.raw)
	}
	policy = "" // the format of the name that it was told says it all
	if got := ask(known); got.top != "Success" || got.nameID() != known {
		t.Errorf("without a policy: %s", got.raw)
	}
	w.change(func(p *trust.Partner) { p.Terms.Subject = trust.SubjectTransient }) // by now its terms tell less
	if got := ask(known); got.under != "UnknownPrincipal" || got.assertion != nil {
		t.Errorf("terms changed: %s", got.raw)
	}
	w.change(func(*trust.Partner) {})
	if got := ask(patel); got.under != "UnknownPrincipal" || got.assertion != nil {
		t.Errorf("%s", got.raw)
	}
}
