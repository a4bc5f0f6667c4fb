package oidc

import (
	"context"
	"maps"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// check is one rule over an authorization request. It notes in the request what it understood.
type check struct {
	name   string
	clause string
	run    func(p *Provider, a *authorization) *bridge.Refusal
}

// A request passes four tables, in this order, at the authorization endpoint and at the endpoint for pushing alike.

// openings come first: until they pass nobody knows who asks, and the person sees a page.
var openings = [...]check{
	{"parameters sent once", "RFC 6749, 3.1; RFC 8707, 2", checkOnce},
	{"client registered and answered", "RFC 6749, 4.1.2.1", checkClient},
}

// sources find out where the parameters are. Their refusals go to the address beside the request, if that is registered.
var sources = [...]check{
	{"request URI is one that this client pushed, and was not used up", "RFC 9126, 4 and 7.3; RFC 9101, 5.2.1", checkPushed},
	{"pushed, if it has to be", "RFC 9126, 6; FAPI 2.0 Security Profile, 5.3.2.2", checkMustPush},
	{"request object signed by the client, for this hub, now", "RFC 9101, 6; OpenID Connect Core, 6.3", checkObject},
	{"in a request object, if it has to be", "RFC 9101, 10.5; FAPI 2.0 Message Signing, 5.3.1", checkMustSign},
}

// addresses prove where the answer may go. Until they pass the person sees a page.
var addresses = [...]check{
	{"redirect URI registered, exactly", "OpenID Connect Core, 3.1.2.1; RFC 9700, 2.1; RFC 8252, 7", checkRedirect},
}

// checks are all other rules. Their refusals go to the client, with state and iss.
var checks = [...]check{
	{"state and nonce of sensible length", "OpenID Connect Core, 3.1.2.1", checkEchoes},
	{"response mode can be served, and may be asked for", "OAuth 2.0 Multiple Response Types, 2.1; JARM, 2.3", checkMode},
	{"no registration on the way", "OpenID Connect Core, 7.2.1", checkRegistration},
	{"response type offered, and the client registered for it", "OpenID Connect Core, 3; RFC 9700, 2.1.2", checkResponseType},
	{"nonce where an ID token comes by the browser", "OpenID Connect Core, 3.2.2.1 and 3.3.2.11", checkNonce},
	{"scopes allowed by the terms", "OpenID Connect Core, 3.1.2.1", checkScope},
	{"resources that the client may have tokens for", "RFC 8707, 2.1", checkResources},
	{"launch, and aud a FHIR server that the client may have tokens for", "SMART App Launch 2.2, Obtain authorization code", checkSmart},
	{"nothing by the browser that is weaker than what is asked for", "RFC 9700, 2.1.2 and 2.2.1; SMART App Launch 2.2", checkFront},
	{"code challenge", "RFC 7636, 4.2", checkChallenge},
	{"key of the code", "RFC 9449, 10", checkKey},
	{"prompt", "OpenID Connect Core, 3.1.2.1", checkPrompt},
	{"max_age", "OpenID Connect Core, 3.1.2.1", checkMaxAge},
	{"claims parameter", "OpenID Connect Core, 5.5", checkClaims},
	{"claims of userinfo with an access token alone", "OpenID Connect Core, 5.5", checkUserinfoClaims},
	{"acr can be met", "OpenID Connect Core, 3.1.2.1 and 5.5.1.1", checkACR},
	{"ID token hint is ours", "OpenID Connect Core, 3.1.2.1", checkHint},
}

func run(p *Provider, table []check, a *authorization) *bridge.Refusal {
	for i := range table {
		if why := table[i].run(p, a); why != nil {
			return why
		}
	}
	return nil
}

// understand runs the tables over the parameters of a request. provenly tells whether the reply address was
// proven when a refusal came: only then may it be sent there.
func (p *Provider) understand(ctx context.Context, form url.Values) (a *authorization, provenly bool, why *bridge.Refusal) {
	a = &authorization{form: maps.Clone(form)}
	provenly, why = p.check(ctx, a)
	return a, provenly, why
}

func (p *Provider) check(ctx context.Context, a *authorization) (provenly bool, why *bridge.Refusal) {
	if why := run(p, openings[:], a); why != nil {
		return false, why
	}
	if err := p.loadPushed(ctx, a); err != nil {
		return false, bridge.AsRefusal(err)
	}
	if why := p.loadObject(ctx, a); why != nil {
		return a.fallBack(), why
	}
	a.verify = func(token string, rules jose.Rules) (jose.Verified, error) {
		return p.verifyOf(ctx, a.client, token, rules)
	}
	if why := run(p, sources[:], a); why != nil {
		return a.fallBack(), why
	}
	if why := run(p, addresses[:], a); why != nil {
		return false, why
	}
	return true, run(p, checks[:], a)
}

// fallBack takes the address beside a request that could not be read, and reports whether it is registered: then the client
// hears of it there.
func (a *authorization) fallBack() bool {
	return checkRedirect(nil, a) == nil && checkEchoes(nil, a) == nil
}
