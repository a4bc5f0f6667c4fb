package signin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	asha = "555000000011"
	sam  = "555000000022"
	none = "555000000033" // no role
	many = "555000000044" // seven roles
)

// world is a hub with its pages, served over TLS under sso.example and *.card.sso.example.
type world struct {
	t       *testing.T
	now     time.Time
	mu      sync.Mutex
	store   *memory.Store
	hub     *bridge.Hub
	kit     *web.Kit
	pages   *SignIn
	keys    *fakeKeys
	cards   *fakeCards
	board   trust.Partner
	strong  trust.Partner
	tells   map[string]bridge.DeliveryState
	silent  []string        // names for which the board gives no answer
	offers  map[string]bool // partners that the browser can tell as well
	server  *httptest.Server
	refused []string // audit codes that the front end resumed with
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Partner implements bridge.Partners.
func (w *world) Partner(_ trust.Protocol, id string) (trust.Partner, error) {
	switch id {
	case w.board.ID:
		return w.board, nil
	case w.strong.ID:
		return w.strong, nil
	}
	return trust.Partner{}, trust.ErrUnknownPartner
}

// Translate implements bridge.Translator: porters may not use anything.
func (w *world) Translate(in bridge.Facts) (bridge.Issuance, error) {
	if in.Role.JobRole() == "R9999" {
		return bridge.Issuance{}, bridge.Refuse(bridge.RoleNotAllowed, "%s is not for this role.", in.Partner.Name)
	}
	return bridge.Issuance{Partner: in.Partner.ID, Protocol: in.Partner.Protocol, Subject: in.Person.UID, UID: in.Person.UID, Person: in.Person, Role: in.Role}, nil
}

// Trace implements bridge.Recorder.
func (w *world) Trace(string, string, ...string) {}

// Propagate implements bridge.Propagator.
func (w *world) Propagate(_ context.Context, d bridge.Delivery, _ trust.Partner) (bridge.DeliveryState, string) {
	state := w.tells[d.Participant.Partner]
	if d.Participant.Partner == "board" && slices.Contains(w.silent, d.Participant.Subject) {
		state = bridge.DeliveryNoReply
	}
	if state == bridge.DeliveryFront || w.offers[d.Participant.Partner] {
		return state, "https://board.example/slo?d=" + d.ID
	}
	return state, ""
}

func role(n int, name, code string) people.RoleProfile {
	return people.RoleProfile{
		ID: fmt.Sprintf("5551234567%02d", n), PersonOrgID: "555000000099", OrgCode: "RX1", OrgName: "Queen Square Hospital",
		Code: "S8000:G8000:" + code, Name: `"Clinical":"Clinical Provision":"` + name + `"`,
		AreasOfWork: []people.Coded{{Code: "A1", Name: fmt.Sprintf("Ward %d", n)}},
	}
}

func cast() []people.Person {
	p := func(uid, name string, roles ...people.RoleProfile) people.Person {
		return people.Person{UID: uid, Name: name, Status: people.Active, Identity: 3, Roles: roles}
	}
	var seven []people.RoleProfile
	for i, n := range []string{"Nurse Access Role", "Ward Clerk", "Pharmacist", "Midwife", "Health Visitor", "Radiographer", "Porter"} {
		code := "R8001"
		if n == "Porter" {
			code = "R9999"
		}
		seven = append(seven, role(i+10, n, code))
	}
	return []people.Person{
		p(asha, "Dr Asha Patel", role(1, "General Medical Practitioner", "R8000"), role(2, "Nurse Access Role", "R8001")),
		p(sam, "Sam O'Neill", role(3, "Nurse Access Role", "R8001")),
		p(none, "Nia None"), p(many, "Mo Many", seven...),
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 23, 8, 12, 0, 0, time.UTC), tells: map[string]bridge.DeliveryState{}}
	w.store = memory.NewAt(w.clock)
	if err := w.store.SavePersons(t.Context(), cast()...); err != nil {
		t.Fatal(err)
	}
	w.board = trust.Partner{ID: "board", Name: "Ward Whiteboard", Protocol: trust.SAML2, Stage: trust.Live, Terms: trust.Terms{Assurance: 2, RoleNeeded: true}}
	w.strong = trust.Partner{ID: "strong", Name: "Medicines Cabinet", Protocol: trust.SAML2, Stage: trust.Live, Terms: trust.Terms{Assurance: 3}}
	w.tells["board"], w.tells["strong"] = bridge.DeliveryEnded, bridge.DeliveryEnded
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Roster: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: w, Translator: w, Recorder: w, Propagators: map[trust.Protocol]bridge.Propagator{trust.SAML2: w},
		Clock: w.clock, Secret: []byte(strings.Repeat("s", 32)), Limits: bridge.DefaultLimits(),
		Methods: []bridge.Offer{{Method: bridge.MethodFIDO2, Assurance: 2}, {Method: bridge.MethodSmartcard, Assurance: 3}},
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	w.hub.Wake = func() { // the loop of the running program, which never keeps anybody waiting
		if err := w.hub.Retry(context.Background()); err != nil {
			t.Error(err)
		}
	}
	issuer, _ := url.Parse("https://sso.example")
	w.kit = &web.Kit{
		Issuer: issuer, Hub: w.hub, Log: slog.New(slog.DiscardHandler), Secret: []byte(strings.Repeat("k", 32)), CardOrigin: "https://*.card.sso.example",
		Organisation: web.Organisation{Name: "Queen Square Hospital", Help: "020 7946 0000", RAContact: "ra@queen.example, extension 1234"},
	}
	if err := w.kit.Init(); err != nil {
		t.Fatal(err)
	}
	w.keys, w.cards = &fakeKeys{w: w}, &fakeCards{}
	w.pages = New(Options{
		Kit: w.kit, Keys: w.keys, Cards: w.cards, Authenticators: w.store,
		CardURL: func(label string) string { return "https://" + label + ".card.sso.example" },
		Apps:    func() []App { return []App{{"Ward Whiteboard", "https://board.example/"}} },
		Extras:  []Extra{{"Choose a persona", "/demo/persona"}},
	})
	w.serve()
	return w
}

// front is a front end as small as one can be.
func (w *world) front() []web.Route {
	start := func(rw http.ResponseWriter, r *http.Request) {
		req := bridge.Request{
			Partner: r.FormValue("partner"), Protocol: trust.SAML2, ForceAuthn: r.FormValue("force") != "",
			Resume: "/front/resume", ReturnTo: "https://board.example",
		}
		next, err := w.hub.Begin(r.Context(), w.kit.BindBrowser(rw, r), req)
		switch {
		case err != nil:
			w.kit.Refuse(rw, r, err)
		case next.Step == bridge.StepIssue:
			w.issue(rw, r, next)
		default:
			w.kit.Go(rw, r, next)
		}
	}
	resume := func(rw http.ResponseWriter, r *http.Request) {
		b, tx, err := w.kit.Transaction(rw, r, bridge.StepIssue)
		if err != nil {
			w.kit.Refuse(rw, r, err)
			return
		}
		next, err := w.hub.Next(r.Context(), b, tx)
		if err != nil {
			w.refused = append(w.refused, bridge.AsRefusal(err).AuditCode())
			fmt.Fprintf(rw, "app told: %s", bridge.AsRefusal(err).AuditCode())
			return
		}
		if next.Step != bridge.StepIssue {
			w.kit.Go(rw, r, next)
			return
		}
		w.issue(rw, r, next)
	}
	return []web.Route{
		{Method: "GET", Path: "/front/start", Name: "start", Handler: start},
		{Method: "GET", Path: "/front/resume", Name: "resume", Handler: resume},
	}
}

func (w *world) issue(rw http.ResponseWriter, r *http.Request, next bridge.Next) {
	iss, err := w.hub.Issue(r.Context(), next)
	if err == nil {
		err = w.hub.Deliver(r.Context(), iss)
	}
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	fmt.Fprintf(rw, "app told: uid=%s role=%s", iss.UID, iss.Role.ID)
}

func (w *world) serve() {
	router, card := w.kit.Router(w.pages.Routes(), w.front()), w.pages.CardHandler()
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.Host, ".card.sso.example") {
			card.ServeHTTP(rw, r)
			return
		}
		router.ServeHTTP(rw, r)
	}))
	w.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	cert := w.certificate("sso.example", "sso.example", "*.card.sso.example")
	w.server.TLS = &tls.Config{
		Certificates: []tls.Certificate{cert},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			if !strings.HasSuffix(hello.ServerName, ".card.sso.example") {
				return nil, nil
			}
			return &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequestClientCert, SessionTicketsDisabled: true}, nil
		},
	}
	w.server.StartTLS()
	w.t.Cleanup(w.server.Close)
}

// certificate signs itself: neither the client nor the fake card reader of these tests checks a path.
func (w *world) certificate(name string, hosts ...string) tls.Certificate {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name}, DNSNames: hosts, NotBefore: w.clock().AddDate(-2, 0, 0), NotAfter: w.clock().AddDate(2, 0, 0)}
	if name == "expired" {
		tmpl.NotAfter = w.clock().AddDate(0, 0, -20)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// events of one kind.
func (w *world) events(kind ledger.Kind) []ledger.Event {
	w.t.Helper()
	es, err := w.store.Events(w.t.Context(), ledger.Query{Kind: kind})
	if err != nil {
		w.t.Fatal(err)
	}
	return es
}

// fakeCards knows a card by its common name: a uid, or what is wrong with it.
type fakeCards struct{}

func (fakeCards) read(presented []*x509.Certificate) (string, error) {
	if len(presented) == 0 {
		return "", bridge.Refuse(bridge.CredentialMissing, "No card.").WithCode("card_missing")
	}
	switch cn := presented[0].Subject.CommonName; cn {
	case "expired":
		return "", bridge.Refuse(bridge.CredentialExpired, "This card is out of its dates.").WithCode("card_expired")
	case "revoked":
		return "", bridge.Refuse(bridge.CredentialRevoked, "This card was revoked.").WithCode("card_revoked")
	case "untrusted":
		return "", bridge.Refuse(bridge.CredentialUntrusted, "This card is from an issuer that is not accepted.").WithCode("card_issuer")
	case "unknown":
		return "", bridge.Refuse(bridge.CredentialUnknown, "This card is registered to nobody.").WithCode("card_unknown")
	case "uncertain":
		return "", bridge.Refuse(bridge.RevocationUnknown, "The list of cancelled cards is not there.").WithCode("crl_stale")
	default:
		return cn, nil
	}
}

// Accept implements bridge.Cards.
func (c fakeCards) Accept(_ context.Context, presented []*x509.Certificate, now time.Time) (bridge.Proof, error) {
	uid, err := c.read(presented)
	proof := bridge.Proof{UID: uid, Method: bridge.MethodSmartcard, Assurance: 3, AuthenticatorID: "card", At: now}
	if of, ok := strings.CutPrefix(uid, doubtful); ok {
		proof.UID, proof.Assurance, proof.Standing = of, 2, bridge.StandingUnknown
		err = bridge.Refuse(bridge.RevocationUnknown, "It cannot be checked at present whether this card is still valid.").WithCode(bridge.CodeEmergencyOnly)
	}
	if of, ok := strings.CutPrefix(uid, "cancelled "); ok {
		proof.UID, proof.Standing = of, bridge.StandingUnknown
		err = bridge.Refuse(bridge.CredentialRevoked, "This card was revoked.").WithCode("card_revoked")
	}
	return proof, err
}

// AcceptSigned implements bridge.Cards: the signature of a fake card is the message.
func (c fakeCards) AcceptSigned(ctx context.Context, certificate *x509.Certificate, message, signature []byte, now time.Time) (bridge.Proof, error) {
	if !bytes.Equal(message, signature) {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "Not signed by this card.").WithCode("card_signature")
	}
	return c.Accept(ctx, []*x509.Certificate{certificate}, now)
}

// AcceptCMS implements bridge.Cards: no page of this room takes such a message.
func (c fakeCards) AcceptCMS(context.Context, []byte, []byte, time.Time) (bridge.Proof, error) {
	return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "Not signed by this card.").WithCode("card_cms")
}

// Inspect implements bridge.Cards.
func (c fakeCards) Inspect(_ context.Context, presented []*x509.Certificate, _ time.Time) (people.Authenticator, error) {
	cn, err := c.read(presented)
	return people.Authenticator{Kind: people.Smartcard, Handle: "aa:" + cn}, err
}

// fakeKeys accepts a credential that is the JSON {"challenge":...,"uid":...} of its own challenge.
type fakeKeys struct {
	named []string // with what sign-ins were begun
	w     *world
	n     int
}

type fakeAnswer struct{ Challenge, UID string }

func (k *fakeKeys) begin() (options, state []byte, err error) {
	k.n++
	c := fmt.Sprint("challenge", k.n)
	return []byte(`{"publicKey":{"challenge":"` + c + `"}}`), []byte(c), nil
}

func (k *fakeKeys) finish(state, response []byte) (string, error) {
	var a fakeAnswer
	if err := json.Unmarshal(response, &a); err != nil || a.Challenge != string(state) {
		return "", bridge.Refuse(bridge.AuthenticationFailed, "Your security key's answer could not be accepted.").WithCode("key_challenge")
	}
	return a.UID, nil
}

// BeginSignIn implements bridge.Keys.
func (k *fakeKeys) BeginSignIn(_ context.Context, uid string) (options, state []byte, err error) {
	k.named = append(k.named, uid)
	return k.begin()
}

// FinishSignIn implements bridge.Keys.
func (k *fakeKeys) FinishSignIn(_ context.Context, state, response []byte, now time.Time) (bridge.Proof, error) {
	uid, err := k.finish(state, response)
	return bridge.Proof{UID: uid, Method: bridge.MethodFIDO2, Assurance: 2, AuthenticatorID: "key", At: now}, err
}

// BeginEnrolment implements bridge.Keys.
func (k *fakeKeys) BeginEnrolment(context.Context, people.Person) (options, state []byte, err error) {
	return k.begin()
}

// FinishEnrolment implements bridge.Keys.
func (k *fakeKeys) FinishEnrolment(_ context.Context, p people.Person, state, response []byte, _ time.Time) (bridge.NewKey, error) {
	handle, err := k.finish(state, response)
	return bridge.NewKey{
		Authenticator: people.Authenticator{Kind: people.FIDO2, Handle: handle, UID: p.UID}, Model: "Example Key 5", Assurance: 2,
		Evidence: map[string]string{"aaguid": "0102"},
	}, err
}

// browser is a script that reads forms and follows redirects, as the simplest client would.
type browser struct {
	w      *world
	t      *testing.T
	jar    http.CookieJar
	card   *tls.Certificate
	header http.Header
	sni    string // empty: that of the URL
	url    string // where it is
	status int
	body   string
	answer http.Header
	trail  []string
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{w: w, t: w.t, jar: jar, header: http.Header{}, url: "https://sso.example/"}
}

func (b *browser) insert(name string) *browser {
	c := b.w.certificate(name)
	b.card = &c
	return b
}

func (b *browser) client() *http.Client {
	config := &tls.Config{InsecureSkipVerify: true, ServerName: b.sni} //nolint:gosec // the server of this test
	if b.card != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return b.card, nil }
	}
	addr := b.w.server.Listener.Addr().String()
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}
	return &http.Client{
		Jar: b.jar, Transport: &http.Transport{TLSClientConfig: config, DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// once sends one request and reads the answer, without following it.
func (b *browser) once(method, target string, form url.Values) *browser {
	b.t.Helper()
	at, err := url.Parse(b.url)
	if err != nil {
		b.t.Fatal(err)
	}
	to, err := at.Parse(target)
	if err != nil {
		b.t.Fatal(err)
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(b.t.Context(), method, to.String(), body)
	if err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.header {
		req.Header[k] = v
	}
	if h := b.header.Get("Host"); h != "" {
		req.Host = h
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := b.client().Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.url, b.status, b.body, b.answer = to.String(), res.StatusCode, string(page), res.Header
	b.trail = append(b.trail, fmt.Sprint(method, " ", to.Host, to.Path, " ", res.StatusCode))
	return b
}

// get opens an address; one without a host is on the hub.
func (b *browser) get(target string) *browser {
	b.t.Helper()
	if strings.HasPrefix(target, "/") {
		target = "https://sso.example" + target
	}
	return b.follow("GET", target, nil)
}

func (b *browser) follow(method, target string, form url.Values) *browser {
	b.t.Helper()
	b.once(method, target, form)
	for i := 0; b.status == http.StatusSeeOther && i < 10; i++ {
		b.once("GET", b.answer.Get("Location"), nil)
	}
	return b
}

var (
	formPattern  = regexp.MustCompile(`(?s)<form method="post" action="([^"]*)"[^>]*>(.*?)</form>`)
	inputPattern = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
	linkPattern  = regexp.MustCompile(`<a [^>]*href="([^"]*)"[^>]*>([^<]*)`)
)

// form finds a form of the page by its action and returns its hidden fields.
func (b *browser) form(action string) url.Values {
	b.t.Helper()
	for _, m := range formPattern.FindAllStringSubmatch(b.body, -1) {
		if m[1] != action {
			continue
		}
		v := url.Values{}
		for _, in := range inputPattern.FindAllStringSubmatch(m[2], -1) {
			v.Set(in[1], unescape(in[2]))
		}
		return v
	}
	b.t.Fatalf("no form to %s on the page at %s (%d):\n%s", action, b.url, b.status, b.body)
	return nil
}

func unescape(s string) string {
	return strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`, "&#39;", "'").Replace(s)
}

// submit sends a form of the page.
func (b *browser) submit(action string, pairs ...string) *browser {
	b.t.Helper()
	v := b.form(action)
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return b.follow("POST", action, v)
}

// click follows a link by its text.
func (b *browser) click(text string) *browser {
	b.t.Helper()
	return b.get(b.link(text))
}

func (b *browser) link(text string) string {
	b.t.Helper()
	for _, m := range linkPattern.FindAllStringSubmatch(b.body, -1) {
		if strings.Contains(unescape(m[2]), text) {
			return unescape(m[1])
		}
	}
	b.t.Fatalf("no link %q on the page at %s:\n%s", text, b.url, b.body)
	return ""
}

func (b *browser) want(status int, texts ...string) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Fatalf("status %d, want %d at %s\ntrail %v\n%s", b.status, status, b.url, b.trail, b.body)
	}
	for _, text := range texts {
		if !strings.Contains(b.body, text) {
			b.t.Fatalf("the page at %s lacks %q:\n%s", b.url, text, b.body)
		}
	}
	return b
}

func (b *browser) lacks(texts ...string) *browser {
	b.t.Helper()
	for _, text := range texts {
		if strings.Contains(b.body, text) {
			b.t.Fatalf("the page at %s has %q:\n%s", b.url, text, b.body)
		}
	}
	return b
}

// signInWithKey answers the key ceremony of the sign-in page as the page's script does.
func (b *browser) signInWithKey(uid string) *browser {
	b.t.Helper()
	form := b.form("/signin/key/finish")
	page := b.url
	b.once("POST", "/signin/key/begin", form).want(http.StatusOK)
	var begun struct {
		Ceremony string
		Options  struct{ PublicKey struct{ Challenge string } }
	}
	if err := json.Unmarshal([]byte(b.body), &begun); err != nil {
		b.t.Fatal(err)
	}
	answer, err := json.Marshal(fakeAnswer{begun.Options.PublicKey.Challenge, uid})
	if err != nil {
		b.t.Fatal(err)
	}
	form.Set("ceremony", begun.Ceremony)
	form.Set("credential", string(answer))
	b.url = page
	return b.follow("POST", "/signin/key/finish", form)
}

// session tells whether this browser has a session cookie.
func (b *browser) cookie(name string) string {
	u, _ := url.Parse("https://sso.example/")
	for _, c := range b.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}
