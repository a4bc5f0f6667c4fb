package saml2

import (
	"encoding/base64"
	"net/url"
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

// setAside posts a request and returns where the browser would fetch it again.
func (w *world) setAside(doc string) string {
	w.t.Helper()
	rec := w.browser().do(newForm(SSOPath, form("SAMLRequest", doc)), false)
	to := rec.Header().Get("Location")
	if !strings.HasPrefix(to, ResumePath+"?bounce=") {
		w.t.Fatalf("%d %q", rec.Code, to)
	}
	return to
}

// replayedAtTheEdge: copies of a request that were set aside just before it went stale are continued after that, when its
// mark might be forgotten already.
func replayedAtTheEdge(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	w.signOn(b, w.authn())
	doc := envelopedBy(t, w.authn().xml(), signing(keys().sp))
	w.now = w.now.Add(w.p.RequestLife + w.p.ClockSkew - time.Second)
	first, second := w.setAside(doc), w.setAside(doc)
	w.now = w.now.Add(bounceLife - time.Second)
	if got := w.read(b.get(first)); got.assertion == nil {
		t.Fatal("the first copy is answered")
	}
	issued := w.count(ledger.Issued)
	w.now = w.now.Add(time.Millisecond)
	rec := b.get(second)
	if _, posts := readPage(rec); posts || w.lastReason() != "replayed_request" || w.count(ledger.Issued) != issued {
		t.Errorf("%d, posts %v, %q", rec.Code, posts, w.lastReason())
	}
}

// TestRefusalGoesToRegisteredAddressOnly: the address was taken back while the person was signing in.
func TestRefusalGoesToRegisteredAddressOnly(t *testing.T) {
	w := newWorld(t)
	w.keyboard = ""
	to := w.setAside(w.authn().xml())
	w.change(func(p *trust.Partner) {
		p.SAML.Entity.SP.ACS = []metadata.IndexedEndpoint{{Binding: metadata.BindingPOST, Location: "https://pas.example/new", Default: true}}
	})
	rec := w.browser().get(to)
	if page, posts := readPage(rec); posts || rec.Code == 200 {
		t.Errorf("%d: an answer went to %q", rec.Code, page.action)
	}
}

// TestNamesThatXMLCannotHold: what a strict partner could not read is not signed.
func TestNamesThatXMLCannotHold(t *testing.T) {
	for name, encrypted := range map[string]bool{"a\x0bb": false, "a\xffb": true, "a\uFFFEb": false} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) {
			p.Stage, p.Terms.Subject = trust.Live, trust.SubjectEmail
			if encrypted {
				p.SAML.Entity.SP.EncryptionKeys = []xmlsec.EncryptionKey{{Public: &keys().encryption.PublicKey}}
			}
		})
		if err := w.store.SavePersons(t.Context(), people.Person{UID: patel, Status: people.Active, Name: "Dr A", Email: name, Identity: 3}); err != nil {
			t.Fatal(err)
		}
		rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), ""))
		if _, posts := readPage(rec); posts || w.count(ledger.Issued) != 0 {
			t.Errorf("%q: %d, posts %v, %s", name, rec.Code, posts, w.lastReason())
		}
	}
}

// postOnly registers a second partner that takes LogoutRequests by HTTP-POST alone, and signs on to both.
func postOnly(t *testing.T) (*world, *browser, bridge.LogoutReport) {
	t.Helper()
	w := newWorld(t)
	w.withOther(metadata.Endpoint{Binding: metadata.BindingPOST, Location: "https://epr.example/slo?x=1&y=2"})
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.signOn(b, w.authnOther())
	b.get(SLOPath + "?" + w.logoutQuery(got.nameID(), got.index()))
	if w.after == nil {
		t.Fatal("no report is shown")
	}
	return w, b, *w.after
}

func (w *world) front(report bridge.LogoutReport) bridge.Delivery {
	w.t.Helper()
	ds, err := w.store.Deliveries(w.t.Context(), report.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range ds {
		if d.Participant.Partner == otherID {
			return d
		}
	}
	w.t.Fatal("the other partner is not told")
	return bridge.Delivery{}
}

func TestLogoutThroughTheBrowserByPost(t *testing.T) {
	w, b, report := postOnly(t)
	d := w.front(report)
	if d.State != bridge.DeliveryFront || !strings.HasPrefix(d.FrontURL, issuerURL+FrontPath+"?") {
		t.Fatalf("%s %q", d.State, d.FrontURL)
	}
	rec := b.get(d.FrontURL)
	page, posts := readPage(rec)
	policy := rec.Header().Get("Content-Security-Policy")
	if !posts || page.action != "https://epr.example/slo?x=1&y=2" || rec.Header().Get("X-Frame-Options") != "" ||
		!strings.Contains(policy, "form-action 'self' https://epr.example https:;") || !strings.Contains(policy, "frame-ancestors 'self'") || strings.Contains(policy, "unsafe") {
		t.Fatalf("%v %+v %s", posts, page, policy)
	}
	raw, err := base64.StdEncoding.DecodeString(page.fields["SAMLRequest"])
	if err != nil {
		t.Fatal(err)
	}
	v, err := xmlsec.VerifyEnveloped(raw, xmlsec.MessageLimits(), hubKeys())
	if err != nil {
		t.Fatal(err)
	}
	root := v.Root()
	if !root.Is(protocolSpace, "LogoutRequest") || attr(root, "Destination") != page.action || root.Child(protocolSpace, "SessionIndex").Text() != d.Participant.Index {
		t.Errorf("not the request that was owed")
	}
	answer := `<samlp:LogoutResponse xmlns:samlp="` + protocolSpace + `" Destination="` + issuerURL + SLOPath + `" ID="_r1" InResponseTo="` + attr(root, "ID") +
		`" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + otherID + `</saml:Issuer>` +
		`<samlp:Status><samlp:StatusCode Value="` + statusPrefix + `Success"></samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
	b.postCross(SLOPath, form("SAMLResponse", envelopedBy(t, answer, signing(keys().other))))
	if got := w.front(report).State; got != bridge.DeliveryEnded {
		t.Errorf("%s, %s", got, w.lastReason())
	}
	// what is over is not sent again
	if _, posts := readPage(b.get(d.FrontURL)); posts {
		t.Error("the partner is told twice")
	}
}

func TestLogoutFrontPageIsForItsAddressOnly(t *testing.T) {
	w, b, report := postOnly(t)
	d := w.front(report)
	u, err := url.Parse(d.FrontURL)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{FrontPath, FrontPath + "?id=", FrontPath + "?id=guess", FrontPath + "?" + u.RawQuery + "x"} {
		if rec := b.get(target); rec.Code == 200 || strings.Contains(rec.Body.String(), "SAMLRequest") {
			t.Errorf("%s: %d", target, rec.Code)
		}
	}
	w.now = w.now.Add(sentLife + time.Second)
	if rec := b.get(d.FrontURL); rec.Code == 200 {
		t.Errorf("expired: %d", rec.Code)
	}
}

// expiredMetadata: a hub that runs on after a partner's validUntil, and the difference of clocks, stops answering it, as it would after a
// restart.
func expiredMetadata(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.Entity.ValidUntil = w.now.Add(time.Minute) })
	b := w.browser()
	if got := w.signOn(b, w.authn()); got.assertion == nil {
		t.Fatal("good for a minute still")
	}
	w.now = w.now.Add(time.Minute + w.p.ClockSkew)
	issued := w.count(ledger.Issued)
	rec := b.get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), ""))
	if _, posts := readPage(rec); posts || rec.Code != 403 || w.lastReason() != "metadata_expired" || w.count(ledger.Issued) != issued {
		t.Errorf("%d, posts %v, %q", rec.Code, posts, w.lastReason())
	}
}

// TestRelayStateIsText: what a form could not give back octet for octet is refused rather than changed.
func TestRelayStateIsText(t *testing.T) {
	for raw, ok := range map[string]bool{"a%20b%2B%C3%A9": true, "": true, "%ff": false, "a%00": false} {
		w := newWorld(t)
		rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), "") + "&RelayState=" + raw)
		page, posts := readPage(rec)
		want, err := url.QueryUnescape(raw)
		if posts != ok || ok && (err != nil || page.fields["RelayState"] != want) {
			t.Errorf("%q: posts %v, %q, %s", raw, posts, page.fields["RelayState"], w.lastReason())
		}
	}
}
