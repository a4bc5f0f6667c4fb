package oidc

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// frontAccessLife bounds an access token that passed through a browser: nobody knows who else saw it (RFC 9700, section 2.1.2).
const frontAccessLife = 5 * time.Minute

// kind is the response type of a request that is being answered.
func (d pending) kind() trust.ResponseType {
	if d.Type == "" { // of a build that knew no other
		return trust.ResponseCode
	}
	return d.Type
}

// fronting is an answer that tells the client something by the browser (OpenID Connect Core 1.0, sections 3.2.2.5 and 3.3.2.5).
type fronting struct {
	client  *client
	request pending
	grant   grant // of what passes through the browser; that of a code is another
	readers []*client
	fields  url.Values // of the answer; holds the code, if there is one
}

// frontReaders are the partners that an access token in the answer is meant for, and what it names them by; none without such a token.
func (p *Provider) frontReaders(c *client, d pending) ([]*client, []audience, error) {
	if !d.kind().Token() {
		return nil, nil, nil
	}
	to, why := p.audienceOf(c, d.Resources)
	if why != nil {
		return nil, nil, why
	}
	readers, err := p.readersOf(c, to)
	return readers, to, err
}

// frontWants are the claims to be evaluated for the answer: what its tokens hold. An ID token that is all the client gets holds what
// userinfo would.
func frontWants(c *client, d pending, readers []*client) []string {
	switch kind := d.kind(); {
	case kind == trust.ResponseIDToken:
		return nil
	case kind.Token():
		return wants(c, readers, idTokenWants(d.Scopes, d.Claims))
	case kind.IDToken():
		return idTokenWants(d.Scopes, d.Claims)
	}
	return []string{}
}

// decideFront decides what the client is told now. An answer with a token is on record as an issuance; a code alone tells nothing yet.
func (p *Provider) decideFront(ctx context.Context, next bridge.Next, kind trust.ResponseType) (bridge.Issuance, error) {
	if kind.Front() {
		return p.hub.Issue(ctx, next)
	}
	return p.hub.Allow(next)
}

// putTokens puts the tokens of an answer into it, the access token first: the ID token holds its hash. What comes back has to be written
// with the issuance.
func (p *Provider) putTokens(ctx context.Context, f *fronting, iss *bridge.Issuance, to []audience) ([]bridge.Write, error) {
	kind, c := f.request.kind(), f.client
	var answer tokenResponse
	keep := iss.At
	if kind.Token() {
		readers, err := p.brief(ctx, &f.grant, c, iss, f.readers, ledger.Issued)
		if err != nil {
			return nil, err
		}
		x := &exchange{caller: caller{client: c}, now: iss.At}
		keep = earlier(iss.At.Add(min(frontAccessLife, p.life.Access)), iss.SessionEnds)
		access := accessToken{Grant: f.grant.ID, Client: c.id, Scopes: f.grant.Scopes, Audience: to}
		if err := p.mintAccess(&answer, x, access, minting{&f.grant, readers, keep}); err != nil {
			return nil, err
		}
		f.fields.Set("access_token", answer.Access)
		f.fields.Set("token_type", answer.Type)
		f.fields.Set("expires_in", strconv.FormatInt(answer.Expires, 10))
		f.fields.Set("scope", answer.Scope)
	}
	if kind.IDToken() {
		in := idTokenInput{nonce: f.request.Nonce, access: answer.Access, code: f.fields.Get("code"), scopes: f.grant.Scopes, front: true}
		if kind == trust.ResponseIDToken {
			in.more = p.userinfoClaims(*iss, &f.grant)
		}
		token, err := p.idToken(c, &f.grant, *iss, in)
		if err != nil {
			return nil, err
		}
		f.fields.Set("id_token", token)
		if until := earlier(iss.At.Add(p.life.IDToken), iss.SessionEnds); c.terms.Tokens.ExchangeIDToken && keep.Before(until) {
			keep = until // the grant is looked for when its ID token is exchanged
		}
	}
	if !keep.After(iss.At) {
		return nil, nil // nothing that the client was given opens anything
	}
	a, err := f.grant.artifact(keep)
	return []bridge.Write{bridge.PutArtifact{Artifact: a}}, err
}
