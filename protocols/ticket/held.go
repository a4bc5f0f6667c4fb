package ticket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// held is a ticket that was presented, and what it stands for.
type held struct {
	bridge.Grant
	token   string
	expires time.Time
	// agents says that it was issued to an agent: it names no partner and is the session's own.
	agents bool
}

// find looks a ticket up; BadGrant for one that is not valid.
func find(ctx context.Context, hub *bridge.Hub, token string) (held, error) {
	if token == "" || len(token) > ticketMax {
		return held{}, bridge.Refuse(bridge.BadRequest, "The ticket must be given once.").WithCode("ticket_malformed")
	}
	a, err := hub.Artifacts.Get(ctx, bridge.KindTicket, bridge.Key(token), hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) || (err == nil && a.Spent) {
		return held{}, unknownTicket()
	}
	if err != nil {
		return held{}, fmt.Errorf("ticket: find: %w", err)
	}
	h := held{token: token, expires: a.Expires}
	if err := json.Unmarshal(a.Payload, &h.Grant); err != nil {
		return held{}, fmt.Errorf("ticket: read grant: %w", err)
	}
	h.agents = h.Partner == ""
	return h, nil
}

func unknownTicket() *bridge.Refusal {
	return bridge.Refuse(bridge.BadGrant, "The ticket is not valid.").WithCode("ticket_unknown")
}

// agents finds the ticket that an agent presents. One that was issued to a system through a browser is no agent's.
func (p *Provider) agents(ctx context.Context, token string) (held, error) {
	h, err := find(ctx, p.hub, token)
	if err == nil && !h.agents {
		return h, unknownTicket().WithCode("ticket_not_agents")
	}
	return h, err
}

// presented finds the ticket that a system's server presents, and the system: the one that the ticket was issued to, or of an agent's
// ticket the one that the caller is.
func (p *Provider) presented(r *http.Request, token string) (held, trust.Partner, error) {
	h, err := find(r.Context(), p.hub, token)
	if err != nil {
		return h, trust.Partner{}, err
	}
	if h.agents {
		partner, err := p.caller(r)
		h.Partner = partner.ID
		return h, partner, err
	}
	partner, err := p.hub.Partner(trust.Ticket, h.Partner)
	if err != nil {
		return h, partner, err
	}
	return h, partner, bound(r, partner)
}

// caller is the one system that network and certificate of a call fit. More than one is as bad as none: nobody could say whose terms hold.
func (p *Provider) caller(r *http.Request) (trust.Partner, error) {
	partners, err := p.systems.Partners()
	if err != nil {
		return trust.Partner{}, fmt.Errorf("ticket: systems: %w", err)
	}
	var found []trust.Partner
	for _, partner := range partners {
		if partner.Protocol == trust.Ticket && partner.Answerable() && bound(r, partner) == nil {
			found = append(found, partner)
		}
	}
	switch len(found) {
	case 0:
		return trust.Partner{}, bridge.Refuse(bridge.BadClient, "The ticket is not valid.").WithCode("ticket_system_unknown")
	case 1:
		return found[0], nil
	}
	return trust.Partner{}, bridge.Refuse(bridge.BadClient, "The ticket is not valid.").WithCode("ticket_system_ambiguous")
}
