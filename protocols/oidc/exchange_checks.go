package oidc

import (
	"cmp"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
)

// maxActors is how many parties may stand one behind the other in a token.
const maxActors = 4

// exchangeCheck is one rule over a token exchange.
type exchangeCheck struct {
	name   string
	clause string
	run    func(p *Provider, x *exchange, t *trade) error
}

// exchangeChecks are all of them, but for what the subject token is: that is subjectOf's.
var exchangeChecks = [...]exchangeCheck{
	{"no actor token: who acts is the client itself", "RFC 8693, 2.1", checkActorToken},
	{"one target, which the terms name", "RFC 8693, 2.1", checkTarget},
	{"a type of token that the target takes", "RFC 8693, 2.1", checkRequestedType},
	{"scopes of the subject token", "RFC 8693, 2.1", checkExchangeScope},
	{"chain of actors bounded", "RFC 8693, 4.1", checkActors},
}

func checkActorToken(_ *Provider, x *exchange, _ *trade) error {
	if x.form.Has("actor_token") || x.form.Has("actor_token_type") {
		return bridge.Refuse(bridge.BadRequest, "actor_token is not taken: the client that calls is the one that acts (RFC 8693, section 2.1).").WithCode("actor_token")
	}
	return nil
}

// checkTarget finds the partner that all of audience and resource name. What resources it names the token is for; a partner named
// alone stands for all of its resources.
func checkTarget(p *Provider, x *exchange, t *trade) error {
	named, resources := x.form[paramAudience], x.form[paramResource]
	if len(named)+len(resources) == 0 {
		return bridge.Refuse(bridge.BadRequest, "Name the target of the exchange: its audience or a resource of it (RFC 8693, section 2.1).").WithCode("no_target")
	}
	if len(named)+len(resources) > maxAudience {
		return refuseTarget("More than %d targets.", maxAudience)
	}
	for _, name := range slices.Concat(named, resources) {
		found := p.target(x.caller.client, name)
		if found == nil {
			return refuseTarget("The terms of this client do not let it exchange a token for %s.", clip(name))
		}
		if t.target != nil && t.target.id != found.id {
			return refuseTarget("A token is exchanged for one target at a time.")
		}
		t.target = found
	}
	known := t.target.terms.Tokens.Resources
	if len(resources) == 0 {
		resources = known
	}
	if len(resources) == 0 {
		resources = []string{t.target.id}
	}
	for _, r := range resources {
		if len(known) > 0 && !slices.Contains(known, r) {
			return refuseTarget("%s is not a resource of %s.", clip(r), t.target.name)
		}
		t.audience = append(t.audience, audience{t.target.id, r})
	}
	return nil
}

// target is the partner of a client's exchange terms that a name stands for: its id or one of its resources.
func (p *Provider) target(c *client, name string) *client {
	for _, id := range c.terms.Tokens.Exchange {
		if t, err := p.anyPartner(id); err == nil && (id == name || slices.Contains(t.terms.Tokens.Resources, name)) {
			return t
		}
	}
	return nil
}

func checkRequestedType(_ *Provider, x *exchange, t *trade) error {
	asked := x.get("requested_token_type")
	t.issued = cmp.Or(asked, typeAccess)
	return fitsType(t.target, asked)
}

// checkExchangeScope takes the scopes of the subject token that the terms of the client allow, or those of them that it asks for.
// openid is left out: an exchanged token is for no userinfo.
func checkExchangeScope(_ *Provider, x *exchange, t *trade) error {
	have := x.caller.allowed(t.subject.grant.Scopes)
	have = slices.DeleteFunc(have, func(s string) bool { return s == scopeOpenID })
	t.scopes = have
	wanted, why := readScopes(x.get("scope"))
	if why != nil {
		return why
	}
	if len(wanted) > 0 {
		t.scopes = nil
		for _, s := range wanted {
			if !within(have, s) {
				return bridge.Refuse(bridge.BadRequest, "The scope %s is not one of the subject token that this client may pass on.", clip(s)).WithCode(codeInvalidScope)
			}
			if !slices.Contains(t.scopes, s) {
				t.scopes = append(t.scopes, s)
			}
		}
	}
	return nil
}

// checkActors puts the client before those that acted until now. The client that first had the token is one of them.
func checkActors(_ *Provider, x *exchange, t *trade) error {
	before := t.subject.grant.Actors
	if len(before) == 0 && t.subject.grant.Client != x.caller.id {
		before = []string{t.subject.grant.Client}
	}
	if len(before) == 0 || before[0] != x.caller.id {
		before = append([]string{x.caller.id}, before...)
	}
	if len(before) > maxActors {
		return refuseSubject("more than %d parties would act one for the other.", maxActors)
	}
	t.actors = slices.Clone(before)
	return nil
}
