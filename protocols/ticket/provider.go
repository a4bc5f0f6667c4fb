package ticket

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// Options of the room.
type Options struct {
	Kit       *web.Kit
	Hub       *bridge.Hub
	Systems   Systems
	Life      time.Duration // of a ticket whose terms do not say; 10 h is the field's
	Mode      string        // ssbMode: 0 live, 1 training
	Keys      func() keyring.Ring
	Algorithm keyring.Algorithm // of signed role assertions; empty: RS256
	Agent     AgentOptions
	Log       *slog.Logger
}

// AgentOptions tune the protocol of the field's Smartcard agents.
type AgentOptions struct {
	Cards    bridge.Cards   // nil: agents are not answered
	Life     time.Duration  // of an agent's ticket
	Networks []netip.Prefix // that agents call from; none: from everywhere
	Hosts    []string       // host names that agents and applications call, at the issuer's port; none: the issuer's own
}

// Systems lists the partners, among which is the one whose server presents an agent's ticket.
type Systems interface {
	Partners() ([]trust.Partner, error)
}

// Provider answers legacy systems, and the agents of their time.
type Provider struct {
	kit       *web.Kit
	hub       *bridge.Hub
	systems   Systems
	life      time.Duration
	mode      string
	keys      func() keyring.Ring
	algorithm keyring.Algorithm
	agent     AgentOptions
	macKey    []byte // of challenges
	log       *slog.Logger
	noes      noes
}

var _ bridge.Propagator = (*Provider)(nil)

// New makes the room.
func New(o Options) *Provider {
	if o.Algorithm == "" {
		o.Algorithm = keyring.RS256
	}
	return &Provider{
		kit: o.Kit, hub: o.Hub, systems: o.Systems, life: o.Life, mode: o.Mode, keys: o.Keys, algorithm: o.Algorithm, agent: o.Agent,
		macKey: o.Hub.DeriveKey("ticket challenge"), log: o.Log,
	}
}

// Routes of the hub's own host.
func (p *Provider) Routes() []web.Route {
	routes := append([]web.Route{
		{Method: http.MethodGet, Path: "/ticket/start", Name: "ticket_start", Handler: p.start, Once: true},
		{Method: http.MethodGet, Path: resumePath, Name: "ticket_resume", Class: web.Step, Handler: p.resume, Once: true},
	}, p.ServerRoutes()...)
	if len(p.agent.Hosts) == 0 {
		routes = append(routes, p.agentRoutes()...)
	}
	return routes
}

// HostRoutes are those of the hosts that agents and applications call instead of the national broker.
func (p *Provider) HostRoutes() []web.Route { return append(p.agentRoutes(), p.ServerRoutes()...) }

// ServerRoutes are those that servers call, also served on the mutual-TLS listener.
func (p *Provider) ServerRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/saml/RoleAssertion", Name: "ticket_assertion", Class: web.Machine, TurnAway: p.turnAway, Handler: p.roleAssertion},
		{Method: http.MethodPost, Path: "/ticket/destroy", Name: "ticket_destroy", Class: web.Machine, TurnAway: p.turnAway, Handler: p.destroy},
		{Method: http.MethodGet, Path: "/identity/isTokenValid", Name: "ticket_valid", Class: web.Machine, TurnAway: p.turnAwayText, Handler: p.isTokenValid},
		{Method: http.MethodPost, Path: "/identity/isTokenValid", Name: "ticket_valid", Class: web.Machine, TurnAway: p.turnAwayText, Handler: p.isTokenValid},
		{Method: http.MethodGet, Path: "/identity/attributes", Name: "ticket_attributes", Class: web.Machine, TurnAway: p.turnAwayText, Handler: p.attributesText},
		{Method: http.MethodPost, Path: "/identity/attributes", Name: "ticket_attributes", Class: web.Machine, TurnAway: p.turnAwayText, Handler: p.attributesText},
		{Method: http.MethodGet, Path: "/identity/logout", Name: "ticket_logout", Class: web.SignOut, TurnAway: p.turnAwayText, Handler: p.logoutText, Once: true},
		{Method: http.MethodPost, Path: "/identity/logout", Name: "ticket_logout", Class: web.SignOut, TurnAway: p.turnAwayText, Handler: p.logoutText},
		{Method: http.MethodPost, Path: "/json/sessions", Name: "ticket_sessions", Class: web.Machine, TurnAway: p.turnAwayJSON, Handler: p.sessionsJSON},
		{Method: http.MethodPost, Path: "/json/sessions/", Name: "ticket_sessions", Class: web.Machine, TurnAway: p.turnAwayJSON, Handler: p.sessionsJSON},
	}
}

const resumePath = "/ticket/resume"

// newTicket is opaque, in the alphabet and shape that legacy systems carry about: under 256 ASCII bytes,
// with characters that must be URL-encoded.
func (p *Provider) newTicket() string {
	raw, err := base64.RawURLEncoding.DecodeString(p.hub.NewSecret())
	if err != nil {
		return ""
	}
	return ticketPrefix + base64.StdEncoding.EncodeToString(raw) + ticketSuffix
}

const (
	ticketPrefix = "AQIC5w"
	ticketSuffix = "@AAJTSQACMDE=#"
	ticketMax    = 255
)

// Propagate says what the end of a session does to a legacy system: its ticket is destroyed with the
// session. That ends a system that asks again, and nothing more can be done to one that does not.
func (p *Provider) Propagate(_ context.Context, _ bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	if partner.Ticket != nil && partner.Ticket.Rechecks {
		return bridge.DeliveryEnded, ""
	}
	return bridge.DeliveryNone, ""
}
