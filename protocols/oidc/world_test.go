package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	issuer   = "https://sso.rx1.example"
	callback = "https://epr.example/cb?tenant=1"
	landing  = "https://epr.example/bye"
	secret   = "correct-horse-battery-staple"
	nurse    = "555254240100"
	clerk    = "555254240200"
	roleOne  = "100000000001"
	roleTwo  = "100000000002"
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	s256     = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of verifier, RFC 7636, appendix B
)

// world is a whole hub in memory with this front end, the real bridge and the real translation.
type world struct {
	t       testing.TB
	mu      sync.Mutex
	now     time.Time
	store   *memory.Store
	hub     *bridge.Hub
	kit     *web.Kit
	p       *Provider
	router  http.Handler
	clients map[string]trust.Partner
	ring    keyring.Ring
	signer  *rsa.PrivateKey // of the client with private_key_jwt
	posted  []posting
	status  int // what clients answer to a logout token
	role    string
	uid     string
}

type posting struct {
	target string
	form   url.Values
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Partner implements bridge.Partners.
func (w *world) Partner(protocol trust.Protocol, id string) (trust.Partner, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.clients[id]
	if !ok || protocol != trust.OIDC {
		return trust.Partner{}, trust.ErrUnknownPartner
	}
	return c, nil
}

// change replaces a client's terms, as a change in the registry would.
func (w *world) change(id string, how func(*trust.Partner)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.clients[id]
	if c.OIDC != nil {
		terms := *c.OIDC
		c.OIDC = &terms
	}
	how(&c)
	c.Revision++
	w.clients[id] = c
}

type noTrace struct{}

func (noTrace) Trace(string, string, ...string) {}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), status: http.StatusOK, uid: nurse}
	w.store = memory.NewAt(w.clock)
	w.ring, w.signer = keys()
	u, err := url.Parse(issuer)
	must(t, err)
	w.hub = &bridge.Hub{
		Artifacts: w.store, Journal: w.store, Sessions: w.store, Participants: w.store, Deliveries: w.store, Directory: w.store,
		Partners: w, Translator: translate.Translator{Salt: make([]byte, 32), Scope: "rx1.example"}, Recorder: noTrace{},
		Clock: w.clock, Secret: make([]byte, 32), Limits: bridge.DefaultLimits(),
		Methods: []bridge.Offer{{Method: bridge.MethodSmartcard, Assurance: 3}, {Method: bridge.MethodFIDO2, Assurance: 3}},
		Parallel: func(n int, do func(int)) {
			for i := range n {
				do(i)
			}
		},
	}
	w.kit = &web.Kit{Issuer: u, Hub: w.hub, Log: slog.New(slog.DiscardHandler), Secret: make([]byte, 32)}
	must(t, w.kit.Init())
	w.p, err = New(Options{Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, Poster: PosterFunc(w.post)})
	must(t, err)
	w.hub.Propagators = map[trust.Protocol]bridge.Propagator{trust.OIDC: w.p}
	w.router = w.kit.Router(w.p.Routes(), []web.Route{
		{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signIn},
		{Method: http.MethodGet, Path: web.RolePath, Name: "role", Handler: w.chooseRole},
	})
	w.enrol()
	w.register()
	return w
}

func (w *world) post(_ context.Context, target string, form url.Values) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posted = append(w.posted, posting{target, form})
	return w.status, nil
}

// signIn stands for the sign-in page: w.uid presents a card.
func (w *world) signIn(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepAuthenticate)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	made, err := w.hub.Authenticate(r.Context(), b, tx, bridge.Proof{UID: w.uid, Method: bridge.MethodSmartcard, Assurance: 3, At: w.clock()})
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, made)
	b.Session = made
	w.onwards(rw, r, b, tx.ID)
}

func (w *world) chooseRole(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepRole)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	made, err := w.hub.ChooseRole(r.Context(), b, tx, w.role)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, made)
	b.Session = made
	w.onwards(rw, r, b, tx.ID)
}

// onwards asks the dispatcher, and goes to the front end also when it refuses.
func (w *world) onwards(rw http.ResponseWriter, r *http.Request, b bridge.Browser, id string) {
	tx, err := w.hub.Transaction(r.Context(), b, id, bridge.StepIssue, w.hub.StepMAC(id, bridge.StepIssue))
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	next, err := w.hub.Next(r.Context(), b, tx)
	if err != nil {
		next.Step, next.Transaction = bridge.StepIssue, tx
	}
	w.kit.Go(rw, r, next)
}

func (w *world) enrol() {
	role := func(id, code, name string) people.RoleProfile {
		return people.RoleProfile{ID: id, PersonOrgID: "200000000001", OrgCode: "RX1", OrgName: "NOTTINGHAM", Code: code, Name: name,
			Activities: []people.Coded{{Code: "B0360", Name: "View Detailed Health Records"}}, Workgroups: []people.Coded{{Code: "300000000001", Name: "flu"}}}
	}
	must(w.t, w.store.SavePersons(context.Background(),
		people.Person{UID: nurse, Status: people.Active, Name: "Nurse Asha Patel", GivenName: "Asha", FamilyName: "Patel", Title: "Ms", Email: "asha@rx1.example", Identity: 3,
			Orgs: []people.Organisation{{PersonOrgID: "200000000001", Code: "RX1", Name: "NOTTINGHAM"}},
			Roles: []people.RoleProfile{
				role(roleOne, "S8000:G8000:R8001", `"Clinical":"Clinical Provision":"Nurse Access Role"`),
				role(roleTwo, "S8000:G8000:R8008", `"Admin":"Admin":"Admin Access Role"`),
			}},
		people.Person{UID: clerk, Status: people.Active, Name: "Clerk", Identity: 2, Roles: []people.RoleProfile{role("100000000009", "S8000:G8000:R8008", `"Admin":"Admin":"Admin Access Role"`)}},
	))
}

func (w *world) register() {
	compiler, err := trust.NewCompiler()
	must(w.t, err)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: w.signer.Public(), KeyID: "c1", Use: "sig"}}})
	must(w.t, err)
	sum := sha256.Sum256([]byte(secret))
	off := false
	add := func(id string, how func(*trust.OIDCDocument)) {
		d := trust.OIDCDocument{
			Auth: authBasic, SecretSHA256: hex.EncodeToString(sum[:]), RedirectURIs: []string{callback}, PostLogoutRedirectURIs: []string{landing},
			BackchannelLogoutURI: "https://" + id + ".example/backchannel", IDTokenAlg: "ES256", Refresh: true,
			Scopes: []string{"openid", "profile", "email", "nhsperson", "nationalrbacaccess", "associatedorgs", "selectedrole", "changedrole"},
		}
		if how != nil {
			how(&d)
		}
		p, err := compiler.Compile(trust.Document{
			Partner: id, Name: "EPR " + id, Protocol: trust.OIDC, Stage: trust.Live, Release: []trust.Release{{Set: "cis2"}}, OIDC: &d,
		}, nil, trust.CompileOptions{Now: w.now})
		must(w.t, err)
		w.clients[id] = p
	}
	w.clients = map[string]trust.Partner{}
	add("basic", nil)
	add("post", func(d *trust.OIDCDocument) { d.Auth, d.IDTokenAlg = authPost, "RS256" })
	add("jwt", func(d *trust.OIDCDocument) { d.Auth, d.SecretSHA256, d.JWKS = authJWT, "", string(set) })
	add("jwt2", func(d *trust.OIDCDocument) { d.Auth, d.SecretSHA256, d.JWKS = authJWT, "", string(set) })
	add("public", func(d *trust.OIDCDocument) { d.Auth, d.SecretSHA256 = authNone, "" })
	add("old", func(d *trust.OIDCDocument) { d.PKCE = &off })
	add("plain", func(d *trust.OIDCDocument) { d.Scopes, d.Refresh, d.BackchannelLogoutURI = nil, false, "" })
}

// keys are made once: RSA keys cost more than most of the tests.
var keys = sync.OnceValues(func() (keyring.Ring, *rsa.PrivateKey) {
	var made []keyring.Key
	for _, state := range []keyring.State{keyring.Active, keyring.Next} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		made = append(made, keyring.Key{State: state, Signer: key, Certificate: &x509.Certificate{}})
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	client, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	ring, err := keyring.New(append(made, keyring.Key{State: keyring.Active, Signer: key, Certificate: &x509.Certificate{}})...)
	if err != nil {
		panic(err)
	}
	return ring, client
})

// direct serves requests without a network.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "10.1.2.3:40000"
	in.Host = r.URL.Host
	if in.Body == nil {
		in.Body = http.NoBody
	}
	d.h.ServeHTTP(rec, in)
	res := rec.Result()
	res.Request = r
	return res, nil
}

// browser is one browser with its cookies. It follows redirects inside the hub only.
type browser struct {
	w *world
	c *http.Client
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &browser{w, &http.Client{Transport: direct{w.router}, Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host != "sso.rx1.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// answer is a response, read.
type reply struct {
	status int
	header http.Header
	body   string
	to     *url.URL // where it redirects; nil if nowhere
}

func (r reply) query(name string) string {
	if r.to == nil {
		return ""
	}
	return r.to.Query().Get(name)
}

func read(t testing.TB, res *http.Response, err error) reply {
	t.Helper()
	must(t, err)
	defer func() { must(t, res.Body.Close()) }()
	data, err := io.ReadAll(res.Body)
	must(t, err)
	out := reply{status: res.StatusCode, header: res.Header, body: string(data)}
	if l := res.Header.Get("Location"); l != "" {
		out.to, err = url.Parse(l)
		must(t, err)
	}
	return out
}

func (b *browser) get(path string) reply {
	b.w.t.Helper()
	res, err := b.c.Get(issuer + path)
	return read(b.w.t, res, err)
}

func (b *browser) submit(path string, form url.Values) reply {
	b.w.t.Helper()
	res, err := b.c.PostForm(issuer+path, form)
	return read(b.w.t, res, err)
}

// request is a good authorization request of a client, changed by pairs of name and value; an empty value removes.
func request(client string, pairs ...string) url.Values {
	q := url.Values{
		"client_id": {client}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid"}, "state": {"st&1"}, "nonce": {"n-1"},
		"code_challenge": {s256}, "code_challenge_method": {"S256"},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		}
	}
	return q
}

func (b *browser) authorize(client string, pairs ...string) reply {
	b.w.t.Helper()
	return b.get(authorizePath + "?" + request(client, pairs...).Encode())
}

// code signs on and returns the code.
func (b *browser) code(client string, pairs ...string) string {
	b.w.t.Helper()
	got := b.authorize(client, pairs...)
	if got.query("code") == "" || got.status != http.StatusSeeOther {
		b.w.t.Fatalf("no code: %d %v %s", got.status, got.to, got.body)
	}
	return got.query("code")
}

// call posts to a back-channel endpoint as a client, by the method it is registered with.
func (w *world) call(path, client string, form url.Values) reply {
	w.t.Helper()
	r := w.prepare(path, client, form)
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	res, err := direct{w.router}.RoundTrip(r)
	return read(w.t, res, err)
}

func (w *world) prepare(path, client string, form url.Values) *http.Request {
	w.t.Helper()
	f := url.Values{}
	for k, v := range form {
		f[k] = v
	}
	c, _ := w.Partner(trust.OIDC, client)
	basic := false
	switch c.OIDC.ClientAuth {
	case authBasic:
		basic = true
	case authPost:
		f.Set("client_id", client)
		f.Set("client_secret", secret)
	case authJWT:
		f.Set("client_assertion_type", assertionType)
		f.Set("client_assertion", w.assertion(client, nil))
	case authNone:
		f.Set("client_id", client)
	}
	r := httptest.NewRequest(http.MethodPost, issuer+path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	}
	return r
}

func (w *world) redeem(client, code string, pairs ...string) reply {
	w.t.Helper()
	return w.call(tokenPath, client, codeForm(code, pairs...))
}

func codeForm(code string, pairs ...string) url.Values {
	f := url.Values{"grant_type": {grantCode}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "" {
			f.Del(pairs[i])
		}
	}
	return f
}

func (w *world) refresh(client, token string, pairs ...string) reply {
	w.t.Helper()
	f := url.Values{"grant_type": {grantRefresh}, "refresh_token": {token}}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return w.call(tokenPath, client, f)
}

// assertion signs good claims of a client, changed by how.
func (w *world) assertion(client string, how func(claims map[string]any, o *jose.SignerOptions)) string {
	w.t.Helper()
	now := w.clock()
	claims := map[string]any{"iss": client, "sub": client, "aud": issuer, "jti": w.hub.NewID(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix()}
	o := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "c1")
	if how != nil {
		how(claims, o)
	}
	return w.signAs(jose.RS256, w.signer, claims, o)
}

func (w *world) signAs(alg jose.SignatureAlgorithm, key any, claims any, o *jose.SignerOptions) string {
	w.t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, o)
	must(w.t, err)
	data, err := json.Marshal(claims)
	must(w.t, err)
	j, err := s.Sign(data)
	must(w.t, err)
	out, err := j.CompactSerialize()
	must(w.t, err)
	return out
}

// tokenSet is a token response as a client reads it.
type tokenSet struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"`
	Scope   string `json:"scope"`
}

func (w *world) tokens(got reply) tokenSet {
	w.t.Helper()
	var out tokenSet
	if got.status != http.StatusOK {
		w.t.Fatalf("token endpoint: %d %s", got.status, got.body)
	}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	return out
}

func (w *world) userinfo(token string) reply {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodGet, issuer+userinfoPath, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	return w.send(r)
}

// verified reads a token of ours with the keys of the JWKS endpoint, and its header.
func (w *world) verified(token string) (map[string]any, jose.Header) {
	w.t.Helper()
	got := w.browser().get(jwksPath)
	var set jose.JSONWebKeySet
	must(w.t, json.Unmarshal([]byte(got.body), &set))
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	must(w.t, err)
	h := jws.Signatures[0].Protected
	keys := set.Key(h.KeyID)
	if len(keys) != 1 {
		w.t.Fatalf("kid %q is published %d times", h.KeyID, len(keys))
	}
	payload, err := jws.Verify(keys[0])
	must(w.t, err)
	var claims map[string]any
	must(w.t, json.Unmarshal(payload, &claims))
	return claims, h
}

// events lists the audit record since n events.
func (w *world) events(after int64) []ledger.Event {
	w.t.Helper()
	all, err := w.store.Events(context.Background(), ledger.Query{After: after, Limit: 10000})
	must(w.t, err)
	return all
}

func (w *world) lastSeq() int64 {
	all := w.events(0)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].Seq
}

// reason is the audit code of the last event, which must be a refusal.
func (w *world) reason() string {
	w.t.Helper()
	all := w.events(0)
	last := all[len(all)-1]
	if last.Kind != ledger.Refused && last.Kind != ledger.TokenRefused {
		w.t.Fatalf("last event is %s, not a refusal", last.Kind)
	}
	return last.Reason
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type (
	trustPartner = trust.Partner
	person       = people.Person
	logoutCause  = bridge.LogoutCause
)

// person changes the nurse's record.
func (w *world) person(how func(*people.Person)) {
	w.t.Helper()
	p, err := w.store.Person(context.Background(), nurse)
	must(w.t, err)
	how(&p)
	must(w.t, w.store.SavePersons(context.Background(), p))
}
