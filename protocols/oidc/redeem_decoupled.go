package oidc

import (
	"context"
	"errors"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Answers to a client that waits (RFC 8628, section 3.5; CIBA Core 1.0, section 11). They are ordinary, and not recorded.
const (
	codePending  = "authorization_pending"
	codeSlowDown = "slow_down"
	codeExpired  = "expired_token"
	codeDenied   = "access_denied"
)

// ordinary reports whether a refusal is one of those: it goes to the record with what the person decides, not with every question.
func ordinary(r *bridge.Refusal) bool {
	switch r.Code {
	case codePending, codeSlowDown, codeExpired, codeDenied:
		return true
	}
	return false
}

// redeemDevice exchanges a device code (RFC 8628, section 3.4).
func (p *Provider) redeemDevice(ctx context.Context, x *exchange) (*tokenResponse, error) {
	return p.redeemDecoupled(ctx, x, x.caller.deviceKind(), "device_code")
}

// redeemCIBA exchanges an auth_req_id (CIBA Core 1.0, section 10.1).
func (p *Provider) redeemCIBA(ctx context.Context, x *exchange) (*tokenResponse, error) {
	return p.redeemDecoupled(ctx, x, kindCIBA, "auth_req_id")
}

// redeemDecoupled exchanges what a person granted, once. A second try is refused and changes nothing: a client that is pinged while it
// polls asks twice in good faith.
func (p *Provider) redeemDecoupled(ctx context.Context, x *exchange, kind bridge.ArtifactKind, name string) (*tokenResponse, error) {
	d, err := p.decoupledOf(ctx, kind, bridge.Key(x.get(name)))
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, bridge.Refuse(bridge.BadGrant, "The %s was not issued here, or expired a while ago.", name).WithCode("decoupled_unknown")
	}
	if err != nil {
		return nil, err
	}
	if d.Client != x.caller.id {
		return nil, bridge.Refuse(bridge.BadGrant, "The %s was issued to another client.", name).WithCode("decoupled_client")
	}
	x.ref = d.Ref
	o, err := p.outcomeOf(ctx, d)
	if err != nil {
		return nil, err
	}
	if why := p.notYet(ctx, x, d, o); why != nil {
		return nil, why
	}
	g := o.Grant
	x.ref = g.Ref
	p.later.paces.forget(d.key)
	g.Scopes = x.caller.allowed(g.Scopes)
	to, err := p.narrowAudience(x, g.Resources)
	if err != nil {
		return nil, err
	}
	return p.tell(ctx, x, telling{grant: g, event: ledger.TokenIssued, scopes: g.Scopes, audience: to, once: d.redeemedBy(x.now)})
}

// notYet says why a request cannot be exchanged; nil: it was granted and can.
func (p *Provider) notYet(ctx context.Context, x *exchange, d *decoupled, o *outcome) *bridge.Refusal {
	switch {
	case o != nil && o.Grant == nil:
		return bridge.Refuse(bridge.AuthenticationFailed, "The person refused.").WithCode(codeDenied)
	case o != nil && o.used:
		return bridge.Refuse(bridge.BadGrant, "It was exchanged for tokens already.").WithCode("grant_spent")
	case o != nil:
		return nil
	case d.spent:
		return bridge.Refuse(bridge.BadGrant, "The person answered, but the outcome was not fetched in time. Begin again.").WithCode("outcome_expired")
	case d.expired(x.now):
		return bridge.Refuse(bridge.BadGrant, "Nobody answered in time. Begin again.").WithCode(codeExpired)
	case p.later.paces.tooSoon(d.key, x.now, time.Unix(d.Until, 0)):
		p.kit.Tolls.Charge(bridge.Peer(ctx))
		return bridge.Refuse(bridge.BadGrant, "Asked too soon: wait five seconds longer between two questions from now on.").WithCode(codeSlowDown)
	}
	return bridge.Refuse(bridge.BadGrant, "The person has not answered yet.").WithCode(codePending)
}
