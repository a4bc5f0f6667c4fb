package signin

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// Authenticators is where the pages look for what is bound to a person already.
type Authenticators interface {
	// Authenticator finds by kind and handle; people.ErrNotFound if none.
	Authenticator(ctx context.Context, kind people.Kind, handle string) (people.Authenticator, error)
	// AuthenticatorsOf lists all of a person, revoked ones included.
	AuthenticatorsOf(ctx context.Context, uid string) ([]people.Authenticator, error)
}

// Extra is a way to sign in that the composition root adds: the demo's authenticators. The browser is sent
// to Path with tx and v in the query.
type Extra struct {
	Label string
	Path  string
}

// App is a tile on the first page.
type App struct {
	Name string
	URL  string
}

// Options of New. Kit is required.
type Options struct {
	Kit            *web.Kit
	Hub            *bridge.Hub    // nil: the kit's
	Cards          bridge.Cards   // nil: smartcards are not offered
	Keys           bridge.Keys    // nil: security keys are not offered
	KeyHints       []string       // kinds of authenticator that browsers offer first (WebAuthn hints); the pages speak of those
	StaffNumbers   bool           // keys that need their owner's staff number are admitted
	Authenticators Authenticators // nil: nothing can be enrolled
	// CardURL is the address of the card host with a label of 26 letters and digits, without a path,
	// e.g. https://LABEL.card.sso.example:8443. Required with Cards.
	CardURL func(label string) string
	// CardSource says where the certificates of cards are seen.
	CardSource web.CertificateSource
	Extras     []Extra
	Agents     *Agents      // nil: no page looks for the agent of its workstation
	Apps       func() []App // nil: no tiles
	// Waiting counts the apps that wait for an approval of a person, and says where they are listed; nil: there never are any.
	Waiting func(ctx context.Context, uid string) (n int, path string, err error)
	// Status says how the parts of the hub that people notice are doing; nil: nothing is said.
	Status func(ctx context.Context) Status
	Log    *slog.Logger // nil: the kit's
}

// SignIn serves the pages.
type SignIn struct {
	Options
}

// New fills in what may be left out.
func New(o Options) *SignIn {
	if o.Hub == nil {
		o.Hub = o.Kit.Hub
	}
	if o.Log == nil {
		o.Log = o.Kit.Log
	}
	if o.Apps == nil {
		o.Apps = func() []App { return nil }
	}
	if o.Waiting == nil {
		o.Waiting = func(context.Context, string) (int, string, error) { return 0, "", nil }
	}
	if o.Status == nil {
		o.Status = func(context.Context) Status { return Status{} }
	}
	if o.CardURL == nil {
		o.Cards = nil
	}
	return &SignIn{o}
}

// Routes of the hub's own host.
func (s *SignIn) Routes() []web.Route {
	get := func(path, name string, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Name: name, Class: web.Step, Handler: h}
	}
	once := func(path, name string, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, Name: name, Class: web.Step, Handler: h, Once: true}
	}
	// Every POST of these pages comes from a form of ours in the same browser.
	post := func(path, name string, h http.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodPost, Path: path, Name: name, Class: web.Step, Handler: s.checked(h)}
	}
	as := func(c web.Class, route web.Route) web.Route {
		route.Class = c
		return route
	}
	return []web.Route{
		as(web.SignOn, get("/", "home", s.home)),
		get(web.SignInPath, "signin", s.choose),
		as(web.Cheap, get(logoPath, "signin_logo", s.logo)),
		post("/signin/key/begin", "signin_key_begin", s.beginKey),
		post("/signin/key/finish", "signin_key_finish", s.finishKey),
		post("/signin/card", "signin_card", s.startCard),
		post("/signin/agent/begin", "signin_agent_begin", s.beginAgent),
		post("/signin/agent/finish", "signin_agent_finish", s.finishAgent),
		post("/signin/workstation", "signin_workstation", s.placeHere),
		post("/signin/tap", "signin_tap", s.tapped),
		once("/signin/card/done", "signin_card_done", s.finishCard),
		post("/signin/cancel", "signin_cancel", s.cancel),
		get(web.RolePath, "role", s.rolePage),
		post(web.RolePath, "role_choose", s.chooseRole),
		post("/role/change", "role_change", s.changeRole),
		get(web.EmergencyPath, "emergency", s.offerPage),
		post(web.EmergencyPath, "emergency_open", s.openEmergency),
		post(web.EmergencyPath+"/decline", "emergency_decline", s.declineEmergency),
		as(web.Cheap, get(statusPath, "status", s.status)),
		as(web.SignOut, post("/lock", "lock", s.lock)),
		as(web.SignOut, post("/switch", "switch_user", s.switchUser)),
		as(web.SignOut, get("/signout", "signout_ask", s.askSignOut)),
		as(web.SignOut, post("/signout", "signout", s.signOut)),
		as(web.SignOut, get(resultPath, "signout_result", s.result)),
		as(web.SignOn, get("/enrol/:token", "enrol", s.enrolPage)),
		post("/enrol/:token/key/begin", "enrol_key_begin", s.beginEnrolKey),
		post("/enrol/:token/key/finish", "enrol_key_finish", s.finishEnrolKey),
		post("/enrol/:token/card", "enrol_card", s.startEnrolCard),
		once("/enrol/card/done", "enrol_card_done", s.finishEnrolCard),
		as(web.SignOn, get("/error", "app_error", s.appError)),
	}
}

func (s *SignIn) checked(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := s.Kit.CheckCSRF(r); err != nil {
			s.Kit.Refuse(w, r, err)
			return
		}
		h(w, r)
	}
}

// partner of a transaction; zero for the hub's own pages.
func (s *SignIn) partner(tx bridge.Transaction) (trust.Partner, error) {
	if tx.Local {
		return trust.Partner{}, nil
	}
	return s.Hub.Partner(tx.Request.Protocol, tx.Request.Partner)
}

// step is the address of a step of a transaction.
func (s *SignIn) step(tx bridge.Transaction, step bridge.Step) string {
	return s.Kit.StepURL(bridge.Next{Step: step, Transaction: tx})
}

// flow names a transaction in the forms of a page.
type flow struct{ Tx, V string }

func (s *SignIn) flow(tx bridge.Transaction, step bridge.Step) flow {
	return flow{tx.ID, s.Hub.StepMAC(tx.ID, step)}
}

func (f flow) query() string { return url.Values{"tx": {f.Tx}, "v": {f.V}}.Encode() }

// who is the header of a page: name, role and organisation, each on a line.
func (s *SignIn) who(session bridge.Session, p people.Person) string {
	if session.ID == "" {
		return ""
	}
	now := s.Hub.Clock()
	role, _ := p.OpenRole(session.RoleID, now)
	who := web.Who(p, role)
	if session.InEmergency(now) {
		who += "\nEmergency access until " + s.Kit.Time(session.Emergency)
	}
	return who
}
