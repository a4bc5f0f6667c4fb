package workstation

import (
	"context"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
	"github.com/lanyard-hub/lanyard/web"
)

// Authenticators finds whose a card is.
type Authenticators interface {
	// Authenticator finds by kind and handle; people.ErrNotFound if none.
	Authenticator(ctx context.Context, kind people.Kind, handle string) (people.Authenticator, error)
}

// Options of the room. All but Log are required.
type Options struct {
	Kit            *web.Kit
	Hub            *bridge.Hub
	Reader         *agent.Reader
	Workstations   trust.WorkstationStore
	Authenticators Authenticators
	Offline        time.Duration // how long an agent may vouch for sessions without hearing from the hub; 0: it may not
	Log            *slog.Logger  // nil: the kit's
}

// Provider answers the agents of workstations.
type Provider struct{ Options }

// New makes the room.
func New(o Options) *Provider {
	if o.Log == nil {
		o.Log = o.Kit.Log
	}
	return &Provider{o}
}

// Routes of the hub's own host.
func (p *Provider) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: "/workstation/enrol", Name: "workstation_enrol", Class: web.Machine, TurnAway: p.turnAway, Handler: p.enrol},
		{Method: http.MethodPost, Path: "/workstation/event", Name: "workstation_event", Class: web.Machine, TurnAway: p.turnAway, Handler: p.event},
		{Method: http.MethodPost, Path: "/workstation/status", Name: "workstation_status", Class: web.Machine, TurnAway: p.turnAway, Handler: p.status},
		{Method: http.MethodGet, Path: "/workstation/keys/:id", Name: "workstation_keys", Class: web.Machine, TurnAway: p.turnAway, Handler: p.keys, CORS: true},
	}
}

// message reads the body of a request as a message about act.
func (p *Provider) message(r *http.Request, act string) (agent.Message, error) {
	body, err := body(r, "application/jwt")
	if err != nil {
		return agent.Message{}, err
	}
	return p.Reader.Read(r.Context(), string(body), act)
}

// body reads a body of one media type. The router bounds it.
func body(r *http.Request, want string) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != want {
		return nil, bridge.Refuse(bridge.BadRequest, "Content-Type must be %s.", want).WithCode("media_type")
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The body could not be read.").WithCode("body").Because(err)
	}
	return data, nil
}
