package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

var errNoToken = errors.New("oidc: no access token was sent")

// bearer takes the access token from the Authorization header, or the body of a POST (RFC 6750, sections 2.1
// and 2.2). A token in the query is not looked at.
func bearer(r *http.Request) (string, error) {
	refused := bridge.Refuse(bridge.BadGrant, "Send the access token once, in the Authorization header or in the body.").WithCode("bad_bearer")
	headers := r.Header.Values("Authorization")
	var form url.Values
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		var err error
		if form, err = readForm(r); err != nil {
			return "", err
		}
	}
	inBody := form["access_token"]
	switch {
	case len(headers)+len(inBody) == 0:
		return "", refused.WithCode("no_token").Because(errNoToken)
	case len(headers)+len(inBody) > 1: // RFC 6750, section 3.1
		return "", bridge.Refuse(bridge.BadRequest, "%s", refused.Detail).WithCode(refused.Code)
	case len(inBody) == 1:
		return inBody[0], nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return "", refused
	}
	return token, nil
}

// access decides anew what the holder of an access token may be told: of the claims wanted, nil for all. Nothing is recorded.
func (p *Provider) access(ctx context.Context, token string, wants []string) (*grant, bridge.Issuance, bridge.Artifact, error) {
	a, err := p.hub.Artifacts.Get(ctx, bridge.KindAccess, bridge.Key(token), p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, bridge.Issuance{}, a, bridge.Refuse(bridge.BadGrant, "The access token is not known, or it has expired.")
	}
	if err != nil {
		return nil, bridge.Issuance{}, a, err
	}
	g, err := readGrant(a)
	if err != nil {
		return nil, bridge.Issuance{}, a, err
	}
	c, err := p.partner(g.Client)
	if err != nil {
		return g, bridge.Issuance{}, a, err
	}
	g.Scopes = c.allowed(g.Scopes)
	iss, err := p.hub.Reissue(ctx, g.bridge(p, wants), ledger.TokenIssued)
	return g, iss, a, err
}
