package oidc

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// introspect tells a client of its own tokens, and a resource server of the access tokens that are meant for it (RFC 7662). Of any
// other token it says no more than that it is not active.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	switch {
	case c.public():
		err = bridge.Refuse(bridge.BadClient, "Introspection needs a client that authenticates.").WithCode("auth_method")
	case form.Get("token") == "":
		err = bridge.Refuse(bridge.BadRequest, "token is missing.")
	default:
		err = p.spend(r.Context(), c)
	}
	var said map[string]any
	if err == nil {
		said, err = p.lookInto(r.Context(), c, form.Get("token"))
	}
	if err == nil {
		err = p.writeIntrospection(w, r, c, said)
	}
	if err != nil {
		p.refuseCall(w, r, c.id, "", err)
	}
}

// lookInto is RFC 7662, section 2.2. What is not a living token that concerns the caller is not active, and nothing else is said of it.
func (p *Provider) lookInto(ctx context.Context, c caller, token string) (map[string]any, error) {
	said, err := p.lookIntoAccess(ctx, c, token)
	if said == nil && err == nil {
		said, err = p.lookIntoRefresh(ctx, c, token)
	}
	if why := bridge.AsRefusal(err); err != nil && why.OurFault() {
		return nil, err
	}
	if said == nil || err != nil {
		return map[string]any{"active": false}, nil
	}
	said["active"] = true
	return said, nil
}

// lookIntoAccess says what an access token is to the caller; nil if it is none. A resource server hears of the person what its own terms
// release now, by the name under which it knows them.
func (p *Provider) lookIntoAccess(ctx context.Context, c caller, token string) (map[string]any, error) {
	t, ok := p.openAccess(token)
	own := t.Client == c.id
	switch {
	case !ok:
		return nil, nil
	case p.hub.Clock().Unix() >= t.Expires, !own && !t.isFor(c.id):
		return nil, refuseEnded()
	}
	g, holder, err := p.living(ctx, t)
	if err != nil {
		return nil, err
	}
	if !own {
		if !holder.mayReach(c.id, g) {
			return nil, refuseEnded()
		}
		t.Audience = slices.DeleteFunc(t.Audience, func(a audience) bool { return a.Partner != c.id }) // where else it goes is not its business
	}
	said := map[string]any{}
	scopes := holder.allowed(t.Scopes)
	if !own { // of a token for several, each hears its own part
		scopes = c.hears(scopes)
	}
	if g != nil {
		g.Scopes = scopes
		if said, err = p.ofPerson(ctx, c, t, g); err != nil {
			return nil, err
		}
	} else {
		if t.isFor(c.id) {
			said = p.readerClaims(c.client, bridge.Issuance{}, scopes)
		}
		said["sub"] = t.Client
	}
	said["scope"], said["client_id"], said["token_type"] = joined(scopes), t.Client, t.Confirm.kind()
	said["exp"], said["iat"], said["aud"] = t.Expires, t.Issued, names(t.Client, t.Audience)
	said["iss"] = cmp.Or(t.Issuer, Face{}.issuer(p.kit.Issuer))
	if t.Confirm != nil {
		said["cnf"] = t.Confirm
	}
	if t.id != "" {
		said["jti"] = t.id
	}
	return said, nil
}

// ofPerson is what the caller hears of the person of a token.
func (p *Provider) ofPerson(ctx context.Context, c caller, t accessToken, g *grant) (map[string]any, error) {
	b := g.bridge(p, []string{})
	if b.Partner = c.id; t.isFor(c.id) {
		b.Wants = nil
	}
	iss, err := p.hub.Reissue(ctx, b, ledger.TokenIssued)
	if err == nil {
		err = stillMet(g, iss)
	}
	if err != nil {
		return nil, err
	}
	said := map[string]any{}
	if t.isFor(c.id) {
		said = p.readerClaims(c.client, iss, g.Scopes)
	}
	said["sub"], said["sid"], said["auth_time"], said["acr"] = iss.Subject, iss.Index, g.AuthnAt, acrOf(g.asProven(iss))
	if c.id == g.Client && len(g.Actors) == 0 {
		said["sub"] = g.Subject // as its ID token said
	}
	g.Context.into(said, g.Scopes)
	if act := g.act(); act != nil {
		said["act"] = act
	}
	if p.hub.Recorder != nil {
		p.hub.Recorder.Trace(g.Ref, "introspection", "partner", c.id, "claims", strconv.Itoa(len(said)), "withheld", strconv.Itoa(len(iss.Withheld)))
	}
	return said, nil
}

// mayReach reports whether the terms of a client still allow it tokens for a partner: by themselves, or where the grant was exchanged
// for that partner.
func (c *client) mayReach(partner string, g *grant) bool {
	if g != nil && len(g.Actors) > 0 {
		return slices.Contains(c.terms.Tokens.Exchange, partner)
	}
	return slices.Contains(c.terms.Tokens.ResourceServers, partner)
}

// lookIntoRefresh says to a client what a refresh token of its own is good for; nil if it is none.
func (p *Provider) lookIntoRefresh(ctx context.Context, c caller, token string) (map[string]any, error) {
	var t refreshToken
	now := p.hub.Clock()
	if !p.sealer.open(sealRefresh, token, &t) || now.Unix() >= t.Expires {
		return nil, nil
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil || g.Client != c.id || !c.terms.Refresh {
		return nil, err
	}
	if _, err = p.hub.Artifacts.Get(ctx, bridge.KindRefresh, t.key(), now); !errors.Is(err, bridge.ErrNotFound) {
		return nil, err // nil: it was used
	}
	g.Scopes = c.allowed(g.Scopes)
	iss, err := p.hub.Reissue(ctx, g.bridge(p, []string{}), ledger.TokenRefreshed)
	if err == nil {
		err = stillMet(g, iss)
	}
	if err != nil {
		return nil, err
	}
	ends := earlier(time.Unix(t.Expires, 0), iss.SessionEnds).Unix()
	return map[string]any{"iss": p.issuer, "scope": joined(g.Scopes), "client_id": c.id, "exp": ends, "sub": g.Subject, "sid": iss.Index}, nil
}
