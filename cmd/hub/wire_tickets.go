package hub

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/protocols/ticket"
	"github.com/lanyard-hub/lanyard/web"
)

// ticketAgents is what the configuration says of the field's Smartcard agents; without cards nobody answers them.
func (h *Hub) ticketAgents() ticket.AgentOptions {
	c := h.options.Config.Tickets.Agent
	if !c.Enabled || h.cards.verifier == nil {
		return ticket.AgentOptions{}
	}
	return ticket.AgentOptions{Cards: h.cards.verifier, Life: c.SessionLife, Networks: c.Networks, Hosts: c.Hosts}
}

// withAgentHosts serves the hosts that agents and applications call instead of the national broker, and everything else as before.
func (h *Hub) withAgentHosts(own http.Handler) http.Handler {
	if h.ticket == nil {
		return own
	}
	type host struct {
		at      *url.URL
		handler http.Handler
	}
	var hosts []host
	for _, name := range h.ticketAgents().Hosts {
		at := h.ticket.HostURL(name)
		hosts = append(hosts, host{at, h.kit.RouterAt(at, h.ticket.HostRoutes())})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, one := range hosts {
			if web.IsAt(r, one.at) {
				one.handler.ServeHTTP(w, r)
				return
			}
		}
		own.ServeHTTP(w, r)
	})
}
