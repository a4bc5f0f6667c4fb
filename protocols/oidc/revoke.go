package oidc

import (
	"context"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// revoke ends the grant of a token (RFC 7009). The answer is the same for tokens of nobody and of others.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	token := form.Get("token")
	if token == "" {
		err = bridge.Refuse(bridge.BadRequest, "token is missing.")
	} else {
		err = p.spend(r.Context(), c)
	}
	if err == nil {
		err = p.revokeToken(r.Context(), c, token)
	}
	if err != nil {
		p.refuseCall(w, r, c.id, "", err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}

// revokeToken ends the grant of a token of this client. token_type_hint is not needed: a token says itself what it is.
func (p *Provider) revokeToken(ctx context.Context, c caller, token string) error {
	if t, err := p.readAccess(token); err == nil {
		if t.Client != c.id {
			return nil
		}
		return p.endGrant(ctx, t.Grant, time.Unix(t.Expires, 0))
	}
	var t refreshToken
	if !p.sealer.open(sealRefresh, token, &t) {
		return nil
	}
	g, err := p.grantByID(ctx, t.Grant)
	switch {
	case bridge.AsRefusal(err).Reason == bridge.BadGrant:
		return nil
	case err != nil:
		return err
	case g.Client != c.id:
		return nil
	}
	return p.endWith(ctx, g, p.hub.Clock())
}
