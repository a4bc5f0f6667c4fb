package oidc

import (
	"context"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// accessToken is the sealed content of an access token.
type accessToken struct {
	Grant   string   `json:"i"`
	Client  string   `json:"c"`
	Scopes  []string `json:"p"`
	Issued  int64    `json:"t"` // seconds since 1970
	Expires int64    `json:"e"`
}

// readAccess opens an access token that has not expired. Whether its grant lives is asked by grantByID.
func (p *Provider) readAccess(token string) (accessToken, error) {
	var t accessToken
	if !p.sealer.open(sealAccess, token, &t) || p.hub.Clock().Unix() >= t.Expires {
		return accessToken{}, bridge.Refuse(bridge.BadGrant, "The access token is not known, or it has expired.")
	}
	return t, nil
}

// access decides anew what the holder of an access token may be told: of the claims wanted, nil for all. Nothing is
// recorded. The grant that comes back has the scopes of the token.
func (p *Provider) access(ctx context.Context, token string, wants []string) (*grant, bridge.Issuance, accessToken, error) {
	t, err := p.readAccess(token)
	if err != nil {
		return nil, bridge.Issuance{}, t, err
	}
	g, err := p.grantByID(ctx, t.Grant)
	if err != nil {
		return nil, bridge.Issuance{}, t, err
	}
	c, err := p.partner(g.Client)
	if err != nil {
		return g, bridge.Issuance{}, t, err
	}
	g.Scopes = c.allowed(t.Scopes)
	iss, err := p.hub.Reissue(ctx, g.bridge(p, wants), ledger.TokenIssued)
	return g, iss, t, err
}
