package oidc

import (
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
)

// audience is one place that an access token is good for: a resource (RFC 8707) and the partner it belongs to.
type audience struct {
	Partner  string `json:"p,omitempty"` // empty: this hub, for userinfo
	Resource string `json:"r"`           // as the client named it
}

const maxAudience = 8 // resources in one request

func refuseTarget(format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.UnsupportedRequest, format, args...).WithCode(codeInvalidTarget)
}

// audienceOf finds what the resources of a request stand for. A client may name the hub itself, itself, and the resource servers
// that its terms name.
func (p *Provider) audienceOf(c *client, resources []string) ([]audience, *bridge.Refusal) {
	if len(resources) > maxAudience {
		return nil, refuseTarget("More than %d resources.", maxAudience)
	}
	var out []audience
	for _, r := range resources {
		a, ok := p.resource(c, r)
		switch {
		case !ok:
			return nil, refuseTarget("The resource %s is not one that this client may have tokens for.", clip(r))
		case !slices.Contains(out, a):
			out = append(out, a)
		}
	}
	return out, nil
}

func (p *Provider) resource(c *client, name string) (audience, bool) {
	switch {
	case name == p.issuer, name == p.url(userinfoPath):
		return audience{Resource: name}, true
	case slices.Contains(c.terms.Tokens.Resources, name):
		return audience{c.id, name}, true
	}
	for _, id := range c.terms.Tokens.ResourceServers {
		if s, err := p.anyPartner(id); err == nil && slices.Contains(s.terms.Tokens.Resources, name) {
			return audience{id, name}, true
		}
	}
	return audience{}, false
}

// narrowAudience applies the resources of a token request: some of those that were granted, or any that the terms allow if none was
// named before (RFC 8707, section 2.2). Without any the token is for the client itself.
func (p *Provider) narrowAudience(x *exchange, granted []string) ([]audience, error) {
	asked := x.form[paramResource]
	for _, r := range asked {
		if len(granted) > 0 && !slices.Contains(granted, r) {
			return nil, refuseTarget("The resource %s was not named in the authorization request (RFC 8707, section 2.2).", clip(r))
		}
	}
	if len(asked) == 0 {
		asked = granted
	}
	to, why := p.audienceOf(x.caller.client, asked)
	if why != nil {
		return nil, why
	}
	return to, nil
}

// checkResources notes what the tokens of the sign-on shall be for.
func checkResources(p *Provider, a *authorization) *bridge.Refusal {
	to, why := p.audienceOf(a.client, a.form[paramResource])
	for _, t := range to {
		a.Resources = append(a.Resources, t.Resource)
	}
	return why
}

// names are the resources as the aud of a token states them: a text if there is one, else a list (RFC 7519, section 4.1.3).
func names(c string, to []audience) any {
	out := make([]string, 0, 1)
	for _, a := range to {
		out = append(out, a.Resource)
	}
	switch len(out) {
	case 0:
		return c
	case 1:
		return out[0]
	}
	return out
}
