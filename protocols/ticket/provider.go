package ticket

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// Options of the room.
type Options struct {
	Kit  *web.Kit
	Hub  *bridge.Hub
	Life time.Duration // of a ticket whose terms do not say; 10 h is the field's
	Mode string        // ssbMode: 0 live, 1 training
	Log  *slog.Logger
}

// Provider answers legacy systems.
type Provider struct {
	kit  *web.Kit
	hub  *bridge.Hub
	life time.Duration
	mode string
	log  *slog.Logger
}

var _ bridge.Propagator = (*Provider)(nil)

// New makes the room.
func New(o Options) *Provider {
	return &Provider{kit: o.Kit, hub: o.Hub, life: o.Life, mode: o.Mode, log: o.Log}
}

// Routes of the hub's own host.
func (p *Provider) Routes() []web.Route {
	return append([]web.Route{
		{Method: http.MethodGet, Path: "/ticket/start", Name: "ticket_start", Handler: p.start, Once: true},
		{Method: http.MethodGet, Path: resumePath, Name: "ticket_resume", Class: web.Step, Handler: p.resume, Once: true},
	}, p.ServerRoutes()...)
}

// ServerRoutes are those that servers call, also served on the mutual-TLS listener.
func (p *Provider) ServerRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/saml/RoleAssertion", Name: "ticket_assertion", Class: web.Machine, TurnAway: p.turnAway, Handler: p.roleAssertion},
		{Method: http.MethodPost, Path: "/ticket/destroy", Name: "ticket_destroy", Class: web.Machine, TurnAway: p.turnAway, Handler: p.destroy},
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
