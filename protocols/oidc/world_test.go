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
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/adapters/memory"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
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
	says    string
	role    string
	uid     string
	method  bridge.Method // of the next sign-in
	// registry holds clients that registered themselves; nil: they cannot
	registry *trust.Registry
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
	if !ok && w.registry != nil {
		return w.registry.Partner(protocol, id)
	}
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
	w := &world{t: t, now: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC), status: http.StatusOK, uid: nurse, method: bridge.MethodSmartcard}
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
	w.router = w.kit.Router(w.p.Routes(), w.steps())
	w.enrol()
	w.register()
	return w
}

// steps stand for the pages between request and answer.
func (w *world) steps() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signIn},
		{Method: http.MethodGet, Path: web.RolePath, Name: "role", Handler: w.chooseRole},
	}
}

func (w *world) post(_ context.Context, target string, form url.Values) (int, []byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.posted = append(w.posted, posting{target, form})
	return w.status, []byte(w.says), nil
}

// signIn stands for the sign-in page: w.uid presents a card.
func (w *world) signIn(rw http.ResponseWriter, r *http.Request) {
	b, tx, err := w.kit.Transaction(rw, r, bridge.StepAuthenticate)
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	made, err := w.hub.Authenticate(r.Context(), b, tx, bridge.Proof{UID: w.uid, Method: w.method, Assurance: 3, At: w.clock()})
	if err != nil {
		w.kit.Refuse(rw, r, err)
		return
	}
	w.kit.SetSession(rw, r, made)
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
	w.kit.SetSession(rw, r, made)
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
	add("bound", func(d *trust.OIDCDocument) { d.Bind = trust.BindDPoP })
	add("fapi", func(d *trust.OIDCDocument) {
		d.Profile, d.Auth, d.SecretSHA256, d.JWKS = string(trust.ProfileFAPI2), authJWT, "", string(set)
	})
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

// brokenJournal is a store that does not answer.
type brokenJournal struct{}

func (brokenJournal) Commit(context.Context, ...bridge.Write) error { return bridge.ErrUnavailable }
