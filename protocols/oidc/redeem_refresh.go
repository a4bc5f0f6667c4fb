package oidc

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// refreshToken is the sealed content of a refresh token: one link in the chain of a grant.
type refreshToken struct {
	Grant   string `json:"i"`
	Link    int    `json:"n"` // counts from 0; each is used once
	Expires int64  `json:"e"` // seconds since 1970

	Bound binding `json:"b,omitzero"` // of a client that cannot authenticate
}

// rotates reports whether a refresh token is used once and answered with the next. That of a client whose tokens are bound stays
// good (FAPI 2.0 Security Profile, section 5.3.2.1): who finds it can do nothing with it.
func (c *client) rotates(t refreshToken) bool {
	return c.terms.Bind == trust.BindNone || c.public() && t.Bound == binding{}
}

// used is the mark that this link of the chain was used.
func (t refreshToken) used(g *grant) bridge.PutArtifact {
	return bridge.PutArtifact{Artifact: bridge.Artifact{
		Kind: bridge.KindRefresh, Key: t.Grant + "." + strconv.Itoa(t.Link), Session: g.Session, Expires: time.Unix(t.Expires, 0),
	}}
}

// redeemRefresh exchanges a refresh token. One that rotates is used once: its second use ends the grant (RFC 9700, section 4.14.2).
func (p *Provider) redeemRefresh(ctx context.Context, x *exchange) (*tokenResponse, error) {
	var t refreshToken
	if !p.sealer.open(sealRefresh, x.get("refresh_token"), &t) || t.Grant == "" {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token was not issued here.").WithCode("refresh_unknown")
	}
	if x.now.Unix() >= t.Expires {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token has expired.").WithCode("refresh_expired")
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return nil, err
	}
	x.found = g
	if g.Client != x.caller.id {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token was issued to another client.").WithCode("refresh_client")
	}
	if !t.Bound.heldBy(x.caller.holds.binding) {
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token is bound to a key that this request did not prove to have (RFC 9449, section 5).").WithCode("refresh_key")
	}
	if used := t.used(g); !x.caller.rotates(t) && p.seen(ctx, &used, x.now) { // from a time when it rotated
		return nil, bridge.Refuse(bridge.BadGrant, "The refresh token was used already.").WithCode("grant_spent")
	}
	g.Scopes = x.caller.allowed(g.Scopes)
	scopes, err := narrow(g.Scopes, x.get("scope"))
	if err != nil {
		return nil, err
	}
	return p.tell(ctx, x, telling{grant: g, event: ledger.TokenRefreshed, scopes: scopes, link: &t})
}

// narrow applies the scope parameter of a refresh: less than was granted, never more (RFC 6749, section 6). The
// grant itself stays as wide as it was.
func narrow(granted []string, scope string) ([]string, error) {
	if scope == "" {
		return granted, nil
	}
	asked := words(scope)
	for _, s := range asked {
		if !slices.Contains(granted, s) {
			return nil, bridge.Refuse(bridge.BadGrant, "The scope %s was not granted.", clip(s)).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(asked, scopeOpenID) && slices.Contains(granted, scopeOpenID) {
		asked = append([]string{scopeOpenID}, asked...)
	}
	return asked, nil
}
