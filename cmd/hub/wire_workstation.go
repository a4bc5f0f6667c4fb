package hub

import (
	"context"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/protocols/workstation"
	"github.com/lanyard-hub/lanyard/web/signin"
)

// wireWorkstations answers the agents of workstations, if the configuration says so.
func (h *Hub) wireWorkstations(context.Context) error {
	if reader := h.agentReader(); reader != nil {
		h.agents = workstation.New(workstation.Options{
			Kit: h.kit, Hub: h.core, Reader: reader, Workstations: h.store, Authenticators: h.store, Offline: h.options.Config.Workstation.Offline, Log: h.options.Log,
		})
	}
	return nil
}

// agentReader believes the agents of workstations; nil: nobody does.
func (h *Hub) agentReader() *agent.Reader {
	if !h.options.Config.Workstation.Agent {
		return nil
	}
	if after := h.options.Config.Workstation.Silence; after > 0 && h.silence == nil {
		h.silence = &agent.Silence{Hub: h.core, Workstations: h.store, After: after}
	}
	return &agent.Reader{Hub: h.core, Workstations: h.store, Issuer: h.options.Config.Issuer, Silence: h.silence}
}

// pageAgents is what the pages do with agents; nil: they look for none.
func (h *Hub) pageAgents() *signin.Agents {
	c := h.options.Config.Workstation
	if !c.Agent {
		return nil
	}
	return &signin.Agents{Reader: h.agentReader(), Presence: c.Presence == "required", Tap: c.Tap}
}
