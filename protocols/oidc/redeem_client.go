package oidc

import (
	"context"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/smart"
)

// redeemClient gives a client a token in its own name (RFC 6749, section 4.4). There is no person: no session, no ID token, nothing to
// refresh, and of the grant nothing is stored unless it is revoked.
func (p *Provider) redeemClient(ctx context.Context, x *exchange) (*tokenResponse, error) {
	c := x.caller.client
	scopes, err := p.ownScopes(c, x.get("scope"))
	if err != nil {
		return nil, err
	}
	audience, err := p.narrowAudience(x, nil)
	if err != nil {
		return nil, err
	}
	to, err := p.readersOf(c, audience)
	if err != nil {
		return nil, err
	}
	m := minting{}
	detail := map[string]string{"protocol": "oidc"}
	var others []string
	for _, r := range to {
		m.readers = append(m.readers, reader{client: r})
		if r.id != c.id {
			others = append(others, r.id)
		}
	}
	if len(others) > 0 {
		detail["resource_servers"] = strings.Join(others, " ")
	}
	answer := &tokenResponse{}
	if err := p.mintAccess(answer, x, accessToken{Grant: p.hub.NewID(), Client: c.id, Scopes: scopes, Audience: audience, Own: true}, m); err != nil {
		return nil, err
	}
	event := ledger.Event{Time: x.now, Kind: ledger.ClientTokenIssued, Ref: bridge.Ref(ctx), Partner: c.id, Peer: bridge.Peer(ctx), Detail: detail}
	writes := []bridge.Write{bridge.Append{Event: event}}
	if err := p.hub.Journal.Commit(ctx, append(writes, x.caller.marks()...)...); err != nil {
		return nil, p.raced(ctx, x, err)
	}
	return answer, nil
}

// ownScopes are those that a client may have in its own name: of the scopes of its terms, those that do not tell of a person. Without
// a scope parameter they are all granted.
func (p *Provider) ownScopes(c *client, asked string) ([]string, error) {
	if asked == "" {
		return slices.DeleteFunc(slices.Clone(c.scopes), func(s string) bool { return p.scopes.known(s) || ofSmart(s) && levelOf(s) != smart.System }), nil
	}
	all, why := readScopes(asked)
	if why != nil {
		return nil, why
	}
	out := []string{}
	for _, s := range all {
		switch {
		case levelOf(s) == smart.System && len(c.ownClinical(s)) > 0:
			out = addScopes(out, c.ownClinical(s)...)
		case p.scopes.known(s), levelOf(s) == smart.User, levelOf(s) == smart.Patient:
			return nil, bridge.Refuse(bridge.UnsupportedRequest, "The scope %s tells of a person, and a client that asks in its own name (client_credentials) is none.", clip(s)).WithCode(codeInvalidScope)
		case !slices.Contains(c.scopes, s):
			return nil, bridge.Refuse(bridge.UnsupportedRequest, "The scope %s is not allowed for this client.", clip(s)).WithCode(codeInvalidScope)
		case !slices.Contains(out, s):
			out = append(out, s)
		}
	}
	return out, nil
}
