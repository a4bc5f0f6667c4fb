package oidc

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// logoutTokenLife is the two minutes that OpenID Connect Back-Channel Logout 1.0, section 2.4, recommends.
const logoutTokenLife = 2 * time.Minute

// logoutToken is OpenID Connect Back-Channel Logout 1.0, section 2.4. It never holds a nonce.
type logoutToken struct {
	Issuer   string       `json:"iss"`
	Subject  string       `json:"sub"`
	Audience string       `json:"aud"`
	Issued   int64        `json:"iat"`
	Expires  int64        `json:"exp"`
	ID       string       `json:"jti"`
	SID      string       `json:"sid"`
	Events   logoutEvents `json:"events"`
}

type logoutEvents struct {
	Logout struct{} `json:"http://schemas.openid.net/event/backchannel-logout"`
}

// Propagate implements bridge.Propagator: it posts a logout token to the client. Only 200 and 204 say that the
// client ended its session; anything else, and silence, is tried again.
func (p *Provider) Propagate(ctx context.Context, d bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	if partner.OIDC == nil || partner.OIDC.BackchannelLogoutURI == "" || p.poster == nil {
		return bridge.DeliveryNone, ""
	}
	c, err := p.clients.of(partner)
	if err != nil {
		return bridge.DeliveryNone, ""
	}
	now := p.hub.Clock()
	token, err := p.sign(c.alg, typLogout, logoutToken{
		Issuer: p.issuer, Subject: d.Participant.Subject, Audience: c.id, Issued: now.Unix(), Expires: now.Add(logoutTokenLife).Unix(),
		ID: p.hub.NewID(), SID: d.Participant.Index,
	})
	if err != nil {
		p.log.ErrorContext(ctx, "logout token not signed", "partner", c.id, "error", err.Error())
		return bridge.DeliveryNoReply, ""
	}
	status, err := p.poster.PostForm(ctx, partner.OIDC.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	if err == nil && (status == http.StatusOK || status == http.StatusNoContent) {
		return bridge.DeliveryEnded, ""
	}
	return bridge.DeliveryNoReply, ""
}
