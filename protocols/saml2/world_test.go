package saml2

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"html"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	issuerURL = "https://hub.example"
	spID      = "https://pas.example/sp"
	spACS     = "https://pas.example/acs"
	spSLO     = "https://pas.example/slo"
	patel     = "555036632103"
	jones     = "555036632104"
)

// keys are made once: RSA keys are slow to find.
type testKeys struct{ hub, sp, second, other, encryption, receiving, retired *rsa.PrivateKey }

var keys = sync.OnceValue(func() testKeys {
	var k testKeys
	var wg sync.WaitGroup
	for _, p := range []**rsa.PrivateKey{&k.hub, &k.sp, &k.second, &k.other, &k.encryption, &k.receiving, &k.retired} {
		wg.Go(func() {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			*p = key
		})
	}
	wg.Wait()
	return k
})

var (
	hubEC   = ecKey(elliptic.P256())
	hubP384 = ecKey(elliptic.P384())
	hubP521 = ecKey(elliptic.P521())
)

func ecKey(c elliptic.Curve) func() *ecdsa.PrivateKey {
	return sync.OnceValue(func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	})
}

// hubRing has a key for every algorithm.
var hubRing = sync.OnceValue(func() keyring.Ring {
	return ringOf(keyring.Active, keys().hub, hubEC(), hubP384(), hubP521())
})

func ringOf(state keyring.State, signers ...crypto.Signer) keyring.Ring {
	var all []keyring.Key
	for _, s := range signers {
		all = append(all, ringKey(state, s))
	}
	return newRing(all...)
}

func newRing(all ...keyring.Key) keyring.Ring {
	ring, err := keyring.New(all...)
	if err != nil {
		panic(err)
	}
	return ring
}

func ringKey(state keyring.State, s crypto.Signer) keyring.Key {
	certificate, err := newCertificate(s)
	if err != nil {
		panic(err)
	}
	return keyring.Key{State: state, Signer: s, Certificate: certificate}
}

func newCertificate(key crypto.Signer) (*x509.Certificate, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func certificateOf(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	c, err := newCertificate(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// registry is the trust registry as a map.
type registry map[string]trust.Partner

func (r registry) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	p, ok := r[id]
	if !ok || p.Protocol != protocol {
		return trust.Partner{}, trust.ErrUnknownPartner
	}
	return p, nil
}

// world is a hub with one SAML front end, and a sign-in page that accepts whoever is at the keyboard.
type world struct {
	t        testing.TB
	now      time.Time
	store    *memory.Store
	hub      *bridge.Hub
	kit      *web.Kit
	p        *Provider
	partners registry
	handler  http.Handler
	soap     *soapPeer
	after    *bridge.LogoutReport // what AfterLogout was shown
	next     string
	keyboard string // uid of who signs in; empty: gives up
	method   bridge.Method
	level    bridge.Assurance
	thinks   time.Duration // how long who signs in takes
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), keyboard: patel, method: bridge.MethodSmartcard, level: 3, soap: &soapPeer{}}
	clock := func() time.Time { return w.now }
	w.store = memory.NewAt(clock)
	w.partners = registry{spID: samplePartner()}
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Roster: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: w.partners, Translator: translate.Translator{Salt: []byte("salt of the tests, thirty-two by"), Scope: "rx1.example"},
		Clock: clock, Secret: []byte("secret of the tests, thirty-two b"), Limits: bridge.DefaultLimits(),
		Methods: []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}, {Method: bridge.MethodFIDO2, Assurance: 3}},
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	issuer, err := url.Parse(issuerURL)
	if err != nil {
		t.Fatal(err)
	}
	w.kit = &web.Kit{Issuer: issuer, Hub: w.hub, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Secret: w.hub.Secret}
	if err := w.kit.Init(); err != nil {
		t.Fatal(err)
	}
	ring := hubRing()
	w.p, err = New(Options{
		Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return ring }, Poster: w.soap,
		AfterLogout: func(rw http.ResponseWriter, _ *http.Request, report bridge.LogoutReport, next string) {
			w.after, w.next = &report, next
			rw.WriteHeader(http.StatusOK)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.hub.Propagators = map[trust.Protocol]bridge.Propagator{trust.SAML2: w.p}
	w.handler = recorded(t, w.kit.Router(w.p.Routes(), []web.Route{
		{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signIn},
	}))
	w.people()
	return w
}

func (w *world) people() {
	ctx := w.t.Context()
	err := w.store.SavePersons(ctx,
		people.Person{UID: patel, Status: people.Active, Name: "Dr Asha Patel", GivenName: "Asha", FamilyName: "Patel", Email: "asha@rx1.example", Identity: 3,
			Roles: []people.RoleProfile{{ID: "100000000001", OrgCode: "RX1", Code: "S8000:G8000:R8000", Name: `"Clinical":"Clinical Provision":"Clinical Practitioner"`}}},
		people.Person{UID: jones, Status: people.Active, Name: "Sam Jones", Email: "sam@rx1.example", Identity: 3})
	if err != nil {
		w.t.Fatal(err)
	}
}

// signIn stands for web/signin: it proves at once, or gives up.
func (w *world) signIn(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepAuthenticate)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	if w.keyboard == "" {
		if err := w.hub.Cancel(r.Context(), tx); err != nil {
			w.kit.Refuse(rw, r, err)
			return
		}
		w.kit.Go(rw, r, bridge.Next{Step: bridge.StepIssue, Transaction: tx})
		return
	}
	w.now = w.now.Add(w.thinks)
	secret, err := w.hub.Authenticate(r.Context(), b, tx, bridge.Proof{UID: w.keyboard, Method: w.method, Assurance: w.level, At: w.now})
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, r, secret)
	w.kit.Go(rw, r, bridge.Next{Step: bridge.StepIssue, Transaction: tx})
}

func samplePartner() trust.Partner {
	return trust.Partner{
		ID: spID, Name: "PAS", Protocol: trust.SAML2, Stage: trust.Test,
		Terms: trust.Terms{Assurance: 2, Subject: trust.SubjectUID, Release: sampleRules()},
		SAML: &trust.SAMLTerms{Encrypt: "when-key-present", Algorithm: "RS256", Entity: metadata.Entity{ID: spID, SP: &metadata.ServiceProvider{
			ACS: []metadata.IndexedEndpoint{
				{Binding: metadata.BindingPOST, Location: spACS, Index: 1, Default: true},
				{Binding: metadata.BindingArtifact, Location: spACS + "/artifact", Index: 2},
				{Binding: metadata.BindingPOST, Location: spACS + "/second", Index: 7},
				{Binding: metadata.BindingSimpleSign, Location: spACS + "/simple", Index: 8},
				{Binding: metadata.BindingPAOS, Location: spACS + "/paos", Index: 9},
			},
			SLO:         []metadata.Endpoint{{Binding: metadata.BindingRedirect, Location: spSLO}},
			SigningKeys: []crypto.PublicKey{keys().sp.Public(), keys().second.Public()},
		}}},
	}
}

// sampleRules are compiled once: the expression environment is slow to build.
var sampleRules = sync.OnceValue(func() []trust.Rule {
	return []trust.Rule{
		rule("urn:oid:2.16.840.1.113730.3.1.241", "displayName", "person.name"),
		rule("uid", "", "person.uid"),
		rule("https://rx1.example/roles", "roles", "roles"),
	}
})

func rule(name, friendly, value string) trust.Rule {
	c, err := trust.NewCompiler()
	if err != nil {
		panic(err)
	}
	clause, err := c.Value(value)
	if err != nil {
		panic(err)
	}
	return trust.Rule{ID: name, Name: name, Friendly: friendly, Value: clause}
}

// change replaces a partner by a changed copy.
func (w *world) change(f func(*trust.Partner)) {
	p := samplePartner()
	f(&p)
	w.partners[p.ID] = p
}

func (w *world) events() []ledger.Event {
	events, err := w.store.Events(w.t.Context(), ledger.Query{Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	return events
}

// lastReason is the reason of the newest refusal on record.
func (w *world) lastReason() string {
	reason := ""
	for _, e := range w.events() {
		if e.Kind == ledger.Refused || e.Kind == ledger.Alarm {
			reason = e.Reason
		}
	}
	return reason
}

func (w *world) count(kind ledger.Kind) int {
	n := 0
	for _, e := range w.events() {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

// browser keeps cookies as a browser does with SameSite=Lax.
type browser struct {
	w   *world
	jar map[string]string
}

func (w *world) browser() *browser { return &browser{w: w, jar: map[string]string{}} }

func (b *browser) do(r *http.Request, cookies bool) *httptest.ResponseRecorder {
	if cookies {
		for name, value := range b.jar {
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
		} else {
			b.jar[c.Name] = c.Value
		}
	}
	return rec
}

// get is a top-level navigation; redirects within the hub are followed.
func (b *browser) get(target string) *httptest.ResponseRecorder {
	if !strings.HasPrefix(target, "https://") {
		target = issuerURL + target
	}
	rec := b.do(httptest.NewRequest(http.MethodGet, target, nil), true)
	return b.followed(rec)
}

func (b *browser) followed(rec *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	for range 8 {
		to := rec.Header().Get("Location")
		if rec.Code != http.StatusSeeOther || strings.HasPrefix(to, "https://") && !strings.HasPrefix(to, issuerURL) {
			break
		}
		rec = b.do(httptest.NewRequest(http.MethodGet, issuerURL+strings.TrimPrefix(to, issuerURL), nil), true)
	}
	return rec
}

// postCross is a form that another site sends here: no cookie goes with it.
func (b *browser) postCross(path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.followed(b.do(r, false))
}

var (
	// POST letter by letter, as SAML Bindings 3.5.4 has it: there are readers of pages that compare.
	actionPattern = regexp.MustCompile(`<form method="POST" action="([^"]*)" data-autopost`)
	inputPattern  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// posted reads the page that posts a message to a partner.
type posted struct {
	action string
	fields map[string]string
}

func readPage(rec *httptest.ResponseRecorder) (posted, bool) {
	body := rec.Body.String()
	action := actionPattern.FindStringSubmatch(body)
	if action == nil {
		return posted{}, false
	}
	p := posted{action: html.UnescapeString(action[1]), fields: map[string]string{}}
	for _, m := range inputPattern.FindAllStringSubmatch(body, -1) {
		p.fields[html.UnescapeString(m[1])] = html.UnescapeString(m[2])
	}
	return p, true
}

// soapPeer is a partner's SOAP endpoint.
type soapPeer struct {
	answer func(target string, body []byte) (int, []byte, error)
	got    [][]byte
}

func (s *soapPeer) Post(_ context.Context, target, _ string, body []byte) (int, []byte, error) {
	s.got = append(s.got, body)
	sent.keep("a call by SOAP", body)
	return s.answer(target, body)
}

func signing(key *rsa.PrivateKey) xmlsec.SigningKey {
	return xmlsec.SigningKey{Signer: key, Algorithm: xmlsec.RSASHA256}
}

func newGet(path string) *http.Request {
	return httptest.NewRequest(http.MethodGet, issuerURL+path, nil)
}

func newForm(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, issuerURL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
