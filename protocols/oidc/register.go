package oidc

import (
	"net/http"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/registration"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// Registering says how clients register themselves (OpenID Connect Dynamic Client Registration 1.0; RFC 7591, RFC 7592).
type Registering struct {
	Registrar *trust.Registrar // nil: they do not
	Open      bool             // without an invitation too
	Hourly    int              // how many without one in an hour; 0: any number
	Lab       bool             // http and *.localhost are addresses too
}

// Paths, below the issuer.
const (
	registerPath = "/oidc/register"
	clientPath   = "/oidc/register/:client"
)

// registerRoutes are those by which clients register themselves; none unless they may.
func (p *Provider) registerRoutes() []web.Route {
	if p.registering.Registrar == nil {
		return nil
	}
	return []web.Route{
		{Method: http.MethodPost, Path: registerPath, Name: "oidc_register", Class: web.SignOn, TurnAway: turnAway, Handler: p.register},
		{Method: http.MethodGet, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.readClient},
		{Method: http.MethodPut, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.replaceClient},
		{Method: http.MethodDelete, Path: clientPath, Name: "oidc_client", Class: web.Machine, TurnAway: turnAway, Handler: p.removeClient},
	}
}

// register takes a new client (RFC 7591, section 3).
func (p *Provider) register(w http.ResponseWriter, r *http.Request) {
	invitation, err := p.invited(r)
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	said, err := readMetadata(r)
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	d, shown, err := p.newClient(r.Context(), said, invitation)
	if err == nil {
		event := p.registered(r, d, "registered")
		_, err = p.registering.Registrar.Add(r.Context(), d, invitation, event)
	}
	if err != nil {
		p.refuseRegistration(w, r, "", err)
		return
	}
	writeJSON(w, http.StatusCreated, p.information(d, shown))
}

// invited finds the invitation of a request. Without a token it is the zero one, where that is allowed (RFC 7591, section 3).
func (p *Provider) invited(r *http.Request) (trust.Invitation, error) {
	token, err := registrationToken(r)
	switch {
	case err != nil:
		return trust.Invitation{}, err
	case token != "":
		return p.registering.Registrar.Invited(r.Context(), token)
	case !p.registering.Open:
		return trust.Invitation{}, refusedRegistration("Registering needs an initial access token (RFC 7591, section 3): ask who runs this hub for one.").Because(errNoToken)
	case !p.uninvited.take(p.hub.Clock()):
		return trust.Invitation{}, bridge.Refuse(bridge.Throttled, "Too many clients have registered in the last hour. Try again later, or with an initial access token.")
	}
	return trust.Invitation{}, nil
}

func (p *Provider) registered(r *http.Request, d trust.Document, change string) ledger.Event {
	detail := map[string]string{"change": change, "stage": string(d.Stage)}
	if i := d.OIDC.Registration.Invitation; i != "" {
		detail["invitation"] = i
	}
	return ledger.Event{
		Time: p.hub.Clock(), Kind: ledger.ClientRegistered, Ref: bridge.Ref(r.Context()), Partner: d.Partner, Peer: bridge.Peer(r.Context()), Detail: detail,
	}
}

// registrationToken is the bearer token of a request; empty if there is none.
func registrationToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxSecret {
		return "", refusedRegistration("Send the token once, in the Authorization header, as Bearer.")
	}
	return token, nil
}

func readMetadata(r *http.Request) (registration.Said, error) {
	body, err := readBody(r, "application/json")
	if err != nil {
		return registration.Said{}, err
	}
	return registration.Read(body)
}
