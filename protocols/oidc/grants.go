package oidc

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// grantType is one way to tokens.
type grantType struct {
	name   string
	clause string
	needs  string // the parameter that must be there; empty: none
	redeem func(p *Provider, ctx context.Context, x *exchange) (*tokenResponse, error)
}

// grantTypes are all that the token endpoint knows. The terms say which of them a client may use.
var grantTypes = [...]grantType{
	{trust.GrantCode, "RFC 6749, 4.1.3", "code", (*Provider).redeemCode},
	{trust.GrantRefresh, "RFC 6749, 6", "refresh_token", (*Provider).redeemRefresh},
	{trust.GrantClient, "RFC 6749, 4.4", "", (*Provider).redeemClient},
	{trust.GrantExchange, "RFC 8693, 2.1", "subject_token", (*Provider).redeemExchange},
	{trust.GrantDevice, "RFC 8628, 3.4", "device_code", (*Provider).redeemDevice},
	{trust.GrantCIBA, "CIBA Core, 10.1", "auth_req_id", (*Provider).redeemCIBA},
}

// exchange is a request to the token endpoint, as far as it was understood.
type exchange struct {
	caller caller
	form   url.Values
	now    time.Time
	found  *grant        // what the request named; misuse ends it
	link   *refreshToken // that was presented
	ref    string        // of the sign-on that it comes from; empty: not known, or as found
}

func (x *exchange) get(name string) string { return x.form.Get(name) }

// exchange decides, signs and commits. ref is the reference of the sign-on that the request goes back to, if it was found.
func (p *Provider) exchange(ctx context.Context, c caller, form url.Values) (answer *tokenResponse, ref string, err error) {
	kind, err := chooseGrant(c, form)
	if err != nil {
		return nil, "", p.refusedAfter(ctx, c, err)
	}
	x := &exchange{caller: c, form: form, now: p.hub.Clock()}
	if answer, err = kind.redeem(p, ctx, x); err != nil {
		err = p.failed(ctx, x, err)
	}
	if x.ref == "" && x.found != nil {
		x.ref = x.found.Ref
	}
	return answer, x.ref, err
}

func chooseGrant(c caller, form url.Values) (grantType, error) {
	asked := form.Get("grant_type")
	if asked == "" {
		return grantType{}, bridge.Refuse(bridge.BadRequest, "grant_type is missing.")
	}
	for _, k := range grantTypes {
		if k.name != asked {
			continue
		}
		if why := mayUse(c.client, k.name); why != nil {
			return k, why
		}
		if k.needs != "" && form.Get(k.needs) == "" {
			return k, bridge.Refuse(bridge.BadRequest, "%s is missing.", k.needs)
		}
		return k, nil
	}
	return grantType{}, bridge.Refuse(bridge.UnsupportedRequest, "This grant_type is not known here.").WithCode(codeGrantType)
}

// mayUse refuses a grant type that the terms of a client do not allow.
func mayUse(c *client, grant string) *bridge.Refusal {
	if c.terms.May(grant) {
		return nil
	}
	return bridge.Refuse(bridge.UnsupportedRequest, "The terms of this client do not allow grant_type %s.", grant).WithCode(codeUnauthorizedClient)
}

const codeUsedTwice = "refresh_twice" // what was presented was used twice, and that is no misuse

// failed does what a refused exchange entails: the assertion counts as used, and a grant that was
// misused, or may no longer be answered, ends; one that recovers may be good again (RFC 6749, section 4.1.2; RFC 9700, section 4.14.2).
func (p *Provider) failed(ctx context.Context, x *exchange, err error) error {
	why := bridge.AsRefusal(err)
	if why.Code != codeAssertionReplayed {
		if spent := p.spend(ctx, x.caller); spent != nil {
			return spent
		}
	}
	if name, _ := tokenError(why); x.found == nil || name != errInvalidGrant || why.Code == codeUsedTwice || recovers(why) {
		return err
	}
	until := x.now
	if x.found.Offer != nil {
		until = time.Unix(x.found.Offer.Expires, 0)
	}
	if end := p.endWith(ctx, x.found, until); end != nil {
		return errors.Join(end, err)
	}
	return err
}

// recovers reports whether a proof of the person makes the same request good again: the session waits for one, or rests on emergency
// access that is not for this client.
func recovers(why *bridge.Refusal) bool {
	return why.Code == bridge.CodeSuspended || why.Reason == bridge.RevocationUnknown
}

// replayed says what of a caller was used before, once a commit failed because something exists already; nil: nothing of the caller.
func (p *Provider) replayed(ctx context.Context, c caller) *bridge.Refusal {
	now := p.hub.Clock()
	switch {
	case p.seen(ctx, c.mark, now):
		return refusedReplay()
	case p.seen(ctx, c.holds.mark, now):
		return usedProof()
	}
	return nil
}

// seen reports whether a mark is stored.
func (p *Provider) seen(ctx context.Context, mark *bridge.PutArtifact, now time.Time) bool {
	if mark == nil {
		return false
	}
	_, err := p.hub.Artifacts.Get(ctx, mark.Artifact.Kind, mark.Artifact.Key, now)
	return err == nil
}

// raced reads the outcome of a commit that did not hold: the code or token was used meanwhile, the session ended, or
// the assertion was seen before.
func (p *Provider) raced(ctx context.Context, x *exchange, err error) error {
	exists := errors.Is(err, bridge.ErrExists)
	if exists {
		if why := p.replayed(ctx, x.caller); why != nil {
			return why.Because(err)
		}
	}
	if exists && x.link != nil {
		return p.usedAgain(ctx, x, err)
	}
	if exists || errors.Is(err, bridge.ErrSpent) || errors.Is(err, bridge.ErrNotFound) {
		return bridge.Refuse(bridge.BadGrant, "The code or token was used already, or its session has ended.").WithCode("grant_spent").Because(err)
	}
	return err
}
