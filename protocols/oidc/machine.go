package oidc

import (
	"context"
	"errors"
	"net/url"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/pkce"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Grant types (RFC 6749, section 4.1.3 and 6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	methodS256   = "S256"
)

// machine is fosite's grant handlers for one request, over one collector.
type machine struct {
	*collector
	codes   oauth2.AuthorizeExplicitGrantHandler
	refresh oauth2.RefreshTokenGrantHandler
	proof   pkce.Handler
}

func (p *Provider) machine(c *client) *machine {
	s := p.collect(c)
	random, config := secrets{p.hub}, settings{p}
	return &machine{
		collector: s,
		codes: oauth2.AuthorizeExplicitGrantHandler{
			AccessTokenStrategy: random, RefreshTokenStrategy: random, AuthorizeCodeStrategy: random,
			CoreStorage: s, TokenRevocationStorage: s, Config: config,
		},
		refresh: oauth2.RefreshTokenGrantHandler{AccessTokenStrategy: random, RefreshTokenStrategy: random, TokenRevocationStorage: s, Config: config},
		proof:   pkce.Handler{AuthorizeCodeStrategy: random, Storage: s, Config: config},
	}
}

// issueCode makes a code for a grant and collects its artifact.
func (m *machine) issueCode(ctx context.Context, g *grant, challenge string) (string, error) {
	form := url.Values{"redirect_uri": {g.Redirect}}
	if challenge != "" {
		form["code_challenge"], form["code_challenge_method"] = []string{challenge}, []string{methodS256}
	}
	req := &fosite.AuthorizeRequest{
		ResponseTypes: responseTypes, RedirectURI: &url.URL{},
		Request: fosite.Request{ID: g.ID, RequestedAt: m.now, Client: m.client, RequestedScope: g.Scopes, GrantedScope: g.Scopes, Form: form, Session: grantSession{g}},
	}
	resp := fosite.NewAuthorizeResponse()
	if err := m.codes.HandleAuthorizeEndpointRequest(ctx, req, resp); err != nil {
		return "", m.refused(err)
	}
	if err := m.proof.HandleAuthorizeEndpointRequest(ctx, req, resp); err != nil {
		return "", m.refused(err)
	}
	return resp.GetCode(), m.finishCode()
}

// tokens is what a grant was exchanged for.
type tokens struct {
	access, refresh string
	scopes          []string
}

// accept decides whether a code or refresh token may be exchanged by this client. No token is made yet.
func (m *machine) accept(ctx context.Context, grantType string, form url.Values) (*fosite.AccessRequest, *grant, error) {
	req := &fosite.AccessRequest{
		GrantTypes: fosite.Arguments{grantType},
		Request:    fosite.Request{RequestedAt: m.now, Client: m.client, Form: form, Session: grantSession{&grant{}}},
	}
	var err error
	if grantType == grantCode {
		err = m.codes.HandleTokenEndpointRequest(ctx, req)
		if err == nil {
			err = m.proof.HandleTokenEndpointRequest(ctx, req)
		}
	} else {
		err = m.refresh.HandleTokenEndpointRequest(ctx, req)
	}
	if err != nil {
		return nil, nil, m.refused(err)
	}
	return req, m.found, nil
}

// exchange makes the tokens and collects what has to be committed for them to count.
func (m *machine) exchange(ctx context.Context, req *fosite.AccessRequest, sessionEnds time.Time) (tokens, error) {
	m.cap = sessionEnds
	resp := fosite.NewAccessResponse()
	var err error
	if req.GrantTypes.ExactOne(grantCode) {
		err = m.codes.PopulateTokenEndpointResponse(ctx, req, resp)
	} else {
		err = m.refresh.PopulateTokenEndpointResponse(ctx, req, resp)
	}
	if err != nil {
		return tokens{}, m.refused(err)
	}
	refresh, _ := resp.GetExtra("refresh_token").(string)
	return tokens{access: resp.AccessToken, refresh: refresh, scopes: req.GetGrantedScopes()}, nil
}

// revoke ends the grant of a token of this client; a token of nobody, or of another client, is no error (RFC 7009, section 2.2).
func (m *machine) revoke(ctx context.Context, token string, hint fosite.TokenType) error {
	h := oauth2.TokenRevocationHandler{TokenRevocationStorage: m.collector, RefreshTokenStrategy: secrets{m.p.hub}, AccessTokenStrategy: secrets{m.p.hub}}
	err := h.RevokeToken(ctx, token, hint, m.client)
	if err == nil && m.ended != "" {
		return m.p.hub.Artifacts.DropGroup(ctx, m.ended)
	}
	if err == nil || errors.Is(err, fosite.ErrUnauthorizedClient) && m.err == nil {
		return nil
	}
	return m.refused(err)
}

// refused turns fosite's error into a refusal. A failure of the store is never blamed on the client.
func (m *machine) refused(err error) error {
	if m.err != nil {
		return m.err
	}
	var rfc *fosite.RFC6749Error
	if !errors.As(err, &rfc) {
		return err
	}
	detail := rfc.HintField
	if detail == "" {
		detail = rfc.DescriptionField
	}
	switch rfc.ErrorField {
	case fosite.ErrInvalidGrant.ErrorField:
		return bridge.Refuse(bridge.BadGrant, "%s", detail).Because(err)
	case fosite.ErrInvalidScope.ErrorField:
		return bridge.Refuse(bridge.BadGrant, "%s", detail).WithCode(codeInvalidScope).Because(err)
	case fosite.ErrUnauthorizedClient.ErrorField:
		return bridge.Refuse(bridge.UnsupportedRequest, "%s", detail).WithCode(codeUnauthorizedClient).Because(err)
	case fosite.ErrInvalidRequest.ErrorField:
		return bridge.Refuse(bridge.BadRequest, "%s", detail).Because(err)
	}
	return err
}

// secrets makes and names codes and tokens: 256 random bits, stored by their hash. That one exists and lives
// is all there is to validate, and the artifacts know it.
type secrets struct{ hub *bridge.Hub }

func (s secrets) generate() (string, string, error) {
	secret := s.hub.NewSecret()
	return secret, bridge.Key(secret), nil
}

func (secrets) AuthorizeCodeSignature(_ context.Context, code string) string { return bridge.Key(code) }
func (secrets) AccessTokenSignature(_ context.Context, token string) string  { return bridge.Key(token) }
func (secrets) RefreshTokenSignature(_ context.Context, token string) string {
	return bridge.Key(token)
}

func (s secrets) GenerateAuthorizeCode(context.Context, fosite.Requester) (string, string, error) {
	return s.generate()
}

func (s secrets) GenerateAccessToken(context.Context, fosite.Requester) (string, string, error) {
	return s.generate()
}

func (s secrets) GenerateRefreshToken(context.Context, fosite.Requester) (string, string, error) {
	return s.generate()
}

func (secrets) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }
func (secrets) ValidateAccessToken(context.Context, fosite.Requester, string) error   { return nil }
func (secrets) ValidateRefreshToken(context.Context, fosite.Requester, string) error  { return nil }

// settings answers what fosite's handlers ask of a configuration.
type settings struct{ p *Provider }

func (s settings) GetAuthorizeCodeLifespan(context.Context) time.Duration { return s.p.life.Code }
func (s settings) GetAccessTokenLifespan(context.Context) time.Duration   { return s.p.life.Access }
func (s settings) GetRefreshTokenLifespan(context.Context) time.Duration  { return s.p.life.Refresh }
func (settings) GetScopeStrategy(context.Context) fosite.ScopeStrategy {
	return fosite.ExactScopeStrategy
}
func (settings) GetRefreshTokenScopes(context.Context) []string         { return nil }
func (settings) GetOmitRedirectScopeParam(context.Context) bool         { return true }
func (settings) GetSanitationWhiteList(context.Context) []string        { return nil }
func (settings) GetEnforcePKCE(context.Context) bool                    { return false } // the checks did, a client at a time
func (settings) GetEnforcePKCEForPublicClients(context.Context) bool    { return true }
func (settings) GetEnablePKCEPlainChallengeMethod(context.Context) bool { return false }

func (settings) GetAudienceStrategy(context.Context) fosite.AudienceMatchingStrategy {
	return func([]string, []string) error { return nil } // no audience is ever asked for
}

func (settings) GetRedirectSecureChecker(context.Context) func(context.Context, *url.URL) bool {
	return func(context.Context, *url.URL) bool { return true } // registered addresses were checked when the terms were applied
}
