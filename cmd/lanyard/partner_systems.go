package main

import (
	"context"
	"fmt"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust"
)

// hintSystems tells of legacy systems that a call cannot be told from another's by: agents' tickets are refused to both.
func (p *program) hintSystems(ctx context.Context, store hub.Store, system trust.Partner, how proposal) error {
	if system.Ticket == nil {
		return nil
	}
	r := trust.NewRegistry(store, how.compiler, how.options.Lab, time.Now)
	if err := r.Load(ctx); err != nil {
		return err
	}
	known, err := r.Partners()
	if err != nil {
		return err
	}
	for _, other := range known {
		if system.MistakenFor(other) {
			fmt.Fprintf(p.err, "hint: %s: network and certificate of a call may be those of %s too: tickets of agents (tickets.agent) are then refused to both. Give each its own networks, or each a certificate\n", system.ID, other.ID)
		}
	}
	return nil
}
