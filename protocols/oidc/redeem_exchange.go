package oidc

import (
	"context"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Token types (RFC 8693, section 3).
const (
	typeAccess  = "urn:ietf:params:oauth:token-type:access_token"
	typeIDToken = "urn:ietf:params:oauth:token-type:id_token"
	typeJWT     = "urn:ietf:params:oauth:token-type:jwt"
)

// trade is a token exchange as far as it was understood.
type trade struct {
	subject  subject
	target   *client
	audience []audience
	scopes   []string
	actors   []string
	issued   string // token type
}

// redeemExchange exchanges a token of a person for one that is good for another partner (RFC 8693): the client goes on acting for the
// person there, and the token says so. The target hears what its own terms release, within the scopes of the token exchanged. The
// result ends with the session, and with the grant that it came from.
func (p *Provider) redeemExchange(ctx context.Context, x *exchange) (*tokenResponse, error) {
	var t trade
	var err error
	if t.subject, err = p.subjectOf(ctx, x); err != nil {
		return nil, err
	}
	x.ref = t.subject.grant.Ref
	for _, c := range exchangeChecks {
		if err := c.run(p, x, &t); err != nil {
			return nil, err
		}
	}
	g := t.subject.grant // a copy, made for this
	g.ID, g.Client, g.Scopes, g.Actors = p.hub.NewID(), x.caller.id, t.scopes, t.actors
	iss, err := p.briefOne(ctx, &g, t.target, ledger.TokenExchanged, map[string]string{"client": x.caller.id, "actors": strings.Join(t.actors, " ")})
	if err != nil {
		return nil, err
	}
	if why := stillMet(&g, iss); why != nil {
		return nil, refuseSubject("%s", bridge.AsRefusal(why).Detail)
	}
	g.Subject = iss.Subject
	answer := &tokenResponse{Issued: t.issued}
	limit := earlier(time.Unix(t.subject.expires, 0), iss.SessionEnds)
	access := accessToken{Grant: g.ID, Client: x.caller.id, Scopes: t.scopes, Audience: t.audience}
	if err := p.mintAccess(answer, x, access, minting{&g, []reader{{t.target, iss}}, limit}); err != nil {
		return nil, err
	}
	stored, err := g.artifact(earlier(x.now.Add(p.life.Access), limit))
	if err != nil {
		return nil, err
	}
	writes := []bridge.Write{bridge.PutArtifact{Artifact: stored}}
	if err := p.hub.Deliver(ctx, iss, append(writes, x.caller.marks()...)...); err != nil {
		return nil, p.raced(ctx, x, err)
	}
	return answer, nil
}
