package saml2

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
)

const otherSP = "https://lab.example/sp"

// resolveXML is an ArtifactResolve as a partner writes it.
func (w *world) resolveXML(issuer, artifact string) string {
	return `<samlp:ArtifactResolve xmlns:samlp="` + protocolSpace + `" ID="_` + w.hub.NewID() + `" IssueInstant="` + w.now.Format(instantLayout) + `" Version="2.0">` +
		`<saml:Issuer xmlns:saml="` + assertionSpace + `">` + issuer + `</saml:Issuer><samlp:Artifact>` + artifact + `</samlp:Artifact></samlp:ArtifactResolve>`
}

func (w *world) soapPost(path, doc string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(string(envelope([]byte(doc)))))
	r.Header.Set("Content-Type", "text/xml")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// handedOver reads an ArtifactResponse and returns the message in it, nil if there is none.
func (w *world) handedOver(rec *httptest.ResponseRecorder) []byte {
	w.t.Helper()
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	inner, err := xmlsec.SOAPBody(rec.Body.Bytes(), ownLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	v, err := xmlsec.VerifyEnveloped(inner, ownLimits(), hubKeys())
	if err != nil {
		w.t.Fatalf("%v\n%s", err, inner)
	}
	if top, _ := topStatus(v.Root()); !v.Root().Is(protocolSpace, artifactElement) || top != statusPrefix+successTop {
		w.t.Fatalf("%s", inner)
	}
	if bytes.Count(inner, []byte(`="`+protocolSpace+`"`)) != 1 { // a second prefix would be lost where a library writes it anew before it verifies
		w.t.Fatalf("one prefix for the protocol, declared once: %s", inner)
	}
	if last := v.Root().Children[len(v.Root().Children)-1]; !last.Is(protocolSpace, "Status") {
		return last.Raw()
	}
	return nil
}

// byArtifactOut signs on and returns the artifact that the browser was sent with.
func (w *world) byArtifactOut(b *browser) string {
	w.t.Helper()
	a := w.authn()
	a.attrs = ` ProtocolBinding="` + metadata.BindingArtifact + `"`
	rec := b.get(SSOPath + "?" + redirectQuery(w.t, "SAMLRequest", a.xml(), "state"))
	to, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || rec.Code != http.StatusSeeOther || to.Scheme+"://"+to.Host+to.Path != spACS+"/artifact" || to.Query().Get("RelayState") != "state" {
		w.t.Fatalf("%d %s %s", rec.Code, to, w.lastReason())
	}
	return to.Query().Get("SAMLart")
}

func TestArtifactPrintedForPeople(t *testing.T) {
	w := newWorld(t)
	text := w.byArtifactOut(w.browser())
	if doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, "\n    "+text[:30]+"\n"+text[30:]+"\n  "), signing(keys().sp)))); doc == nil {
		t.Error(w.lastReason())
	}
}

// TestReadArtifact: an artifact is 44 bytes of the one type, and written in one way.
func TestReadArtifact(t *testing.T) {
	whole := must(base64.StdEncoding.DecodeString(partnersArtifact()))
	for n := range artifactLength + 3 {
		raw := append(whole[:min(n, artifactLength):artifactLength], make([]byte, max(n-artifactLength, 0))...)
		a, err := readArtifact(base64.StdEncoding.EncodeToString(raw))
		if (err == nil) != (n == artifactLength) || err == nil && a.encode() != partnersArtifact() {
			t.Errorf("%d bytes: %+v %v", n, a, err)
		}
	}
}

func TestSignOnByArtifact(t *testing.T) {
	for _, sign := range []string{"response", "assertion", "both"} {
		w := newWorld(t)
		w.change(func(p *trust.Partner) { p.SAML.Sign = sign })
		text := w.byArtifactOut(w.browser())
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != 44 || raw[0] != 0 || raw[1] != 4 || raw[2] != 0 || raw[3] != 0 {
			t.Errorf("artifact %x", raw)
		}
		doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, text), signing(keys().sp))))
		got := said{raw: doc, vouched: true}
		w.verifySaid(&got)
		if got.top != "Success" || got.nameID() != patel || attr(got.root, "Destination") != spACS+"/artifact" {
			t.Errorf("%s: %s", sign, doc)
		}
		if again := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, text), signing(keys().sp)))); again != nil || w.lastReason() != "artifact_used" {
			t.Errorf("handed over twice, %s", w.lastReason())
		}
	}
}

// artifactsAreForTheirPartner is row 124: what is not the partner's living artifact gets an empty answer, and is on record.
func artifactsAreForTheirPartner(t *testing.T) {
	flip := func(text string, at int) string {
		raw := must(base64.StdEncoding.DecodeString(text))
		raw[at] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	for name, c := range map[string]struct {
		resolve func(w *world, text string) string
		code    string
	}{
		"another handle": {func(w *world, text string) string { return w.resolveXML(spID, flip(text, 43)) }, "artifact_unknown"},
		"another source": {func(w *world, text string) string { return w.resolveXML(spID, flip(text, 10)) }, "artifact_unknown"},
		"another index":  {func(w *world, text string) string { return w.resolveXML(spID, flip(text, 3)) }, "artifact_unknown"},
		"another type":   {func(w *world, text string) string { return w.resolveXML(spID, flip(text, 1)) }, "artifact_unknown"},
		"not base64":     {func(w *world, _ string) string { return w.resolveXML(spID, "%%") }, "artifact_unknown"},
		"too late": {func(w *world, text string) string {
			w.now = w.now.Add(artifactLife)
			return w.resolveXML(spID, text)
		}, "artifact_unknown"},
		"another partner": {func(w *world, text string) string {
			p := samplePartner()
			p.ID, p.SAML.Entity.ID = otherSP, otherSP
			w.partners[otherSP] = p
			return w.resolveXML(otherSP, text)
		}, "artifact_other_partner"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			text := w.byArtifactOut(w.browser())
			if doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, c.resolve(w, text), signing(keys().sp)))); doc != nil || w.lastReason() != c.code {
				t.Errorf("%q %s", w.lastReason(), doc)
			}
			if name == "too late" {
				return
			}
			if doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, text), signing(keys().sp)))); doc == nil {
				t.Error("the partner itself gets nothing any more")
			}
		})
	}
}

// TestArtifactRequestsRefused: who does not prove to be the partner gets a fault.
func TestArtifactRequestsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		doc  func(w *world, text string) string
		code string
	}{
		"unsigned": {func(w *world, text string) string { return w.resolveXML(spID, text) }, "unsigned"},
		"foreign key": {func(w *world, text string) string {
			return envelopedBy(w.t, w.resolveXML(spID, text), signing(keys().other))
		}, "signature"},
		"unknown": {func(w *world, text string) string {
			return envelopedBy(w.t, w.resolveXML("https://evil.example", text), signing(keys().sp))
		}, "unknown_partner"},
		"other message": {func(w *world, _ string) string { return envelopedBy(w.t, w.authn().xml(), signing(keys().sp)) }, "message_type"},
		"changed": {func(w *world, text string) string {
			return strings.Replace(envelopedBy(w.t, w.resolveXML(spID, strings.Repeat("A", 60)), signing(keys().sp)), strings.Repeat("A", 60), text, 1)
		}, "digest"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			text := w.byArtifactOut(w.browser())
			rec := w.soapPost(ArtifactPath, c.doc(w, text))
			if rec.Code != http.StatusInternalServerError || w.lastReason() != c.code {
				t.Errorf("%d %s", rec.Code, w.lastReason())
			}
			if doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, text), signing(keys().sp)))); doc == nil {
				t.Error("the partner itself gets nothing any more")
			}
		})
	}
	w := newWorld(t)
	text := w.byArtifactOut(w.browser())
	stale := w.resolveXML(spID, text)
	w.now = w.now.Add(time.Hour)
	rec := w.soapPost(ArtifactPath, envelopedBy(t, stale, signing(keys().sp)))
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "status:Requester") || w.lastReason() != "stale_request" {
		t.Errorf("%d %s %s", rec.Code, rec.Body, w.lastReason())
	}
}

// TestArtifactDiesWithItsSession: what was not fetched before the sign-out is gone.
func TestArtifactDiesWithItsSession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	text := w.byArtifactOut(b)
	s, err := w.store.SessionByKey(t.Context(), bridgeKey(b.jar["__Host-lanyard-session"]))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{Reason: "user"}); err != nil {
		t.Fatal(err)
	}
	if doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, text), signing(keys().sp)))); doc != nil {
		t.Errorf("%s", doc)
	}
}

// sources is the registry as saml2.Senders.
type sources registry

func (s sources) EntityBySource(source [20]byte) (string, bool) {
	for id := range s {
		if sourceOf(id) == source {
			return id, true
		}
	}
	return "", false
}

// answering makes the partner's resolution service hand over a message; change attacks the answer.
func (w *world) answering(doc string, sign bool, change func(string) string) {
	w.p.Senders = sources(w.partners)
	w.change(func(p *trust.Partner) {
		p.SAML.Entity.SP.ArtifactResolution = []metadata.IndexedEndpoint{{Binding: metadata.BindingSOAP, Location: "https://pas.example/ars", Index: 3}}
	})
	w.soap.answer = func(_ string, body []byte) (int, []byte, error) {
		asked := must(xmlsec.SOAPBody(body, xmlsec.MessageLimits()))
		v := must(xmlsec.VerifyEnveloped(asked, xmlsec.MessageLimits(), hubKeys()))
		answer := `<samlp:ArtifactResponse xmlns:samlp="` + protocolSpace + `" ID="_` + w.hub.NewID() + `" InResponseTo="` + attr(v.Root(), "ID") + `" IssueInstant="` + w.now.Format(instantLayout) +
			`" Version="2.0"><saml:Issuer xmlns:saml="` + assertionSpace + `">` + spID + `</saml:Issuer><samlp:Status><samlp:StatusCode Value="` + statusPrefix + successTop + `"/></samlp:Status>` + doc + `</samlp:ArtifactResponse>`
		if sign {
			answer = envelopedBy(w.t, answer, signing(keys().sp))
		}
		if change != nil {
			answer = change(answer)
		}
		return http.StatusOK, envelope([]byte(answer)), nil
	}
}

func partnersArtifact() string {
	return artifact{index: 3, source: sourceOf(spID), handle: [20]byte{1, 2, 3}}.encode()
}

// TestRequestByArtifact: the message is fetched from the registered service and then judged as any other.
func TestRequestByArtifact(t *testing.T) {
	for name, c := range map[string]struct {
		inner, outer bool
		must         bool // the partner signs its requests
		posted       bool // by a form
		change       func(string) string
		code         string
	}{
		"nothing signed":               {},
		"nothing signed, but must":     {must: true, code: "unsigned"},
		"message signed":               {inner: true, must: true},
		"answer signed":                {outer: true, must: true},
		"answer signed, by a form":     {outer: true, must: true, posted: true},
		"both signed":                  {inner: true, outer: true, must: true},
		"answer signed, then changed":  {outer: true, change: func(s string) string { return strings.Replace(s, "AuthnRequest ", `AuthnRequest IsPassive="true" `, 1) }, code: "artifact_answer"},
		"message signed, then changed": {inner: true, change: func(s string) string { return strings.Replace(s, "AuthnRequest ", `AuthnRequest IsPassive="true" `, 1) }, code: "digest"},
		"both signed, then changed":    {inner: true, outer: true, change: func(s string) string { return strings.Replace(s, "AuthnRequest ", `AuthnRequest IsPassive="true" `, 1) }, code: "artifact_answer"},
		"an answer to something else":  {outer: true, change: func(s string) string { return strings.Replace(s, `InResponseTo="_`, `InResponseTo="_0`, 1) }, code: "artifact_answer"},
		"unsigned answer to another":   {change: func(s string) string { return strings.Replace(s, `InResponseTo="_`, `InResponseTo="_0`, 1) }, code: "artifact_answer"},
		"a failure":                    {change: func(s string) string { return strings.Replace(s, "status:Success", "status:Requester", 1) }, code: "artifact_answer"},
		"a message of another partner": {change: func(s string) string { i := strings.LastIndex(s, spID); return s[:i] + otherSP + s[i+len(spID):] }, code: "issuer"},
		"an answer of another partner": {change: func(s string) string { return strings.Replace(s, spID, otherSP, 1) }, code: "artifact_answer"},
		"another element":              {change: func(s string) string { return strings.ReplaceAll(s, "samlp:ArtifactResponse", "samlp:Response") }, code: "artifact_answer"},
		"two messages": {change: func(s string) string {
			i, j := strings.Index(s, "<samlp:AuthnRequest"), strings.Index(s, "</samlp:ArtifactResponse>")
			return s[:j] + strings.Replace(s[i:j], ` ID="_`, ` ID="_0`, 1) + s[j:]
		}, code: "artifact_answer"},
		"a message before the status": {change: func(s string) string { return strings.Replace(s, "<samlp:Status>", "<samlp:Extra/><samlp:Status>", 1) }, code: "artifact_answer"},
		"text beside the message":     {change: func(s string) string { return strings.Replace(s, "<samlp:Status>", "text<samlp:Status>", 1) }, code: "artifact_answer"},
		"no message": {change: func(s string) string {
			i, j := strings.Index(s, "<samlp:AuthnRequest"), strings.Index(s, "</samlp:ArtifactResponse>")
			return s[:i] + s[j:]
		}, code: "artifact_answer"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other := samplePartner()
			other.ID, other.SAML.Entity.ID = otherSP, otherSP
			w.partners[otherSP] = other
			a := w.authn()
			a.destination = ""
			doc := a.xml()
			if c.inner {
				doc = envelopedBy(t, doc, signing(keys().second))
			}
			w.answering(doc, c.outer, c.change)
			if c.must {
				p := w.partners[spID]
				p.SAML.RequestsSigned = true
			}
			sent := url.Values{"SAMLart": {partnersArtifact()}, "RelayState": {"state"}}
			var rec *httptest.ResponseRecorder
			if c.posted {
				rec = w.browser().postCross(SSOPath, sent)
			} else {
				rec = w.browser().get(SSOPath + "?" + sent.Encode())
			}
			if c.code == "" {
				if got := w.read(rec); got.top != "Success" || got.relay == nil || *got.relay != "state" {
					t.Errorf("%+v", got)
				}
				return
			}
			if _, ok := readPage(rec); ok || w.lastReason() != c.code {
				t.Errorf("%d %s", rec.Code, w.lastReason())
			}
		})
	}
}

// TestNoMessageForArtifact: what cannot be fetched, or is not handed over by HTTP 200, is no message.
func TestNoMessageForArtifact(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		code   string
	}{
		"HTTP 500": {func(w *world) {
			answer := w.soap.answer
			w.soap.answer = func(to string, body []byte) (int, []byte, error) {
				_, body, err := answer(to, body)
				return http.StatusInternalServerError, body, err
			}
		}, "artifact_answer"},
		"nothing calls out":      {func(w *world) { w.p.Poster = nil }, "no_resolution_service"},
		"a service for browsers": {func(w *world) { w.partners[spID].SAML.Entity.SP.ArtifactResolution[0].Binding = metadata.BindingPOST }, "no_resolution_service"},
		"no senders are known":   {func(w *world) { w.p.Senders = nil }, "unknown_partner"},
	} {
		w := newWorld(t)
		a := w.authn()
		a.destination = ""
		w.answering(a.xml(), true, nil)
		c.change(w)
		rec := w.browser().get(SSOPath + "?SAMLart=" + url.QueryEscape(partnersArtifact()))
		if _, ok := readPage(rec); ok || w.lastReason() != c.code {
			t.Errorf("%s: %d %s", name, rec.Code, w.lastReason())
		}
	}
}

// artifactsAreFetchedFromRegisteredServices is row 125: an artifact cannot make the hub call anybody else.
func artifactsAreFetchedFromRegisteredServices(t *testing.T) {
	for name, text := range map[string]string{
		"unknown source":       artifact{index: 3, source: sourceOf("https://evil.example")}.encode(),
		"index not registered": artifact{index: 4, source: sourceOf(spID)}.encode(),
		"partner without one":  artifact{index: 3, source: sourceOf(otherSP)}.encode(),
		"not an artifact":      "AAAA",
		"another writing":      partnersArtifact()[:58] + "B=",
		"another kind":         base64.StdEncoding.EncodeToString(make([]byte, 44)),
		"behind the end":       partnersArtifact() + "AAAA",
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			other := samplePartner()
			other.ID, other.SAML.Entity.ID = otherSP, otherSP
			w.partners[otherSP] = other
			w.answering(w.authn().xml(), true, nil)
			for _, path := range []string{SSOPath, SLOPath} {
				rec := w.browser().get(path + "?SAMLart=" + url.QueryEscape(text))
				posted := w.browser().postCross(path, url.Values{"SAMLart": {text}})
				if rec.Code != http.StatusBadRequest || posted.Code != http.StatusBadRequest || len(w.soap.got) != 0 {
					t.Errorf("%s: %d %d, %d calls", path, rec.Code, posted.Code, len(w.soap.got))
				}
			}
		})
	}
}

// TestSilentPartnerHoldsFewPlaces: strangers who send artifacts of a partner that does not answer take a few places and no more, and
// those are free again afterwards. Another partner's messages are fetched meanwhile.
func TestSilentPartnerHoldsFewPlaces(t *testing.T) {
	w := newWorld(t)
	a := w.authn()
	a.destination = ""
	w.answering(a.xml(), true, nil)
	answer, asked, silent := w.soap.answer, make(chan struct{}), make(chan struct{})
	p := &silentPeer{answer: func(target string, body []byte) (int, []byte, error) {
		asked <- struct{}{}
		<-silent
		return answer(target, body)
	}}
	w.p.Poster = p
	link := SSOPath + "?SAMLart=" + url.QueryEscape(partnersArtifact())
	var all sync.WaitGroup
	for range maxFetching {
		all.Go(func() { _, _ = w.p.dereference(t.Context(), message{by: byArtifact, artifact: partnersArtifact()}) })
		<-asked
	}
	for _, path := range []string{SSOPath, SLOPath} {
		rec := w.browser().get(path + "?SAMLart=" + url.QueryEscape(partnersArtifact()))
		last := w.events()[len(w.events())-1]
		if rec.Code != http.StatusServiceUnavailable || last.Reason != "artifact_busy" || last.Partner != spID {
			t.Errorf("%d %+v", rec.Code, last)
		}
	}
	if !w.p.fetching.enter(otherSP) {
		t.Error("another partner has to wait")
	}
	w.p.fetching.leave(otherSP)
	close(silent)
	all.Wait()
	if len(w.p.fetching.now) != 0 {
		t.Errorf("places are not free: %v", w.p.fetching.now)
	}
	w.p.Poster = w.soap
	if got := w.read(w.browser().get(link)); got.top != "Success" {
		t.Errorf("%+v", got)
	}
}

// silentPeer is a soapPeer that several may ask at the same time.
type silentPeer struct {
	answer func(target string, body []byte) (int, []byte, error)
}

func (s *silentPeer) Post(_ context.Context, target, _ string, body []byte) (int, []byte, error) {
	return s.answer(target, body)
}

// TestLogoutByArtifact: a LogoutRequest by artifact ends the session, and is answered by artifact where the partner listens so.
func TestLogoutByArtifact(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := w.signOn(b, w.authn())
	w.answering(w.logoutXML("_l1", spID, "", patel, got.index()), true, nil)
	p := w.partners[spID]
	p.SAML.Entity.SP.SLO = []metadata.Endpoint{{Binding: metadata.BindingArtifact, Location: spSLO + "/artifact"}}
	rec := b.get(SLOPath + "?SAMLart=" + url.QueryEscape(partnersArtifact()))
	to, err := url.Parse(rec.Header().Get("Location"))
	if err != nil || !strings.HasPrefix(to.String(), spSLO+"/artifact?SAMLart=") || w.sessionLives(b) {
		t.Fatalf("%d %s %s", rec.Code, to, w.lastReason())
	}
	doc := w.handedOver(w.soapPost(ArtifactPath, envelopedBy(t, w.resolveXML(spID, to.Query().Get("SAMLart")), signing(keys().sp))))
	v, err := xmlsec.VerifyEnveloped(doc, ownLimits(), hubKeys())
	if err != nil || attr(v.Root(), "InResponseTo") != "_l1" {
		t.Errorf("%v %s", err, doc)
	}
}
