package saml2

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// asked makes a LogoutRequest one that wants no answer.
func asked(doc string) string {
	return strings.Replace(doc, "</saml:Issuer>", `</saml:Issuer><samlp:Extensions><x:Else xmlns:x="urn:x"></x:Else><aslo:Asynchronous xmlns:aslo="`+asyncSpace+`"></aslo:Asynchronous></samlp:Extensions>`, 1)
}

func (w *world) asyncQuery(name string, indexes ...string) string {
	doc := asked(w.logoutXML("_"+w.hub.NewID(), spID, issuerURL+SLOPath, name, indexes...))
	return signedQuery(w.t, redirectQuery(w.t, "SAMLRequest", doc, "back"), signing(keys().sp))
}

func TestAsyncLogoutStaysHere(t *testing.T) {
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingRedirect, Location: "https://epr.example/slo"})
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	rec := b.get(SLOPath + "?" + w.asyncQuery(got.nameID(), got.index()))
	if rec.Header().Get("Location") != "" || w.sessionLives(b) || len(b.jar["__Host-lanyard-session"]) != 0 {
		t.Errorf("%d to %q, session lives: %v", rec.Code, rec.Header().Get("Location"), w.sessionLives(b))
	}
	if w.after == nil || w.next != "" || len(w.after.Deliveries) != 2 {
		t.Fatalf("shown %+v, then %q", w.after, w.next)
	}
	if d := w.front(*w.after); d.State != bridge.DeliveryFront {
		t.Errorf("the other partner: %s", d.State)
	}
	// also when there is nobody left to tell: the page says so, and the partner is not answered
	w.after = nil
	alone := w.browser()
	got = w.signOn(alone, w.authn())
	doc := envelopedBy(t, asked(w.logoutXML("_p1", spID, issuerURL+SLOPath, got.nameID(), got.index())), signing(keys().sp))
	if _, posts := readPage(alone.postCross(SLOPath, form("SAMLRequest", doc))); posts || w.after == nil || !w.after.Everywhere() || w.next != "" {
		t.Errorf("posts %v, shown %+v", posts, w.after)
	}
}

func TestAsyncLogoutOfNobodyIsNotAnswered(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signOn(b, w.authn())
	rec := b.get(SLOPath + "?" + w.asyncQuery(patel, "unknown"))
	if rec.Header().Get("Location") != "" || rec.Code < 400 || w.lastReason() != "unknown_session" || !w.sessionLives(b) {
		t.Errorf("%d to %q, %s", rec.Code, rec.Header().Get("Location"), w.lastReason())
	}
}

// TestAsyncLogoutBySOAP: HTTP answers in any case, and so does SOAP.
func TestAsyncLogoutBySOAP(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := w.signOn(b, w.authn())
	doc := envelopedBy(t, asked(w.logoutXML("_s1", spID, "", got.nameID(), got.index())), signing(keys().sp))
	inner, err := xmlsec.SOAPBody(w.postSOAP(envelope([]byte(doc))).Body.Bytes(), xmlsec.MessageLimits())
	if err != nil {
		t.Fatal(err)
	}
	v, err := xmlsec.VerifyEnveloped(inner, xmlsec.MessageLimits(), hubKeys())
	if err != nil || codes(v.Root()) != "Success/" || attr(v.Root(), "InResponseTo") != "_s1" || w.sessionLives(b) {
		t.Errorf("%v %s", err, inner)
	}
}

// TestPartnerThatDoesNotAnswer: by its terms it is told and does not answer; nobody claims that it ended anything, and nobody
// waits for it. Should it answer all the same, that counts.
func TestPartnerThatDoesNotAnswer(t *testing.T) {
	for binding, by := range map[string]binding{metadata.BindingRedirect: byRedirect, metadata.BindingPOST: byPOST} {
		t.Run(binding, func(t *testing.T) {
			w := newWorld(t)
			w.withOther(metadata.Endpoint{Binding: binding, Location: "https://epr.example/slo"})
			other := w.partners[otherID]
			terms := *other.SAML
			terms.AsyncLogout, other.SAML = true, &terms
			w.partners[otherID] = other
			b := w.browser()
			got := w.signOn(b, w.authn())
			w.signOn(b, w.authnOther())
			b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
			d := w.front(*w.after)
			if d.State != bridge.DeliveryFront || !strings.HasPrefix(d.FrontURL, issuerURL+FrontPath+"?") {
				t.Fatalf("%s %s: nobody was there yet", d.State, d.FrontURL)
			}
			page := d.FrontURL
			rec := b.get(page)
			request := w.sentBy(rec, by)
			x := request.Child(protocolSpace, "Extensions")
			if x == nil || x.Child(asyncSpace, "Asynchronous") == nil || attr(request, "Reason") != reasonUser {
				t.Error("it is asked for an answer")
			}
			if d = w.front(*w.after); d.State != bridge.DeliveryTold || !d.Settled() || !d.Next.IsZero() {
				t.Errorf("%+v", d)
			}
			final := w.openRedirect(b.get(w.next).Header().Get("Location"))
			if codes(final.root) != "Success/PartialLogout" {
				t.Errorf("%s", codes(final.root))
			}
			answer := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r1" InResponseTo="` + attr(request, "ID") +
				`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + otherID + `</saml:Issuer>` +
				`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + `Success"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
			b.postCross(SLOPath, form("SAMLResponse", envelopedBy(t, answer, signing(keys().other))))
			if d = w.front(*w.after); d.State != bridge.DeliveryEnded {
				t.Errorf("%+v, %s", d, w.lastReason())
			}
			if again := b.get(page); again.Code != http.StatusOK || w.front(*w.after).State != bridge.DeliveryEnded {
				t.Errorf("%d: told again after it confirmed", again.Code)
			}
		})
	}
}

// sentBy reads the LogoutRequest that the browser was given to carry.
func (w *world) sentBy(rec *httptest.ResponseRecorder, by binding) *xmlsec.Element {
	w.t.Helper()
	if by == byRedirect {
		return w.openRedirect(rec.Header().Get("Location")).root
	}
	page, posts := readPage(rec)
	if !posts {
		w.t.Fatalf("%d, no form", rec.Code)
	}
	raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLRequest"])
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.VerifyEnveloped(raw, xmlsec.MessageLimits(), hubKeys())
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Root()
}
