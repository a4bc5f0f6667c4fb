package ticket

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// agentRoutes are those of the field's Smartcard agents; none unless cards are accepted.
func (p *Provider) agentRoutes() []web.Route {
	if p.agent.Cards == nil {
		return nil
	}
	return []web.Route{
		{Method: http.MethodPost, Path: activatePath, Name: "agent_activate", Class: web.SignOn, TurnAway: p.turnAwayAgent, Handler: p.activate},
		{Method: http.MethodPost, Path: "/login/authvalidate", Name: "agent_validate", Class: web.Machine, TurnAway: p.turnAwayAgent, Handler: p.validate, MaxBody: 96 << 10},
		{Method: http.MethodGet, Path: dtdPath, Name: "agent_dtd", Class: web.Cheap, Handler: dtd},
		{Method: http.MethodGet, Path: "/saml/RoleSelectionGP.jsp", Name: "agent_role", Class: web.Machine, TurnAway: p.turnAwayStatus, Handler: p.selectRole, Once: true},
		{Method: http.MethodGet, Path: updatePath, Name: "agent_update", Class: web.Machine, TurnAway: p.turnAwayStatus, Handler: p.updateSession, Once: true},
		{Method: http.MethodPost, Path: updatePath, Name: "agent_update", Class: web.Machine, TurnAway: p.turnAwayStatus, Handler: p.updateSession},
		{Method: http.MethodPost, Path: logoutPath, Name: "agent_logout", Class: web.SignOut, TurnAway: p.turnAwayStatus, Handler: p.logoutAgent},
	}
}

const (
	activatePath = "/login/authactivate"
	updatePath   = "/sessionmanager/session/update"
	logoutPath   = "/login/authlogout"
	dtdPath      = "/login/dtd"
)

// maxAnalytics bounds the header that newer agents send; nobody reads it.
const maxAnalytics = 8 << 10

// What an agent asks for, as the parameter service says it.
const (
	serviceActivation     = "ACTIVATION"
	serviceAuthentication = "AUTHENTICATION"
	serviceLogout         = "LOGOUT"
)

// readAgent reads the document of an agent: from a network of agents, for this service, by the one method there is. The content type and
// the program's name differ from agent to agent and mean nothing.
func (p *Provider) readAgent(r *http.Request, service string) (gpobject.Object, error) {
	if err := p.fromAgent(r); err != nil {
		return nil, err
	}
	o, err := readDocument(r)
	if err != nil {
		return nil, err
	}
	if o.Value("service") != service {
		return nil, bridge.Refuse(bridge.UnsupportedRequest, "The service is not %s.", service).WithCode("agent_service")
	}
	if method := o.Value("auth_method"); method != "" && method != authMethod {
		return nil, bridge.Refuse(bridge.UnsupportedRequest, "Only Smartcards are answered here.").WithCode("agent_method")
	}
	return o, nil
}

// readDocument reads the one form in which agents send anything.
func readDocument(r *http.Request) (gpobject.Object, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	o, err := gpobject.Read(body)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The document is not well formed.").WithCode("agent_document").Because(err)
	}
	return o, nil
}

// authMethod is the number of Smartcards among the field's ways to sign in.
const authMethod = "3"

// fromAgent checks where a call comes from, and that it brings no more than it may.
func (p *Provider) fromAgent(r *http.Request) error {
	if !within(r, p.agent.Networks) {
		return bridge.Refuse(bridge.BadClient, "Agents do not call from this address.").WithCode("agent_network")
	}
	if len(strings.Join(r.Header.Values("Analytics"), "")) > maxAnalytics {
		return bridge.Refuse(bridge.BadRequest, "The Analytics header is too long.").WithCode("agent_analytics")
	}
	return nil
}

// origin is the address that the agent called: the router has checked that it is one of ours.
func (p *Provider) origin(r *http.Request) string {
	for _, host := range p.agent.Hosts {
		if at := p.HostURL(host); web.IsAt(r, at) {
			return at.String()
		}
	}
	return p.kit.Issuer.String()
}

// HostURL is the address of a host that agents call: the scheme and port are the issuer's.
func (p *Provider) HostURL(host string) *url.URL {
	at := *p.kit.Issuer
	if at.Host = host; p.kit.Issuer.Port() != "" {
		at.Host = host + ":" + p.kit.Issuer.Port()
	}
	return &at
}

// writeAgent answers an agent.
func (p *Provider) writeAgent(w http.ResponseWriter, r *http.Request, status int, o gpobject.Object) {
	writeXML(w, status, gpobject.Write(p.origin(r)+dtdPath, o))
}

func dtd(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/xml-dtd")
	w.Header().Set("Cache-Control", "public, max-age=86400")
	_, _ = io.WriteString(w, gpobject.DTD) // the caller went away: nothing to do about it
}

// The documents that answer a call of which nothing but success is asked. Agents of the field look for the two letters of the first
// one: the other must not have them, nor may anything beside it.
const (
	statusOK    = "<HTML><STATUS>OK</STATUS></HTML>"
	statusError = "<HTML><STATUS>ERROR</STATUS></HTML>"
)

// answerStatus answers a call of an agent of which nothing but success is asked, and records why there was none.
func (p *Provider) answerStatus(w http.ResponseWriter, r *http.Request, err error) {
	if refusal := p.refused(r, trust.Partner{}, err); refusal != nil {
		p.turnAwayStatus(w, r, refusal)
		return
	}
	writeStatus(w, http.StatusOK, statusOK)
}

func writeStatus(w http.ResponseWriter, status int, doc string) {
	writeWhole(w, status, "text/html; charset=utf-8", []byte(doc))
}
