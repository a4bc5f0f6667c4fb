package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/lanyard-hub/lanyard/cmd/hub"
	"github.com/lanyard-hub/lanyard/trust"
)

// hintTargets tells of partners that the terms of a client name and that are neither registered nor in the same file: until they are, a
// token for them is refused with invalid_target, and a launch of them too.
func (p *program) hintTargets(ctx context.Context, store hub.Store, client trust.Partner, docs []trust.Document) error {
	if client.OIDC == nil || len(client.OIDC.Named()) == 0 {
		return nil
	}
	known, _, err := store.Partners(ctx)
	if err != nil {
		return err
	}
	for _, id := range client.OIDC.Named() {
		registered := slices.ContainsFunc(known, func(r trust.Record) bool { return r.Protocol == trust.OIDC && r.ID == id })
		if !registered && !slices.ContainsFunc(docs, func(d trust.Document) bool { return d.Protocol == trust.OIDC && d.Partner == id }) {
			fmt.Fprintf(p.err, "hint: %s: its terms name the partner %s (oidc.resource_servers, oidc.exchange, oidc.smart.launches), which is not registered: tokens for it and launches of it are refused\n", client.ID, id)
		}
	}
	return nil
}
