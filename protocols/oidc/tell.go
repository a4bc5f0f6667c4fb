package oidc

import (
	"context"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// telling is what a grant is exchanged for.
type telling struct {
	grant    *grant
	event    ledger.Kind
	scopes   []string                // that were asked for now; the grant may hold more
	audience []audience              // of the access token; empty: the client itself
	nonce    string                  // of the ID token
	link     *refreshToken           // that was presented; nil: the grant is new
	once     *bridge.ConsumeArtifact // what else must not have been exchanged before; nil: nothing
}

// tell decides anew what the client is told, makes the tokens, and commits all that has to hold for them at once.
func (p *Provider) tell(ctx context.Context, x *exchange, t telling) (*tokenResponse, error) {
	g, c := t.grant, x.caller.client
	to, err := p.readersOf(c, t.audience)
	if err != nil {
		return nil, err
	}
	iss, err := p.hub.Reissue(ctx, g.bridge(p, wants(c, to, idTokenWants(g.Scopes, g.Claims))), t.event)
	if err != nil {
		return nil, err
	}
	if err := stillMet(g, iss); err != nil {
		return nil, err
	}
	readers, err := p.brief(ctx, g, c, &iss, to, t.event)
	if err != nil {
		return nil, err
	}
	answer := &tokenResponse{launchContext: g.Context.told(t.scopes)}
	access := accessToken{Grant: g.ID, Client: c.id, Scopes: t.scopes, Audience: t.audience}
	if err := p.mintAccess(answer, x, access, minting{g, readers, iss.SessionEnds}); err != nil {
		return nil, err
	}
	last := x.now.Add(p.life.Access)
	if c.terms.Refresh {
		if t.link == nil || c.rotates(*t.link) {
			if err := p.mintRefresh(answer, x, t, iss.SessionEnds); err != nil {
				return nil, err
			}
		}
		last = iss.SessionEnds
	}
	if slices.Contains(g.Scopes, scopeOpenID) {
		if c.terms.Tokens.ExchangeIDToken && last.Before(x.now.Add(p.life.IDToken)) {
			last = x.now.Add(p.life.IDToken) // the grant is looked for when its ID token is exchanged
		}
		if answer.ID, err = p.idToken(c, g, iss, idTokenInput{nonce: t.nonce, access: answer.Access, code: x.get("code"), scopes: t.scopes}); err != nil {
			return nil, err
		}
	}
	writes, err := p.tellWrites(ctx, x, t, earlier(last, iss.SessionEnds))
	if err != nil {
		return nil, err
	}
	if err := p.hub.Deliver(ctx, iss, writes...); err != nil {
		return nil, p.raced(ctx, x, err)
	}
	return answer, nil
}

// tellWrites are the conditions of an exchange, as writes that fail when one does not hold.
func (p *Provider) tellWrites(ctx context.Context, x *exchange, t telling, expires time.Time) ([]bridge.Write, error) {
	var writes []bridge.Write
	switch {
	case t.link != nil && x.caller.rotates(*t.link):
		mark, err := t.link.used(t.grant, refreshUse{x.now.Unix()})
		if err != nil {
			return nil, err
		}
		writes = append(writes, mark)
	case t.link == nil:
		if o := t.grant.Offer; o != nil && expires.Before(time.Unix(o.Expires, 0)) {
			expires = time.Unix(o.Expires, 0) // a code that is redeemed again must be recognised
		}
		a, err := t.grant.artifact(expires)
		if err != nil {
			return nil, err
		}
		writes = append(writes, bridge.PutArtifact{Artifact: a})
	}
	if t.once != nil {
		writes = append(writes, *t.once)
	}
	return append(writes, x.caller.marks()...), nil
}

// stillMet refuses where the session was proven anew in a way that meets none of the classes that the grant was asked for.
func stillMet(g *grant, iss bridge.Issuance) error {
	if len(g.ACR) > 0 && iss.Class == "" {
		return bridge.Refuse(bridge.AssuranceTooLow, "The person has signed in since in another way than was asked for.")
	}
	return nil
}

// minting is what an access token is made for.
type minting struct {
	grant   *grant // nil: the token is of the client itself
	readers []reader
	limit   time.Time // that the token does not outlive; zero: none
}

// mintAccess makes the access token of an answer, in the form that its readers take.
func (p *Provider) mintAccess(answer *tokenResponse, x *exchange, t accessToken, m minting) (err error) {
	if err := fitsType(m.readers[0].client, x.get("requested_token_type")); err != nil {
		return err
	}
	if !t.forUserinfo() {
		t.Scopes = scopesFor(m.readers, t.Scopes)
	}
	if p.face.cis2 {
		t.Issuer = p.issuer
	}
	expires := earlier(x.now.Add(p.life.Access), m.limit)
	t.Issued, t.Expires, t.Confirm = x.now.Unix(), expires.Unix(), x.caller.holds.confirm()
	if only := m.readers[0]; only.terms.Tokens.JWT {
		answer.Access, err = p.sayAccess(only.client, t, m.grant, only.iss)
	} else {
		answer.Access, err = p.sealer.seal(sealAccess, t)
	}
	answer.Type, answer.Expires, answer.Scope = t.Confirm.kind(), int64(expires.Sub(x.now)/time.Second), joined(t.Scopes)
	return err
}

// mintRefresh makes the next link of the grant's chain.
func (p *Provider) mintRefresh(answer *tokenResponse, x *exchange, t telling, limit time.Time) (err error) {
	next := refreshToken{Grant: t.grant.ID, Expires: earlier(x.now.Add(p.life.Refresh), limit).Unix()}
	if t.link != nil {
		next.Link = t.link.Link + 1
	}
	if x.caller.public() { // all others are bound by their credentials (RFC 9449, section 5; RFC 8705, section 4)
		next.Bound = x.caller.holds.confirm()
	}
	answer.Refresh, err = p.sealer.seal(sealRefresh, next)
	return err
}

// earlier is the first of two instants; a zero limit is none.
func earlier(t, limit time.Time) time.Time {
	if !limit.IsZero() && limit.Before(t) {
		return limit
	}
	return t
}
