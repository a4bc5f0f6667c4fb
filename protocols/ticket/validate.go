package ticket

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/people"
)

// validate takes the card's answer to a challenge, begins a session and gives the agent its ticket.
func (p *Provider) validate(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	o, err := p.readAgent(r, serviceAuthentication)
	var proof bridge.Proof
	if err == nil {
		proof, err = p.prove(ctx, o)
	}
	if err != nil {
		err = p.hub.RefuseSignIn(ctx, bridge.Transaction{Ref: bridge.Ref(ctx)}, bridge.MethodSmartcard, bridge.AsRefusal(err))
		p.refuseAgent(w, r, bridge.AsRefusal(err))
		return
	}
	ticket := p.newTicket()
	session, person, err := p.hub.BeginAgent(ctx, proof, func(s bridge.Session) ([]bridge.Write, error) {
		payload, err := json.Marshal(bridge.Grant{Session: s.ID, Protocol: trust.Ticket, Ref: bridge.Ref(ctx), Follows: true})
		if err != nil {
			return nil, fmt.Errorf("ticket: write grant: %w", err)
		}
		return []bridge.Write{bridge.PutArtifact{Artifact: bridge.Artifact{
			Kind: bridge.KindTicket, Key: bridge.Key(ticket), Session: s.ID, Payload: payload, Expires: s.Started.Add(p.agentLife()),
		}}}, nil
	})
	if err != nil {
		p.refuseAgent(w, r, bridge.AsRefusal(err))
		return
	}
	p.writeAgent(w, r, http.StatusOK, p.welcome(r, o, session, person, ticket))
}

// agentLife is how long an agent's ticket works: the session's absolute limit ends it earlier.
func (p *Provider) agentLife() time.Duration { return min(p.agent.Life, p.hub.Limits.Absolute) }

// prove takes the challenge and what the card made of it. The uid may be left out; another's is refused.
func (p *Provider) prove(ctx context.Context, o gpobject.Object) (bridge.Proof, error) {
	a, err := readAttempt(o)
	if err != nil {
		return bridge.Proof{}, err
	}
	challenge, err := p.takeChallenge(ctx, a, o.Value("challenge"), o.Value("signature"))
	if err != nil {
		return bridge.Proof{}, err
	}
	response, _ := o.Get("response")
	signed, err := readAnswer(response)
	if err != nil {
		return bridge.Proof{}, bridge.Refuse(bridge.CredentialUntrusted, "The card's answer cannot be read.").WithCode("card_answer").Because(err)
	}
	proof, err := p.agent.Cards.AcceptCMS(ctx, signed, challenge, p.hub.Clock())
	if err != nil {
		return bridge.Proof{}, err
	}
	if uid := o.Value("uid"); uid != "" && uid != proof.UID {
		return bridge.Proof{}, bridge.Refuse(bridge.UnknownSubject, "The card is not that of the person named.").WithCode("agent_uid")
	}
	return proof, nil
}

// welcome is the answer to an agent that signed somebody in, in the order of the field's broker. Session times are in minutes.
func (p *Provider) welcome(r *http.Request, o gpobject.Object, s bridge.Session, person people.Person, ticket string) gpobject.Object {
	origin, minutes := p.origin(r), strconv.Itoa(int(p.agentLife()/time.Minute))
	out := gpobject.Object{
		{Name: "log_session_id", Value: o.Value("log_session_id")},
		{Name: "error_url", Value: p.kit.URL("/error")},
		{Name: "server_ip", Value: localAddress(r)},
		{Name: "cn", Value: person.Name},
	}
	for i, role := range person.OpenRoles(s.Started) {
		out = append(out, gpobject.Param{Name: "nhsjobrole" + strconv.Itoa(i), ID: role.ID, OrgCode: role.OrgCode, Value: roleLine(role)})
	}
	return append(out, gpobject.Object{
		{Name: "gas_version", Value: gasVersion},
		{Name: "sso_ticket", Value: ticket},
		{Name: "sso_domain", Value: domainOf(p.kit.Issuer.Hostname())},
		{Name: "sso_session_url", Value: origin + updatePath},
		{Name: "sso_max_session_time", Value: minutes},
		{Name: "sso_keep_alive", Value: "false"},
		{Name: "sso_session_time", Value: minutes},
		{Name: "sso_logout_url", Value: origin + logoutPath},
		{Name: "auth_method", Value: authMethod},
		{Name: "app_url", Value: o.Value("app_url")},
		{Name: "service", Value: serviceAuthentication},
	}...)
}

// gasVersion is what the field's broker last said of itself; agents have been seen with no other.
const gasVersion = "5.2.7"

// roleLine is a role as agents of the field read it: they part the organisation from the role at the first comma.
func roleLine(role people.RoleProfile) string {
	return strings.ReplaceAll(role.OrgName, ",", "") + ", " + role.Name
}

// domainOf is the domain that the host is in, as the field writes it.
func domainOf(host string) string {
	if _, rest, ok := strings.Cut(host, "."); ok {
		return "." + rest
	}
	return "." + host
}

// localAddress is the address that the agent reached.
func localAddress(r *http.Request) string {
	if addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok {
		if host, _, err := net.SplitHostPort(addr.String()); err == nil {
			return host
		}
	}
	return "0.0.0.0"
}
