package saml2

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// clients accepts "Card UID" and refuses every other Authorization header.
type clients struct{ w *world }

func (c clients) ClientProof(r *http.Request) (bridge.Proof, error) {
	uid, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Card ")
	switch {
	case r.Header.Get("Authorization") == "":
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialMissing, "No card was shown.")
	case !ok:
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialRevoked, "This card is revoked.")
	}
	return bridge.Proof{UID: uid, Method: bridge.MethodSmartcard, Assurance: 3, At: c.w.now}, nil
}

func (c clients) ClientChallenge(context.Context) (string, error) { return `Card challenge="c"`, nil }

// ecpWorld offers ECP to the sample partner.
func ecpWorld(t *testing.T) *world {
	w := newWorld(t)
	w.p.Clients = clients{w}
	w.handler = recorded(t, w.kit.Router(w.p.Routes()))
	return w
}

func (w *world) ecp(doc, authorization, query string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuerURL+ECPPath+query, strings.NewReader(string(envelope([]byte(doc)))))
	r.Header.Set("Content-Type", "text/xml")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// ecpRequest is what Shibboleth writes: the binding, no Destination.
func (w *world) ecpRequest() authn {
	a := w.authn()
	a.destination, a.attrs = "", ` AssertionConsumerServiceURL="`+spACS+`/paos" ProtocolBinding="`+metadata.BindingPAOS+`"`
	return a
}

// ecpAnswer reads the envelope: the address in its header, and the response.
func (w *world) ecpAnswer(rec *httptest.ResponseRecorder) (string, said) {
	w.t.Helper()
	if rec.Code != http.StatusOK {
		w.t.Fatalf("%d %s %s", rec.Code, rec.Body, w.lastReason())
	}
	v, err := xmlsec.AcceptVouched(rec.Body.Bytes(), ownLimits())
	if err != nil {
		w.t.Fatal(err)
	}
	header := v.Root().Child(soapSpace, "Header").Child(ecpSpace, "Response")
	if must, _ := header.AttrNS(soapSpace, "mustUnderstand"); must != "1" {
		w.t.Errorf("%s", rec.Body)
	}
	s := said{raw: v.Root().Child(soapSpace, "Body").Children[0].Raw()}
	w.verifySaid(&s)
	return attr(header, "AssertionConsumerServiceURL"), s
}

func TestSignOnByECP(t *testing.T) {
	w := ecpWorld(t)
	doc := w.ecpRequest().xml()
	asked := w.ecp(doc, "", "")
	if h := asked.Header(); h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Type"), "text/plain") {
		t.Errorf("%v", h)
	}
	if asked.Code != http.StatusUnauthorized || asked.Header().Get("WWW-Authenticate") != `Card challenge="c"` || w.count(ledger.Issued) != 0 {
		t.Fatalf("%d %v", asked.Code, asked.Header())
	}
	to, got := w.ecpAnswer(w.ecp(doc, "Card "+patel, ""))
	if to != spACS+"/paos" || got.top != "Success" || got.nameID() != patel || attr(got.root, "Destination") != spACS+"/paos" {
		t.Errorf("%s %+v", to, got)
	}
	if w.count(ledger.SignedIn) != 1 || w.count(ledger.Issued) != 1 {
		t.Errorf("%d signed in, %d issued", w.count(ledger.SignedIn), w.count(ledger.Issued))
	}
	signed := w.ecp(envelopedBy(t, w.ecpRequest().xml(), signing(keys().sp)), "Card "+patel, "")
	if !strings.Contains(signed.Body.String(), "<ecp:RequestAuthenticated ") || !strings.Contains(signed.Header().Get("Cache-Control"), "no-store") {
		t.Errorf("the client is not told that the request was authenticated: %v %s", signed.Header(), signed.Body)
	}
	if plain := w.ecp(w.ecpRequest().xml(), "Card "+patel, ""); strings.Contains(plain.Body.String(), "RequestAuthenticated") {
		t.Errorf("authenticated, they say: %s", plain.Body)
	}
	if again := w.ecp(doc, "Card "+patel, ""); again.Code != http.StatusInternalServerError || w.lastReason() != "replayed_request" {
		t.Errorf("the same request again: %d %s", again.Code, w.lastReason())
	}
}

func TestECPRefusals(t *testing.T) {
	signed := func(w *world, a authn) string { return envelopedBy(w.t, a.xml(), signing(keys().sp)) }
	for name, c := range map[string]struct {
		change        func(*trust.Partner)
		doc           func(w *world, a authn) string
		authorization string
		query         string
		code          int
		status        string // of a Response; empty: fault or 401
		reason        string
	}{
		"revoked card":     {authorization: "Basic x", code: 401},
		"the terms refuse": {change: func(p *trust.Partner) { p.SAML.Encrypt = "always" }, authorization: "Card " + patel, code: 200, status: "Requester/RequestUnsupported", reason: "no_encryption_key"},
		"nobody":           {authorization: "Card 999", code: 200, status: "Responder/AuthnFailed", reason: "credential_unknown"},
		"browser's address": {doc: func(_ *world, a authn) string {
			a.attrs = ` AssertionConsumerServiceURL="` + spACS + `"`
			return a.xml()
		}, authorization: "Card " + patel, code: 200, status: "Requester/UnsupportedBinding", reason: "unsupported_binding"},
		"foreign address": {doc: func(_ *world, a authn) string {
			a.attrs = ` AssertionConsumerServiceURL="https://evil.example/"`
			return a.xml()
		}, authorization: "Card " + patel, code: 500, reason: "bad_reply_address"},
		"foreign destination":    {doc: func(w *world, a authn) string { a.destination = "https://evil.example/"; return signed(w, a) }, authorization: "Card " + patel, code: 500, reason: "destination"},
		"foreign key":            {doc: func(w *world, a authn) string { return envelopedBy(w.t, a.xml(), signing(keys().other)) }, authorization: "Card " + patel, code: 500, reason: "signature"},
		"a role of someone else": {authorization: "Card " + patel, query: "?role=1", code: 200, status: "Responder/RequestDenied", reason: "role_not_allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := ecpWorld(t)
			if c.change != nil {
				w.change(c.change)
			}
			doc := c.doc
			if doc == nil {
				doc = signed
			}
			rec := w.ecp(doc(w, w.ecpRequest()), c.authorization, c.query)
			if rec.Code != c.code || w.count(ledger.Issued) != 0 || w.lastReason() != c.reason {
				t.Fatalf("%d %s %s", rec.Code, w.lastReason(), rec.Body)
			}
			if es := w.events(); c.code == http.StatusUnauthorized && (len(es) != 1 || es[0].Partner != spID || es[0].Ref == "") {
				t.Errorf("on record: %+v", es)
			}
			if n := w.count(ledger.SessionEnded); n != w.count(ledger.SignedIn) {
				t.Errorf("%d sessions ended of %d", n, w.count(ledger.SignedIn))
			}
			if c.status == "" {
				return
			}
			if to, got := w.ecpAnswer(rec); to != spACS+"/paos" || got.top+"/"+got.under != c.status || got.assertion != nil {
				t.Errorf("%s %+v", to, got)
			}
		})
	}
}

// TestECPCardConnectionIsUsedOnce: a handshake proves that a card was there once. A connection that is kept would prove it for ever.
func TestECPCardConnectionIsUsedOnce(t *testing.T) {
	for card, want := range map[bool]string{true: "close", false: ""} {
		w := ecpWorld(t)
		r := httptest.NewRequest(http.MethodPost, issuerURL+ECPPath, strings.NewReader(string(envelope([]byte(w.ecpRequest().xml())))))
		r.Header.Set("Content-Type", "text/xml")
		r.Header.Set("Authorization", "Card "+patel)
		r.TLS = &tls.ConnectionState{}
		if card {
			r.TLS.PeerCertificates = []*x509.Certificate{{}}
		}
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		if got := rec.Header().Get("Connection"); rec.Code != http.StatusOK || got != want {
			t.Errorf("card %v: %d, Connection: %q", card, rec.Code, got)
		}
	}
}

// TestECPOnTheCardsAddress: who came with a card may name either address of this service; who did not, the one without.
func TestECPOnTheCardsAddress(t *testing.T) {
	const cardECP = "https://cards.hub.example/saml2/ecp"
	card := &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{}}}
	for name, c := range map[string]struct {
		service, destination string
		tls                  *tls.ConnectionState
		host                 string
		reason               string
	}{
		"card":                              {cardECP, cardECP, card, "", ""},
		"card, but no such address":         {"", issuerURL + ECPPath, card, "", ""},
		"no card shown":                     {cardECP, issuerURL + ECPPath, &tls.ConnectionState{}, "", ""},
		"no card shown, card's address":     {cardECP, cardECP, &tls.ConnectionState{}, "", "destination"},
		"behind a proxy":                    {cardECP, cardECP, nil, "cards.hub.example", ""},
		"behind a proxy, the other address": {cardECP, issuerURL + ECPPath, nil, "cards.hub.example", "destination"},
	} {
		w := ecpWorld(t)
		w.p.CardECP = c.service
		a := w.ecpRequest()
		a.destination = c.destination
		r := httptest.NewRequest(http.MethodPost, issuerURL+ECPPath, strings.NewReader(string(envelope([]byte(envelopedBy(t, a.xml(), signing(keys().sp)))))))
		r.Header.Set("Content-Type", "text/xml")
		r.Header.Set("Authorization", "Card "+patel)
		r.TLS = c.tls
		if c.host != "" {
			r.Host = c.host
		}
		rec := httptest.NewRecorder()
		w.p.Kit.Handler(w.p.ECPRoute())(rec, r)
		if (rec.Code == http.StatusOK) != (c.reason == "") || w.lastReason() != c.reason {
			t.Errorf("%s: %d %s", name, rec.Code, w.lastReason())
		}
	}
}

// TestECPRole: there is no page to choose on, so several roles want one named.
func TestECPRole(t *testing.T) {
	w := ecpWorld(t)
	w.change(func(p *trust.Partner) { p.Terms.RoleNeeded = true })
	p, err := w.store.Person(t.Context(), patel)
	if err != nil {
		t.Fatal(err)
	}
	p.Roles = append(p.Roles, people.RoleProfile{ID: "100000000002", OrgCode: "RX2", Code: "S8000:G8000:R8001"})
	if err := w.store.SavePersons(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, got := w.ecpAnswer(w.ecp(w.ecpRequest().xml(), "Card "+patel, "")); got.under != "NoPassive" || w.lastReason() != "interaction_required" {
		t.Errorf("%+v %s", got, w.lastReason())
	}
	_, got := w.ecpAnswer(w.ecp(w.ecpRequest().xml(), "Card "+patel, "?role=100000000002"))
	if v := got.values("https://rx1.example/roles"); got.top != "Success" || len(v) == 0 {
		t.Errorf("%+v %v", got, v)
	}
}

// TestECPIsNotForBrowsers: the browser's service never answers to a PAOS address, and without cards there is no ECP.
func TestECPIsNotForBrowsers(t *testing.T) {
	w := newWorld(t)
	if rec := w.ecp(w.ecpRequest().xml(), "Card "+patel, ""); rec.Code != http.StatusNotFound {
		t.Errorf("%d", rec.Code)
	}
	a := w.ecpRequest()
	a.destination = issuerURL + SSOPath
	if got := w.signOn(w.browser(), a); got.under != "UnsupportedBinding" || got.to != spACS {
		t.Errorf("%+v", got)
	}
}
