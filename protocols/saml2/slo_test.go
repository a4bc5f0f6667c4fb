package saml2

import (
	"cmp"
	"compress/flate"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const otherID = "https://epr.example/sp"

// withOther adds a second partner, which signs with a key of its own and listens at slo.
func (w *world) withOther(slo ...metadata.Endpoint) {
	p := samplePartner()
	p.ID, p.Name = otherID, "EPR"
	p.SAML.Entity.ID = otherID
	p.SAML.Entity.SP.ACS = []metadata.IndexedEndpoint{{Binding: metadata.BindingPOST, Location: "https://epr.example/acs"}}
	p.SAML.Entity.SP.SLO = slo
	p.SAML.Entity.SP.SigningKeys = hubKeys()[:0]
	p.SAML.Entity.SP.SigningKeys = append(p.SAML.Entity.SP.SigningKeys, keys().other.Public())
	w.partners[otherID] = p
}

func (w *world) authnOther() authn {
	a := w.authn()
	a.issuer = otherID
	return a
}

// redirected is a message that the hub sent through the browser, with its query signature verified.
type redirected struct {
	root  *xmlsec.Element
	relay string
	to    string
}

func (w *world) openRedirect(target string) redirected {
	w.t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		w.t.Fatal(err)
	}
	signed, signature, ok := strings.Cut(u.RawQuery, "&Signature=")
	q := u.Query()
	if !ok || !strings.HasPrefix(signed, "SAML") {
		w.t.Fatalf("query %s", u.RawQuery)
	}
	text, err := url.QueryUnescape(signature)
	if err != nil {
		w.t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		w.t.Fatal(err)
	}
	packed, err := base64.StdEncoding.DecodeString(q.Get("SAMLRequest") + q.Get("SAMLResponse"))
	if err != nil {
		w.t.Fatal(err)
	}
	doc, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.VerifyDetached(doc, xmlsec.MessageLimits(), []byte(signed), q.Get("SigAlg"), sig, hubKeys())
	if err != nil {
		w.t.Fatalf("%v\n%s", err, doc)
	}
	u.RawQuery = ""
	return redirected{root: v.Root(), relay: q.Get("RelayState"), to: u.String()}
}

func codes(e *xmlsec.Element) string {
	top, second := topStatus(e)
	return strings.TrimPrefix(top, statusPrefix) + "/" + strings.TrimPrefix(second, statusPrefix)
}

func (w *world) logoutQuery(name string, indexes ...string) string {
	return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", w.logoutXML("_"+w.hub.NewID(), spID, issuerURL+SLOPath, name, indexes...), "back"), signing(keys().sp))
}

func TestLogoutByPartnerRedirect(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := w.signOn(b, w.authn())
	rec := b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	out := w.openRedirect(rec.Header().Get("Location"))
	if out.to != spSLO || out.relay != "back" || codes(out.root) != "Success/" || !out.root.Is(protocolSpace, "LogoutResponse") {
		t.Errorf("%+v %s", out, codes(out.root))
	}
	if len(b.jar["__Host-lanyard-session"]) != 0 || w.lastReason() != "" {
		t.Errorf("cookie %v, %s", b.jar, w.lastReason())
	}
	// signing on again needs a new proof
	w.now = w.now.Add(minutes(1))
	again := w.signOn(b, w.authn())
	if again.index() == got.index() {
		t.Error("the session lives on")
	}
}

func TestLogoutByPartnerPostAnswersByResponseLocation(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) {
		p.SAML.Entity.SP.SLO = []metadata.Endpoint{{Binding: metadata.BindingPOST, Location: spSLO, ResponseLocation: spSLO + "/done"}}
	})
	b := w.browser()
	got := w.signOn(b, w.authn())
	doc := envelopedBy(t, w.logoutXML("_l1", spID, issuerURL+SLOPath, got.nameID(), got.index()), signing(keys().sp))
	answer := w.read(b.postCross(SLOPath, form("SAMLRequest", doc)))
	if answer.top != "Success" || answer.to != spSLO+"/done" || attr(answer.root, "InResponseTo") != "_l1" || w.sessionLives(b) {
		t.Errorf("%+v", answer)
	}
}

// TestLogoutOfAnotherVersion: a partner that speaks another version is told so in the browser as well, unless it wants no answer or is
// not proven. Nothing ends.
func TestLogoutOfAnotherVersion(t *testing.T) {
	for name, c := range map[string]struct {
		version, inside string
		key             *rsa.PrivateKey
		want, reason    string
	}{
		"older":               {"1.1", "", keys().sp, "VersionMismatch/RequestVersionTooLow", "version_too_low"},
		"newer":               {"2.1", "", keys().sp, "VersionMismatch/RequestVersionTooHigh", "version_too_high"},
		"wants no answer":     {"2.1", `<samlp:Extensions><aslo:Asynchronous xmlns:aslo="` + asyncSpace + `"/></samlp:Extensions>`, keys().sp, "", "version_too_high"},
		"by somebody unknown": {"2.1", "", keys().other, "", "signature"},
	} {
		w := newWorld(t)
		b := w.browser()
		got := w.signOn(b, w.authn())
		doc := strings.Replace(w.logoutXML("_l1", spID, issuerURL+SLOPath, got.nameID(), got.index()), `Version="2.0"`, `Version="`+c.version+`"`, 1)
		doc = strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer>"+c.inside, 1)
		rec := b.get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", doc, "back"), signing(c.key)))
		if w.lastReason() != c.reason || !w.sessionLives(b) {
			t.Errorf("%s: %s, lives: %v", name, w.lastReason(), w.sessionLives(b))
		}
		if to := rec.Header().Get("Location"); c.want == "" || to == "" {
			if c.want != "" || rec.Code != http.StatusBadRequest {
				t.Errorf("%s: %d to %q", name, rec.Code, to)
			}
			continue
		}
		if out := w.openRedirect(rec.Header().Get("Location")); codes(out.root) != c.want || out.to != spSLO || out.relay != "back" || attr(out.root, "InResponseTo") != "_l1" {
			t.Errorf("%s: %s to %s", name, codes(out.root), out.to)
		}
	}
}

// TestRefusedLogoutOfWhomNobodyAnswers: where a partner cannot be told why nothing ended, the person is, and never that they are signed out.
func TestRefusedLogoutOfWhomNobodyAnswers(t *testing.T) {
	for change, reason := range map[string]string{`Version="1.1"`: "version_too_low", `Version="2.0"`: "unknown_session"} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) { p.SAML.Entity.SP.SLO = nil })
		b := w.browser()
		got := w.signOn(b, w.authn())
		doc := strings.Replace(w.logoutXML("_l1", spID, issuerURL+SLOPath, jones, got.index()), `Version="2.0"`, change, 1)
		rec := b.get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLRequest", doc, "back"), signing(keys().sp)))
		if w.lastReason() != reason || rec.Code < 400 || strings.Contains(rec.Body.String(), "You are signed out") || !w.sessionLives(b) {
			t.Errorf("%s: %d %s %s", change, rec.Code, w.lastReason(), rec.Body)
		}
	}
}

func TestLogoutWithoutIndexFindsTheSubject(t *testing.T) {
	for _, later := range []bool{false, true} { // whichever session is found first, the cookie of this browser is gone
		w := newWorld(t)
		b, elsewhere := w.browser(), w.browser()
		got := w.signOn(b, w.authn())
		w.signOn(elsewhere, w.authn())
		if later {
			b, elsewhere = elsewhere, b
		}
		rec := b.get(SLOPath + "?" + w.logoutQuery(got.nameID()))
		if cookie := b.jar["__Host-lanyard-session"]; cookie != "" {
			t.Errorf("later: %v: the cookie stays", later)
		}
		if out := w.openRedirect(rec.Header().Get("Location")); codes(out.root) != "Success/" || w.sessionLives(b) || w.sessionLives(elsewhere) {
			t.Errorf("%s; here %v, elsewhere %v", codes(out.root), w.sessionLives(b), w.sessionLives(elsewhere))
		}
	}
}

// TestLogoutWithoutCookie: a form of another site brings no cookie. The report that is shown is that of a session that ended.
func TestLogoutWithoutCookie(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	b.postCross(SLOPath, form("SAMLRequest", envelopedBy(t, w.logoutXML("_l1", spID, issuerURL+SLOPath, got.nameID(), got.index()), signing(keys().sp))))
	if w.after == nil || w.after.ID == "" || w.after.Session.UID != patel || len(w.after.Deliveries) != 2 || w.next == "" || w.sessionLives(b) {
		t.Errorf("%+v", w.after)
	}
}

func TestLogoutThatNeedsTheBrowser(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo?a=1"})
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	if w.after == nil || len(w.after.Deliveries) != 2 || w.next == "" || w.sessionLives(b) {
		t.Fatalf("%+v", w.after)
	}
	front := w.after.Deliveries[1]
	if front.Participant.Partner != otherID {
		front = w.after.Deliveries[0]
	}
	asked := w.openRedirect(strings.Replace(front.FrontURL, "a=1&", "", 1))
	if front.State != bridge.DeliveryFront || asked.relay != attr(asked.root, "ID") || attr(asked.root.Child(assertionSpace, "NameID"), "Format") == "" {
		t.Errorf("%+v %+v", front, asked)
	}
	// the partner answers in a frame
	response := func(to string, key xmlsec.SigningKey) string {
		return SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", w.answerXML(to, otherID, "Success"), asked.relay), key)
	}
	for name, url := range map[string]string{
		"other request": response("_unknown", signing(keys().other)),
		"foreign key":   response(attr(asked.root, "ID"), signing(keys().sp)),
	} {
		if rec := b.get(url); rec.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	rec := b.get(response(attr(asked.root, "ID"), signing(keys().other)))
	if rec.Code != http.StatusOK || rec.Header().Get("X-Frame-Options") != "" || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "frame-ancestors 'self'") {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	if again := b.get(response(attr(asked.root, "ID"), signing(keys().other))); again.Code != http.StatusBadRequest || w.lastReason() != "unsolicited" {
		t.Errorf("the same answer again: %d %s", again.Code, w.lastReason())
	}
	// then the first partner gets its answer, once
	final := w.openRedirect(b.get(w.next).Header().Get("Location"))
	if codes(final.root) != "Success/" || final.relay != "back" {
		t.Errorf("%s", codes(final.root))
	}
	if again := b.get(w.next); again.Code != http.StatusBadRequest {
		t.Errorf("again %d", again.Code)
	}
}

// answerXML is a LogoutResponse as a partner sends it by the browser.
func (w *world) answerXML(request, issuer, status string) string {
	return `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r` + w.hub.NewID() + `" InResponseTo="` + request +
		`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + issuer + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + status + `"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
}

// TestAnswersToLogoutRequests: whoever signs it, an answer counts for the partner that was asked, and for what it was asked.
func TestAnswersToLogoutRequests(t *testing.T) {
	for name, c := range map[string]struct {
		issuer, status string
		change         func(string) string
		code           int
		reason         string
		want           bridge.DeliveryState
	}{
		"ended":              {issuer: otherID, status: "Success", code: 200, want: bridge.DeliveryEnded},
		"not ended":          {issuer: otherID, status: "Responder", code: 200, want: bridge.DeliveryNone},
		"of another partner": {issuer: spID, status: "Success", code: 400, reason: "unsolicited", want: bridge.DeliveryFront},
		"to nothing":         {issuer: otherID, status: "Success", change: answersNothing, code: 400, reason: "unsolicited", want: bridge.DeliveryFront},
		"to another":         {issuer: otherID, status: "Success", change: answersAnother, code: 400, reason: "unsolicited", want: bridge.DeliveryFront},
		"of SAML 1.1": {issuer: otherID, status: "Success", change: func(s string) string { return strings.Replace(s, `Version="2.0"`, `Version="1.1"`, 1) },
			code: 400, reason: "version_too_low", want: bridge.DeliveryFront},
		"to elsewhere": {issuer: otherID, status: "Success", change: func(s string) string { return strings.Replace(s, issuerURL+SLOPath, issuerURL+SSOPath, 1) },
			code: 400, reason: "destination", want: bridge.DeliveryFront},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
			b := w.browser()
			w.signOn(b, w.authnOther())
			s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
			front := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})).Deliveries[0]
			asked := w.openRedirect(front.FrontURL)
			doc := w.answerXML(attr(asked.root, "ID"), c.issuer, c.status)
			if c.change != nil {
				doc = c.change(doc)
			}
			key := keys().other
			if c.issuer == spID {
				key = keys().sp
			}
			rec := b.get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", doc, asked.relay), signing(key)))
			if rec.Code != c.code || w.lastReason() != c.reason {
				t.Errorf("%d %s %s", rec.Code, w.lastReason(), rec.Body)
			}
			if c.code == http.StatusOK && strings.Contains(rec.Body.String(), "could not") != (c.status != "Success") {
				t.Errorf("%s", rec.Body)
			}
			if d := must(w.store.Deliveries(t.Context(), front.Logout))[0]; d.State != c.want {
				t.Errorf("%s, want %s", d.State, c.want)
			}
		})
	}
}

// TestAnswerInAWindowOfItsOwn: an answer that took the whole window leads back to the results; one in a frame is a sentence.
func TestAnswerInAWindowOfItsOwn(t *testing.T) {
	for destination, want := range map[string]int{"document": http.StatusSeeOther, "iframe": http.StatusOK, "": http.StatusOK} {
		w := newWorld(t)
		w.p.ResultURL = func(logout string) string { return "https://results.example/" + logout }
		w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
		b := w.browser()
		w.signOn(b, w.authnOther())
		s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
		front := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})).Deliveries[0]
		doc := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r1" InResponseTo="` + attr(w.openRedirect(front.FrontURL).root, "ID") +
			`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + otherID + `</saml:Issuer>` +
			`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + `Success"/></samlp:Status></samlp:LogoutResponse>`
		r := newGet(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", doc, ""), signing(keys().other)))
		r.Header.Set("Sec-Fetch-Dest", destination)
		if rec := b.do(r, true); rec.Code != want || want == http.StatusSeeOther && rec.Header().Get("Location") != "https://results.example/"+front.Logout {
			t.Errorf("%q: %d %v", destination, rec.Code, rec.Header())
		}
	}
}

// TestHeadersOfSignOutRequests: what every message says is judged for a sign-out too, before a session is looked for.
func TestHeadersOfSignOutRequests(t *testing.T) {
	put := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	for name, c := range map[string]struct {
		change func(string) string
		reason string
	}{
		"a long ID":            {put(` ID="_l1"`, ` ID="_`+strings.Repeat("x", 256)+`"`), "id"},
		"a version before":     {put(`Version="2.0"`, `Version="1.1"`), "version_too_low"},
		"an issuer by address": {put(`">`+spID, `" Format="`+metadata.NameIDEmail+`">`+spID), "issuer"},
		"a qualified issuer":   {put(`">`+spID, `" NameQualifier="x">`+spID), "issuer"},
		"to elsewhere":         {put(` ID="_l1"`, ` ID="_l1" Destination="`+issuerURL+SSOPath+`"`), "destination"},
		"a subject by its base": {func(s string) string {
			i, j := strings.Index(s, "<saml:NameID"), strings.Index(s, "<samlp:SessionIndex")
			return s[:i] + `<saml:BaseID xmlns:saml="` + assertionSpace + `"/>` + s[j:]
		}, "subject_form"},
		"made at no time": {put(` IssueInstant="2`, ` IssueInstant="x2`), "issue_instant"},
		"no issuer": {func(s string) string {
			i, j := strings.Index(s, "<saml:Issuer"), strings.Index(s, "<saml:NameID")
			return s[:i] + s[j:]
		}, "issuer"},
	} {
		w := newWorld(t)
		b := w.browser()
		got := w.signOn(b, w.authn())
		doc := c.change(w.logoutXML("_l1", spID, "", got.nameID(), got.index()))
		if name != "no issuer" { // nobody could sign that
			doc = envelopedBy(t, doc, signing(keys().sp))
		}
		w.postSOAP(envelope([]byte(doc)))
		if w.lastReason() != c.reason || !w.sessionLives(b) {
			t.Errorf("%s: %s, lives %v", name, w.lastReason(), w.sessionLives(b))
		}
	}
}

// partialLogoutIsTold is row 123: one partner fails, our session ends, and the answer says so.
func partialLogoutIsTold(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"})
	w.soap.answer = func(string, []byte) (int, []byte, error) { return 0, nil, errors.New("nobody there") }
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	if w.after == nil || w.after.Everywhere() {
		t.Fatalf("nobody was shown that a partner gave no answer: %+v", w.after)
	}
	out := w.openRedirect(b.get(w.next).Header().Get("Location"))
	if codes(out.root) != "Success/PartialLogout" || w.sessionLives(b) {
		t.Errorf("%s", codes(out.root))
	}
}

// soapAnswer answers a LogoutRequest of the hub as a partner would.
func (w *world) soapAnswer(body []byte, issuer, code string, key *xmlsec.SigningKey) []byte {
	inner, err := xmlsec.SOAPBody(body, xmlsec.MessageLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.VerifyEnveloped(inner, xmlsec.MessageLimits(), hubKeys())
	if err != nil {
		w.t.Fatal(err)
	}
	top, second, nested := strings.Cut(code, "/")
	if nested {
		second = `<samlp:StatusCode Value="` + statusPrefix + second + `"></samlp:StatusCode>`
	}
	doc := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" ID="_r` + w.hub.NewID() + `" InResponseTo="` + attr(v.Root(), "ID") +
		`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + issuer + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + top + `">` + second + `</samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
	if key != nil {
		doc = envelopedBy(w.t, doc, *key)
	}
	return envelope([]byte(doc))
}

// answersAnother and answersNothing change which request a message says it answers.
func answersAnother(s string) string {
	return strings.Replace(s, `InResponseTo="_`, `InResponseTo="_0`, 1)
}

var inResponseTo = regexp.MustCompile(` InResponseTo="[^"]*"`)

func answersNothing(s string) string { return inResponseTo.ReplaceAllString(s, "") }

// signOutOfOther signs a browser on to the other partner alone and ends its session.
func (w *world) signOutOfOther() bridge.Delivery {
	w.t.Helper()
	b := w.browser()
	w.signOn(b, w.authnOther())
	s, err := w.store.SessionByKey(w.t.Context(), bridge.Key(b.jar["__Host-lanyard-session"]))
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := w.hub.Logout(w.t.Context(), s.ID, bridge.LogoutCause{Reason: "user"})
	if err != nil || len(report.Deliveries) != 1 {
		w.t.Fatalf("%+v %v", report.Deliveries, err)
	}
	return report.Deliveries[0]
}

func TestPropagateBySOAP(t *testing.T) {
	good, foreign := signing(keys().other), signing(keys().sp)
	for name, tc := range map[string]struct {
		code, issuer string
		key          *xmlsec.SigningKey
		status       int
		want         bridge.DeliveryState
		to           string // "": the address with TLS
		change       func(string) string
	}{
		"signed":                     {code: "Success", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryEnded},
		"unsigned":                   {code: "Success", issuer: otherID, key: nil, status: 200, want: bridge.DeliveryEnded},
		"foreign key":                {code: "Success", issuer: otherID, key: &foreign, status: 200, want: bridge.DeliveryNoReply},
		"other issuer":               {code: "Success", issuer: spID, key: nil, status: 200, want: bridge.DeliveryNoReply},
		"refused":                    {code: "Responder", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryRefused},
		"no session":                 {code: "Requester/UnknownPrincipal", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryEnded},
		"partial":                    {code: "Success/PartialLogout", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryEnded},
		"denied":                     {code: "Requester/RequestDenied", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryRefused},
		"HTTP 500":                   {code: "Success", issuer: otherID, key: &good, status: 500, want: bridge.DeliveryNoReply},
		"signed, without TLS":        {code: "Success", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryEnded, to: "http://epr.example/soap"},
		"unsigned, without TLS":      {code: "Success", issuer: otherID, status: 200, want: bridge.DeliveryNoReply, to: "http://epr.example/soap"},
		"to another request":         {code: "Success", issuer: otherID, status: 200, want: bridge.DeliveryNoReply, change: answersAnother},
		"to no request":              {code: "Success", issuer: otherID, status: 200, want: bridge.DeliveryNoReply, change: answersNothing},
		"signed, then to no request": {code: "Success", issuer: otherID, key: &good, status: 200, want: bridge.DeliveryNoReply, change: answersNothing},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			to := cmp.Or(tc.to, "https://epr.example/soap")
			w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: to})
			w.soap.answer = func(target string, body []byte) (int, []byte, error) {
				if target != to {
					t.Errorf("sent to %s", target)
				}
				answer := w.soapAnswer(body, tc.issuer, tc.code, tc.key)
				if tc.change != nil {
					answer = []byte(tc.change(string(answer)))
				}
				return tc.status, answer, nil
			}
			if d := w.signOutOfOther(); d.State != tc.want {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestPropagateBySOAPThenBrowser: products list SOAP in their metadata and do not speak it. Whoever answers there in a way that nobody can
// read is told through the browser, where it can be, and by SOAP again; who is down, or says no, is told by SOAP again alone.
func TestPropagateBySOAPThenBrowser(t *testing.T) {
	good, foreign := signing(keys().other), signing(keys().sp)
	signed := func(code string, key *xmlsec.SigningKey) func(*world, []byte) (int, []byte, error) {
		return func(w *world, asked []byte) (int, []byte, error) {
			return 200, w.soapAnswer(asked, otherID, code, key), nil
		}
	}
	plain := func(status int, text string) func(*world, []byte) (int, []byte, error) {
		return func(*world, []byte) (int, []byte, error) { return status, []byte(text), nil }
	}
	for name, c := range map[string]struct {
		answer  func(*world, []byte) (int, []byte, error)
		binding string // of the other endpoint; empty: there is none
		want    bridge.DeliveryState
		front   bool // the browser may tell it
	}{
		"a page":                  {plain(200, "<!DOCTYPE html><p>Please wait</p>"), metadata.BindingRedirect, bridge.DeliveryNoReply, true},
		"a page, front by POST":   {plain(200, "<!DOCTYPE html><p>Please wait</p>"), metadata.BindingPOST, bridge.DeliveryNoReply, true},
		"a page, SOAP alone":      {plain(200, "<!DOCTYPE html><p>Please wait</p>"), "", bridge.DeliveryNoReply, false},
		"nothing":                 {plain(200, ""), metadata.BindingRedirect, bridge.DeliveryNoReply, true},
		"no such page":            {plain(404, "none"), metadata.BindingRedirect, bridge.DeliveryNoReply, true},
		"a strange signature":     {signed("Success", &foreign), metadata.BindingRedirect, bridge.DeliveryNoReply, true},
		"down":                    {plain(503, "back soon"), metadata.BindingRedirect, bridge.DeliveryNoReply, false},
		"not there":               {func(*world, []byte) (int, []byte, error) { return 0, nil, errors.New("refused") }, metadata.BindingRedirect, bridge.DeliveryNoReply, false},
		"it says that it did not": {signed("Responder", &good), metadata.BindingRedirect, bridge.DeliveryRefused, false},
		"it ended":                {signed("Success", &good), metadata.BindingRedirect, bridge.DeliveryEnded, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ends := []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"}}
			if c.binding != "" {
				ends = append(ends, metadata.Endpoint{Binding: c.binding, Location: "https://epr.example/slo"})
			}
			w.withOther(ends...)
			w.soap.answer = func(_ string, asked []byte) (int, []byte, error) { return c.answer(w, asked) }
			d := w.signOutOfOther()
			again := c.want == bridge.DeliveryNoReply || c.want == bridge.DeliveryRefused
			if d.State != c.want || (d.FrontURL != "") != c.front || d.InBrowser() != c.front || d.Next.IsZero() == again {
				t.Errorf("%+v", d)
			}
		})
	}
}

// TestPropagateBySOAPAgain: a partner whose answer by SOAP could not be read, while it was being maintained, is told again though its metadata
// lists the browser too: the session may have ended far from any. Where a browser told it first, that is the end of it, unless it said no: a cookie
// may not have come along.
func TestPropagateBySOAPAgain(t *testing.T) {
	for name, said := range map[string]string{"far from a browser": "", "in the browser": "Success", "in vain": "Requester"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"}, metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
			good, maintained, asked := signing(keys().other), true, 0
			w.soap.answer = func(_ string, doc []byte) (int, []byte, error) {
				if asked++; maintained {
					return http.StatusNotFound, []byte("back soon"), nil
				}
				return http.StatusOK, w.soapAnswer(doc, otherID, "Success", &good), nil
			}
			b := w.browser()
			w.signOn(b, w.authnOther())
			s := must(w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"])))
			report := must(w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: bridge.EndedByAdmin}))
			if d := w.front(report); d.State != bridge.DeliveryNoReply || !d.InBrowser() || !report.NeedsBrowser() {
				t.Fatalf("%+v", d)
			}
			if said != "" {
				request := w.openRedirect(w.front(report).FrontURL)
				answer := w.answerXML(attr(request.root, "ID"), otherID, said)
				b.get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", answer, ""), good))
				want := map[string]bridge.DeliveryState{"Success": bridge.DeliveryEnded, "Requester": bridge.DeliveryRefused}[said]
				if d := w.front(report); d.State != want || d.InBrowser() || d.Next.IsZero() != d.Settled() {
					t.Fatalf("%s: %+v", said, d)
				}
			}
			maintained = false
			w.now = w.now.Add(minutes(5))
			if err := w.hub.Retry(t.Context()); err != nil {
				t.Fatal(err)
			}
			if d := w.front(report); d.State != bridge.DeliveryEnded || d.FrontURL != "" || (asked == 1) != (said == "Success") {
				t.Errorf("asked %d times, %+v", asked, d)
			}
		})
	}
}

// TestConfirmedWhileToldAgain: what a partner confirms through the browser while it is told by SOAP once more, and not understood once more, stays
// confirmed.
func TestConfirmedWhileToldAgain(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingSOAP, Location: "https://epr.example/soap"}, metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
	meanwhile := func() {}
	w.soap.answer = func(string, []byte) (int, []byte, error) {
		meanwhile()
		return http.StatusOK, []byte("<p>Please wait</p>"), nil
	}
	d := w.signOutOfOther()
	meanwhile = func() {
		answer := w.answerXML(attr(w.openRedirect(d.FrontURL).root, "ID"), otherID, "Success")
		w.browser().get(SLOPath + "?" + signedQuery(t, redirectQuery(t, "SAMLResponse", answer, ""), signing(keys().other)))
	}
	w.now = w.now.Add(minutes(1))
	if err := w.hub.Retry(t.Context()); err != nil {
		t.Fatal(err)
	}
	ds := must(w.store.Deliveries(t.Context(), d.Logout))
	if len(w.soap.got) != 2 || ds[0].State != bridge.DeliveryEnded || !ds[0].Next.IsZero() || w.count(ledger.PartnerTold) != 3 { // each attempt, and the answer
		t.Errorf("%d calls, %+v, %s", len(w.soap.got), ds, w.lastReason())
	}
}

func TestPropagateNowhere(t *testing.T) {
	w := newWorld(t)
	w.withOther()
	state, front := w.p.Propagate(t.Context(), bridge.Delivery{}, w.partners[otherID])
	if state != bridge.DeliveryNone || front != "" {
		t.Errorf("%s %s", state, front)
	}
}

func (w *world) postSOAP(body []byte) *httptest.ResponseRecorder {
	return w.postSOAPAs("text/xml", body)
}

func (w *world) postSOAPAs(media string, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuerURL+SOAPPath, strings.NewReader(string(body)))
	r.Header.Set("Content-Type", media)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// TestSOAPMediaTypes: SOAP 1.1 is text/xml; pysaml2 names the type of SOAP 1.2.
func TestSOAPMediaTypes(t *testing.T) {
	for media, want := range map[string]string{
		"text/xml; charset=utf-8": "unsigned", "application/xml": "unsigned", "application/soap+xml": "unsigned", "text/plain": "media_type", "application/x-www-form-urlencoded": "media_type",
	} {
		w := newWorld(t)
		w.postSOAPAs(media, envelope([]byte(w.logoutXML("_u1", spID, "", patel))))
		if got := w.lastReason(); got != want {
			t.Errorf("%s: %s", media, got)
		}
	}
}

// TestSOAPFaults says whose fault it is. A header block that obliges us, as channel bindings of ECP 2.0 may, is never passed over.
func TestSOAPFaults(t *testing.T) {
	w := newWorld(t)
	plain := string(envelope([]byte(w.logoutXML("_f1", spID, "", patel))))
	for name, c := range map[string]struct{ body, code string }{
		"unsigned":         {plain, "soap:Client"},
		"must understand":  {strings.Replace(plain, "<soap:Body>", `<soap:Header><cb:ChannelBindings xmlns:cb="urn:oasis:names:tc:SAML:protocol:ext:channel-binding" soap:mustUnderstand="1"/></soap:Header><soap:Body>`, 1), "soap:MustUnderstand"},
		"version mismatch": {strings.Replace(plain, soapSpace, "http://www.w3.org/2003/05/soap-envelope", 1), "soap:VersionMismatch"},
	} {
		for _, path := range []string{SOAPPath, ArtifactPath, AttributesPath} {
			r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(c.body))
			r.Header.Set("Content-Type", "text/xml")
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code != http.StatusInternalServerError || !strings.Contains(rec.Body.String(), "<faultcode>"+c.code+"</faultcode>") ||
				strings.Contains(rec.Body.String(), "must be understood") != (name == "must understand") {
				t.Errorf("%s at %s: %d %s", name, path, rec.Code, rec.Body)
			}
		}
	}
}

func TestLogoutBySOAP(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := w.signOn(b, w.authn())
	doc := envelopedBy(t, w.logoutXML("_s1", spID, "", got.nameID(), "unknown", got.index()), signing(keys().sp))
	rec := w.postSOAP(envelope([]byte(doc)))
	inner, err := xmlsec.SOAPBody(rec.Body.Bytes(), xmlsec.MessageLimits())
	if err != nil {
		t.Fatalf("%v %s", err, rec.Body)
	}
	v, err := xmlsec.VerifyEnveloped(inner, xmlsec.MessageLimits(), hubKeys())
	if err != nil {
		t.Fatal(err)
	}
	if rec.Code != http.StatusOK || codes(v.Root()) != "Success/" || attr(v.Root(), "InResponseTo") != "_s1" || w.sessionLives(b) {
		t.Errorf("%d %s", rec.Code, inner)
	}
	replayed := w.postSOAP(envelope([]byte(doc)))
	if w.lastReason() != "replayed_request" || !strings.Contains(replayed.Body.String(), "RequestDenied") {
		t.Errorf("%s %s", w.lastReason(), replayed.Body)
	}
}

func TestQualifiersMayBeAbsent(t *testing.T) {
	told := nameID{Value: "x", Format: metadata.NameIDPersistent, NameQualifier: "hub", SPNameQualifier: "sp"}
	for _, tc := range []struct {
		got  nameID
		want bool
	}{
		{told, true},
		{nameID{Value: "x"}, true},
		{nameID{Value: "x", Format: metadata.NameIDPersistent}, true},
		{nameID{Value: "x", Format: metadata.NameIDTransient}, false},
		{nameID{Value: "x", SPNameQualifier: "other"}, false},
		{nameID{Value: "x", NameQualifier: "other"}, false},
		{nameID{Value: "X"}, false},
		{nameID{Value: " x"}, false},
		{nameID{}, false},
	} {
		if got := tc.got.names(told); got != tc.want {
			t.Errorf("%+v: %v", tc.got, got)
		}
	}
}
