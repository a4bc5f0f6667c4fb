package oidc

import (
	"context"
	"errors"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// accessToken is the sealed content of an access token, or what a JWT access token says.
type accessToken struct {
	Grant    string        `json:"i"`
	Client   string        `json:"c"`
	Scopes   []string      `json:"p"`
	Issued   int64         `json:"t"` // seconds since 1970
	Expires  int64         `json:"e"`
	Audience []audience    `json:"a,omitempty"` // empty: the client itself
	Own      bool          `json:"o,omitempty"` // of the client, not of a person: it lives while its grant was not ended, stored or not
	Confirm  *confirmation `json:"b,omitempty"`
	Issuer   string        `json:"s,omitempty"` // of the face that issued it; empty: the standard one
	id       string        // jti of a JWT
}

// confirmation is the key that a token is bound to (RFC 7800, section 3.1); nil: whoever bears the token may use it.
type confirmation struct {
	Thumbprint  string `json:"jkt,omitempty"`      // of a DPoP key (RFC 9449, section 6.1)
	Certificate string `json:"x5t#S256,omitempty"` // RFC 8705, section 3.1
}

// kind is the token_type that says how the token is shown.
func (c *confirmation) kind() string {
	if c != nil && c.Thumbprint != "" {
		return schemeDPoP
	}
	return schemeBearer
}

// forUserinfo reports whether the token may be shown at userinfo: it names no resource, or this hub among them.
func (t accessToken) forUserinfo() bool {
	return len(t.Audience) == 0 || slices.ContainsFunc(t.Audience, func(a audience) bool { return a.Partner == "" })
}

// isFor reports whether the token is meant for a partner as resource server.
func (t accessToken) isFor(id string) bool {
	return slices.ContainsFunc(t.Audience, func(a audience) bool { return a.Partner == id })
}

// readAccess opens an access token that has not expired, in either form. Whether it lives is asked by living.
func (p *Provider) readAccess(token string) (accessToken, error) {
	t, ok := p.openAccess(token)
	if !ok || p.hub.Clock().Unix() >= t.Expires {
		return accessToken{}, bridge.Refuse(bridge.BadGrant, "The access token is not known, or it has expired.")
	}
	return t, nil
}

func (p *Provider) openAccess(token string) (t accessToken, ok bool) {
	if isJWT(token) {
		return p.openJWT(token)
	}
	return t, p.sealer.open(sealAccess, token, &t)
}

// living finds what an access token hangs on; nil for a token of the client itself. The token is dead if that has ended, or if what
// it was exchanged from has. The grant that comes back, with a refusal too if it was found, has the scopes of the token.
func (p *Provider) living(ctx context.Context, t accessToken) (*grant, *client, error) {
	c, err := p.anyPartner(t.Client)
	if err != nil {
		return nil, nil, err
	}
	if t.Own {
		return nil, c, p.ownLives(ctx, c, t.Grant)
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return nil, c, err
	}
	g.Scopes = c.allowed(t.Scopes)
	for _, id := range g.Parents {
		from, err := p.grantByID(ctx, id)
		if err == nil {
			_, err = p.anyPartner(from.Client)
		}
		if err != nil {
			return g, c, err
		}
	}
	return g, c, nil
}

// ownLives reports whether a token that a client has for itself was not revoked, and may still be had. Of such a grant nothing is
// stored until it ends.
func (p *Provider) ownLives(ctx context.Context, c *client, id string) error {
	_, err := p.hub.Artifacts.Get(ctx, bridge.KindGrant, id, p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) && c.terms.May(trust.GrantClient) {
		return nil
	}
	if err != nil && !errors.Is(err, bridge.ErrNotFound) {
		return err
	}
	return refuseEnded()
}

// access decides anew what a client may be told that shows an access token at userinfo: all its claims. Nothing is recorded. Whether
// it holds what the token is bound to was asked before.
func (p *Provider) access(ctx context.Context, t accessToken) (*grant, bridge.Issuance, error) {
	none := bridge.Issuance{}
	g, c, err := p.living(ctx, t)
	switch {
	case err != nil:
		return g, none, err
	case !p.face.knows(c.terms.Profile):
		return g, none, errOtherFace(c.id)
	case !t.forUserinfo():
		return g, none, bridge.Refuse(bridge.BadGrant, "The access token is for %s, not for userinfo: userinfo takes tokens without a resource, or with the resource %s (RFC 8707).",
			clip(t.Audience[0].Resource), p.issuer).WithCode("token_audience")
	case g == nil:
		return nil, none, bridge.Refuse(bridge.BadGrant, "The access token is of the client itself (client_credentials): there is no person to tell of.").WithCode(codeInsufficientScope)
	case !slices.Contains(g.Scopes, scopeOpenID):
		return g, none, bridge.Refuse(bridge.BadGrant, "The access token is not for userinfo: the scope openid was not granted.").WithCode(codeInsufficientScope)
	}
	iss, err := p.hub.Reissue(ctx, g.bridge(p, nil), ledger.TokenIssued)
	return g, iss, err
}
