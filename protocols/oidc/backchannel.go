package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// logoutTokenLife is the two minutes that OpenID Connect Back-Channel Logout 1.0, section 2.4, recommends.
const logoutTokenLife = 2 * time.Minute

// logoutToken is OpenID Connect Back-Channel Logout 1.0, section 2.4. It always names both subject and session, and never holds a nonce.
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

// Propagate implements bridge.Propagator: by the back channel where the client has one, since that alone can be confirmed and
// tried again, else through the browser.
func (p *Provider) Propagate(ctx context.Context, d bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	switch {
	case partner.OIDC == nil:
	case partner.OIDC.BackchannelLogoutURI != "" && p.poster != nil:
		return p.tellByPost(ctx, d, partner), ""
	case partner.OIDC.FrontchannelLogoutURI != "":
		return bridge.DeliveryFront, p.frontURL(d)
	}
	return bridge.DeliveryNone, ""
}

// tellByPost posts a logout token, a new one at each attempt. Only 200 and 204 say that the client ended its session, and 400 that it did
// not (section 2.8).
func (p *Provider) tellByPost(ctx context.Context, d bridge.Delivery, partner trust.Partner) bridge.DeliveryState {
	token, err := p.logoutToken(partner, d.Participant.Subject, d.Participant.Index)
	if err != nil {
		p.log.ErrorContext(ctx, "logout token not signed", "partner", partner.ID, "error", err.Error())
		return bridge.DeliveryNoReply
	}
	poster := p.poster
	if partner.Stranger() { // the address is only its own word
		poster = p.guarded
	}
	status, body, err := poster.PostForm(ctx, partner.OIDC.BackchannelLogoutURI, url.Values{"logout_token": {token}})
	switch {
	case err != nil:
		p.log.WarnContext(ctx, "partner did not answer a logout token", "partner", partner.ID, "error", err.Error())
		return bridge.DeliveryNoReply
	case status == http.StatusOK || status == http.StatusNoContent:
		return bridge.DeliveryEnded
	}
	p.log.WarnContext(ctx, "partner did not end its session", "partner", partner.ID, "status", status, "code", readLogoutError(body).Code)
	if status == http.StatusBadRequest {
		return bridge.DeliveryRefused
	}
	return bridge.DeliveryNoReply
}

// logoutToken signs a logout token with the algorithm of the client's ID tokens.
func (p *Provider) logoutToken(partner trust.Partner, subject, sid string) (string, error) {
	c, err := p.clients.of(partner)
	if err != nil {
		return "", err
	}
	now := p.hub.Clock()
	return p.sign(c.alg, typLogout, logoutToken{
		Issuer: p.issuer, Subject: subject, Audience: c.id, Issued: now.Unix(), Expires: now.Add(logoutTokenLife).Unix(), ID: p.hub.NewID(), SID: sid,
	})
}

// logoutError is what a client may say beside a status of 400 (section 2.8; RFC 6749, section 5.2).
type logoutError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

// readLogoutError takes what is printable of it, if it is JSON.
func readLogoutError(body []byte) logoutError {
	var e logoutError
	if json.Unmarshal(body, &e) != nil {
		return logoutError{}
	}
	e.Code, e.Description = printable(e.Code), printable(e.Description)
	return e
}

// printable keeps the visible ASCII of a stranger's text, at most 200 bytes.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 200)]
}
