package oidc

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// Lifetimes of what is issued. Zero means the default. Tokens never outlive the session's absolute limit.
type Lifetimes struct {
	Code    time.Duration // default 60 s
	IDToken time.Duration // default 10 min
	Access  time.Duration // default 10 min
	Refresh time.Duration // default 12 h; each rotation starts anew
	Device  time.Duration // of a device code and its user code; default 10 min
	CIBA    time.Duration // of an auth_req_id for which no other is asked; default 5 min
	Longest time.Duration // of an auth_req_id, whatever is asked; default 10 min
	Pushed  time.Duration // of a pushed request, for a sign-on to begin with; default 90 s, less than 10 min
}

// Poster sends logout tokens to partners. It does not follow redirects.
type Poster interface {
	// PostForm returns the status and the body of the answer; err when there was none.
	PostForm(ctx context.Context, target string, form url.Values) (status int, body []byte, err error)
}

// PosterFunc makes a Poster of a function.
type PosterFunc func(ctx context.Context, target string, form url.Values) (int, []byte, error)

// PostForm implements Poster.
func (f PosterFunc) PostForm(ctx context.Context, target string, form url.Values) (int, []byte, error) {
	return f(ctx, target, form)
}

// Options of a Provider. Kit, Hub and Keys are required.
type Options struct {
	Kit         *web.Kit
	Hub         *bridge.Hub
	Keys        func() keyring.Ring // asked at every signature, so that a rotation takes effect at once
	Lifetimes   Lifetimes
	RequirePKCE bool       // for every client, whatever its terms say
	RequirePAR  bool       // the same: only pushed requests are taken
	ProofNonce  bool       // the same: DPoP proofs need a nonce of ours
	MutualTLS   *MutualTLS // nil: clients can show no certificates
	Poster      Poster     // nil: no partner is told of a logout by the back channel
	Guarded     Poster     // to addresses that are only a client's own word; nil: Poster
	Notifier    Notifier   // nil: no client is pinged
	Fetcher     Fetcher    // nil: no key set is fetched, and no list of redirect URIs
	Registering Registering
	// ResponseTypes are offered beside code, to the clients that are registered for them. The CIS2 face has none of them.
	ResponseTypes []trust.ResponseType
	Log           *slog.Logger
	Face          Face // zero: the standard one
	// EmergencyACR is the acr of emergency access; empty: there is none. PurposeOfUse is what tokens with the extension of IHE IUA say
	// under it, as SYSTEM|CODE.
	EmergencyACR, PurposeOfUse string
	// AfterLogout shows what became of a sign-out. next is where the partner wants the browser, already
	// checked; empty if nowhere. nil: go there, or to the hub's own page.
	AfterLogout func(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, next string)
}

// Provider answers OpenID Connect clients.
type Provider struct {
	kit     *web.Kit
	hub     *bridge.Hub
	keys    func() keyring.Ring
	life    Lifetimes
	pkce    bool
	par     bool
	nonce   bool
	poster  Poster
	guarded Poster
	fetcher Fetcher
	log     *slog.Logger
	after   func(w http.ResponseWriter, r *http.Request, report bridge.LogoutReport, next string)
	issuer  string
	face    Face
	acr     []acrClass
	purpose string
	scopes  scopeTable
	sealer  sealer
	nonces  nonces
	later   later
	mutual  *MutualTLS
	clients clientCache

	responses []trust.ResponseType // code first

	registering Registering
	uninvited   uninvited
	described   published
	keySet      published
	smart       published
	waiting     places // of requests that wait for keys of clients
	doubtful    places // of those that wait for documents at addresses that are only a client's own word
}

var _ bridge.Propagator = (*Provider)(nil)

// New makes a provider. The issuer of the standard face is the kit's, byte for byte.
func New(o Options) (*Provider, error) {
	if o.Kit == nil || o.Hub == nil || o.Keys == nil || o.Kit.Issuer == nil {
		return nil, errors.New("oidc: kit, hub and keys are required")
	}
	err := oneMeaning(o.EmergencyACR)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		kit: o.Kit, hub: o.Hub, keys: o.Keys, life: o.Lifetimes.orDefault(), pkce: o.RequirePKCE, par: o.RequirePAR, nonce: o.ProofNonce, mutual: o.MutualTLS, poster: o.Poster, log: o.Log,
		guarded: o.Guarded, fetcher: o.Fetcher, registering: o.Registering, uninvited: uninvited{hourly: o.Registering.Hourly},
		waiting: make(places, placesOfOthers), doubtful: make(places, placesOfStrangers),
		after: o.AfterLogout, issuer: o.Face.issuer(o.Kit.Issuer), face: o.Face, acr: acrClasses(o.EmergencyACR), purpose: o.PurposeOfUse, scopes: newScopeTable(o.Hub.RBAC != nil, !o.Face.cis2),
	}
	p.responses = []trust.ResponseType{trust.ResponseCode}
	if !p.face.cis2 {
		p.responses = append(p.responses, slices.DeleteFunc(slices.Clone(o.ResponseTypes), func(r trust.ResponseType) bool { return r == trust.ResponseCode })...)
	}
	if p.sealer, err = newSealer(o.Hub); err != nil {
		return nil, err
	}
	p.later = later{notifier: o.Notifier, codeKey: o.Hub.DeriveKey("oidc user codes")}
	p.nonces = nonces{o.Hub.DeriveKey("oidc dpop nonce"), o.Hub.Clock}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.guarded == nil {
		p.guarded = p.poster
	}
	if p.after == nil {
		p.after = afterLogout
	}
	return p, nil
}

// fronts reports whether any client may get tokens by the browser.
func (p *Provider) fronts() bool { return slices.ContainsFunc(p.responses, trust.ResponseType.Front) }

func (l Lifetimes) orDefault() Lifetimes {
	or := func(d *time.Duration, standard time.Duration) {
		if *d <= 0 {
			*d = standard
		}
	}
	or(&l.Code, time.Minute)
	or(&l.IDToken, 10*time.Minute)
	or(&l.Access, 10*time.Minute)
	or(&l.Refresh, 12*time.Hour)
	or(&l.Pushed, 90*time.Second)
	or(&l.Device, 10*time.Minute)
	or(&l.CIBA, 5*time.Minute)
	or(&l.Longest, 10*time.Minute)
	return l
}

// Paths of the endpoints, below the issuer.
const (
	discoveryPath  = "/.well-known/openid-configuration"
	jwksPath       = "/oidc/jwks"
	authorizePath  = "/oidc/authorize"
	resumePath     = "/oidc/resume"
	pushPath       = "/oidc/par"
	tokenPath      = "/oidc/token"
	userinfoPath   = "/oidc/userinfo"
	revokePath     = "/oidc/revoke"
	introspectPath = "/oidc/introspect"
	logoutPath     = "/oidc/logout"
	frontPath      = "/oidc/front"
	sessionPath    = "/oidc/session"
	deviceAuthPath = "/oidc/device_authorization"
	backAuthPath   = "/oidc/backchannel_authentication"
	approvePath    = "/oidc/approve"
	devicePath     = "/device" // people type it
	approvalsPath  = "/approvals"
	smartPath      = "/.well-known/smart-configuration"
	serverPath     = "/.well-known/oauth-authorization-server"
)

// Routes is the route table.
func (p *Provider) Routes() []web.Route {
	return append(p.place([]web.Route{
		{Method: http.MethodGet, Path: discoveryPath, Name: "oidc_discovery", Class: web.Cheap, Handler: p.discovery, CORS: true},
		{Method: http.MethodGet, Path: jwksPath, Name: "oidc_jwks", Class: web.Cheap, Handler: p.jwks, CORS: true},
		{Method: http.MethodGet, Path: authorizePath, Name: "oidc_authorize", Handler: p.authorize, Once: true},
		{Method: http.MethodPost, Path: authorizePath, Name: "oidc_authorize", Handler: p.authorize},
		{Method: http.MethodGet, Path: resumePath, Name: "oidc_resume", Class: web.Step, Handler: p.resume, Once: true},
		{Method: http.MethodPost, Path: pushPath, Name: "oidc_par", Class: web.Machine, TurnAway: turnAway, Handler: p.push, CORS: true},
		{Method: http.MethodPost, Path: tokenPath, Name: "oidc_token", Class: web.Machine, TurnAway: turnAway, Handler: p.token, CORS: true},
		{Method: http.MethodGet, Path: userinfoPath, Name: "oidc_userinfo", Class: web.Machine, TurnAway: turnAway, Handler: p.userinfo, CORS: true},
		{Method: http.MethodPost, Path: userinfoPath, Name: "oidc_userinfo", Class: web.Machine, TurnAway: turnAway, Handler: p.userinfo, CORS: true},
		{Method: http.MethodPost, Path: revokePath, Name: "oidc_revoke", Class: web.Machine, TurnAway: turnAway, Handler: p.revoke, CORS: true},
		{Method: http.MethodPost, Path: introspectPath, Name: "oidc_introspect", Class: web.Machine, TurnAway: turnAway, Handler: p.introspect},
		{Method: http.MethodGet, Path: logoutPath, Name: "oidc_logout", Class: web.SignOut, Handler: p.logout, Once: true},
		{Method: http.MethodPost, Path: logoutPath, Name: "oidc_logout", Class: web.SignOut, Handler: p.logout},
		{Method: http.MethodGet, Path: frontPath, Name: "oidc_front", Class: web.SignOut, Handler: p.front, Once: true},
		{Method: http.MethodGet, Path: sessionPath, Name: "oidc_session", Class: web.Cheap, Handler: p.checkSession},
		{Method: http.MethodGet, Path: schemasPath, Name: "oidc_schemas", Class: web.Cheap, Handler: p.schemas, CORS: true},
		{Method: http.MethodGet, Path: schemasPath + "/:name", Name: "oidc_schema", Class: web.Cheap, Handler: p.schema, CORS: true},
	}), slices.Concat(p.place(p.registerRoutes()), p.place(p.decoupledRoutes()), p.smartRoutes())...)
}

// partner finds an answerable client of this face and what was prepared for it.
func (p *Provider) partner(id string) (*client, error) {
	c, err := p.anyPartner(id)
	if err == nil && !p.face.knows(c.terms.Profile) {
		return nil, errOtherFace(id)
	}
	return c, err
}

// anyPartner finds one of any face: tokens go to resource servers of all.
func (p *Provider) anyPartner(id string) (*client, error) {
	if len(id) > maxClientID {
		return nil, bridge.Refuse(bridge.UnknownPartner, "This system is not registered with this hub.")
	}
	found, err := p.hub.Partner(trust.OIDC, id)
	if err != nil {
		return nil, err
	}
	return p.clients.of(found)
}
