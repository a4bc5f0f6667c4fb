package oidc

import (
	"context"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/smart"
)

// reader is a partner that a token is meant for, and what it may be told of the person.
type reader struct {
	*client
	iss bridge.Issuance
}

// readersOf are the partners that a token is meant for: the client itself where it names nobody else.
func (p *Provider) readersOf(c *client, to []audience) ([]*client, error) {
	var out []*client
	for _, a := range to {
		if a.Partner == "" || slices.ContainsFunc(out, func(r *client) bool { return r.id == a.Partner }) {
			continue
		}
		r, err := p.anyPartner(a.Partner)
		if err != nil {
			return nil, refuseTarget("The resource %s is not answered at present.", clip(a.Resource)).Because(err)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		out = []*client{c}
	}
	if len(out) > 1 && slices.ContainsFunc(out, func(r *client) bool { return r.terms.Tokens.JWT }) {
		return nil, refuseTarget("A JWT access token is for one resource server: name the resources of one at a time (RFC 8707, section 2.2).")
	}
	return out, nil
}

// wants are the claims that are to be evaluated of what a client may be told: all if a JWT is made for it.
func wants(c *client, readers []*client, otherwise []string) []string {
	if len(readers) == 1 && readers[0].id == c.id && c.terms.Tokens.JWT {
		return nil
	}
	return otherwise
}

// brief decides what each reader may be told. iss is what the client is told, and what is recorded with it. Whoever may not be told
// anything gets no token.
func (p *Provider) brief(ctx context.Context, g *grant, c *client, iss *bridge.Issuance, to []*client, kind ledger.Kind) ([]reader, error) {
	var out []reader
	for _, r := range to {
		if r.id == c.id {
			out = append(out, reader{c, *iss})
			continue
		}
		told, err := p.briefOne(ctx, g, r, kind, map[string]string{"client": c.id})
		if err != nil {
			return nil, err
		}
		iss.Join(told)
		out = append(out, reader{r, told})
	}
	return out, nil
}

// briefOne decides what a partner may be told that is not the client of the grant. It is a participant of the session if it can be
// told of its end; a token for it dies with the session all the same.
func (p *Provider) briefOne(ctx context.Context, g *grant, r *client, kind ledger.Kind, detail map[string]string) (bridge.Issuance, error) {
	b := g.bridge(p, wants(r, []*client{r}, []string{}))
	b.Partner, b.Quiet, b.Detail = r.id, r.terms.BackchannelLogoutURI == "", detail
	iss, err := p.hub.Reissue(ctx, b, kind)
	if why := bridge.AsRefusal(err); err != nil && !why.OurFault() {
		err = refuseTarget("%s cannot be told of this person: %s", r.name, why.Detail).Because(err)
	}
	return iss, err
}

// hears are those of the scopes of a token that a client knows as resource server.
func (c *client) hears(scopes []string) []string { return scopesFor([]reader{{client: c}}, scopes) }

// scopesFor are those of the granted scopes that the readers of a token know.
func scopesFor(readers []reader, granted []string) []string {
	out := make([]string, 0, len(granted))
	for _, s := range granted {
		for _, r := range readers {
			if known := r.terms.Tokens.ResourceScopes; len(known) == 0 || slices.Contains(known, s) {
				out = addScopes(out, s)
			} else if smart.Clinical(s) {
				out = addScopes(out, permitted(clinicalOf(known), s)...)
			}
		}
	}
	return out
}
