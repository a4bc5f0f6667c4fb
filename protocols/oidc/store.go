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

// collector is fosite's storage for one request. Reads go to the artifacts; writes are collected, so that the
// caller commits them together with the audit event.
type collector struct {
	p      *Provider
	client *client // who asks
	now    time.Time
	cap    time.Time // nothing collected outlives it: the session's end
	writes []bridge.Write

	code    *grant // of the code at hand: being made, or found
	codeKey string // of the code being made
	found   *grant // of whatever artifact was found, for ending it
	ended   string // grant that fosite wants ended
	err     error  // of the store, when fosite hides it
}

var (
	_ oauth2.CoreStorage            = (*collector)(nil)
	_ oauth2.TokenRevocationStorage = (*collector)(nil)
	_ pkce.PKCERequestStorage       = (*collector)(nil)
)

func (p *Provider) collect(c *client) *collector {
	return &collector{p: p, client: c, now: p.hub.Clock()}
}

func (s *collector) put(kind bridge.ArtifactKind, key string, g *grant, life time.Duration) error {
	expires := s.now.Add(life)
	if !s.cap.IsZero() && expires.After(s.cap) {
		expires = s.cap
	}
	a, err := g.artifact(kind, key, s.now, expires)
	if err != nil {
		return err
	}
	s.writes = append(s.writes, bridge.PutArtifact{Artifact: a})
	return nil
}

func (s *collector) consume(kind bridge.ArtifactKind, key string) {
	s.writes = append(s.writes, bridge.ConsumeArtifact{Kind: kind, Key: key, Now: s.now})
}

// get reads an artifact's grant, and whether it was spent.
func (s *collector) get(ctx context.Context, kind bridge.ArtifactKind, key string) (*grant, bool, error) {
	a, err := s.p.hub.Artifacts.Get(ctx, kind, key, s.now)
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, false, fosite.ErrNotFound
	}
	if err != nil {
		s.err = err
		return nil, false, err
	}
	g, err := readGrant(a)
	if err != nil {
		s.err = err
		return nil, false, err
	}
	if g.Client == s.client.id {
		g.Scopes = s.client.allowed(g.Scopes)
	}
	s.found = g
	return g, a.Spent, nil
}

// request shows a grant to fosite.
func (s *collector) request(g *grant, form url.Values) fosite.Requester {
	owner := fosite.Client(s.client)
	if g.Client != s.client.id {
		owner = otherClient(g.Client)
	}
	return &fosite.Request{
		ID: g.ID, RequestedAt: time.Unix(g.Since, 0), Client: owner, RequestedScope: g.Scopes, GrantedScope: g.Scopes,
		Form: form, Session: grantSession{g},
	}
}

func grantOf(r fosite.Requester) *grant {
	s, ok := r.GetSession().(grantSession)
	if !ok {
		return &grant{}
	}
	g := *s.grant
	g.Scopes = r.GetGrantedScopes()
	return &g
}

// CreateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage. The code is written by finishCode, when
// the PKCE handler has had its turn.
func (s *collector) CreateAuthorizeCodeSession(_ context.Context, key string, r fosite.Requester) error {
	s.code = grantOf(r)
	s.code.Redirect = r.GetRequestForm().Get("redirect_uri")
	s.codeKey = key
	return nil
}

func (s *collector) finishCode() error {
	return s.put(bridge.KindAuthCode, s.codeKey, s.code, s.p.life.Code)
}

// GetAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *collector) GetAuthorizeCodeSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	spent := false
	if s.code == nil {
		g, used, err := s.get(ctx, bridge.KindAuthCode, key)
		if err != nil {
			return nil, err
		}
		s.code, spent = g, used
	}
	r := s.request(s.code, url.Values{"redirect_uri": {s.code.Redirect}})
	if spent {
		return r, fosite.ErrInvalidatedAuthorizeCode
	}
	return r, nil
}

// InvalidateAuthorizeCodeSession implements oauth2.AuthorizeCodeStorage.
func (s *collector) InvalidateAuthorizeCodeSession(_ context.Context, key string) error {
	s.consume(bridge.KindAuthCode, key)
	return nil
}

// CreatePKCERequestSession implements pkce.PKCERequestStorage: the challenge belongs to the code.
func (s *collector) CreatePKCERequestSession(_ context.Context, _ string, r fosite.Requester) error {
	s.code.Challenge = r.GetRequestForm().Get("code_challenge")
	return nil
}

// GetPKCERequestSession implements pkce.PKCERequestStorage.
func (s *collector) GetPKCERequestSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	if s.code == nil || s.code.Challenge == "" {
		return nil, fosite.ErrNotFound
	}
	return s.request(s.code, url.Values{"code_challenge": {s.code.Challenge}, "code_challenge_method": {methodS256}}), nil
}

// DeletePKCERequestSession implements pkce.PKCERequestStorage: it goes with the code.
func (s *collector) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *collector) CreateAccessTokenSession(_ context.Context, key string, r fosite.Requester) error {
	return s.put(bridge.KindAccess, key, grantOf(r), s.p.life.Access)
}

// GetAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *collector) GetAccessTokenSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	g, spent, err := s.get(ctx, bridge.KindAccess, key)
	if err != nil {
		return nil, err
	}
	if spent {
		return s.request(g, nil), fosite.ErrInactiveToken
	}
	return s.request(g, nil), nil
}

// DeleteAccessTokenSession implements oauth2.AccessTokenStorage.
func (s *collector) DeleteAccessTokenSession(context.Context, string) error { return nil }

// CreateRefreshTokenSession implements oauth2.RefreshTokenStorage. A narrowed access token does not narrow
// the grant: the refresh token keeps its scopes (RFC 6749, section 6).
func (s *collector) CreateRefreshTokenSession(_ context.Context, key, _ string, r fosite.Requester) error {
	g := grantOf(r)
	g.Scopes = r.GetRequestedScopes()
	return s.put(bridge.KindRefresh, key, g, s.p.life.Refresh)
}

// GetRefreshTokenSession implements oauth2.RefreshTokenStorage.
func (s *collector) GetRefreshTokenSession(ctx context.Context, key string, _ fosite.Session) (fosite.Requester, error) {
	g, spent, err := s.get(ctx, bridge.KindRefresh, key)
	if err != nil {
		return nil, err
	}
	if spent {
		return s.request(g, nil), fosite.ErrInactiveToken
	}
	return s.request(g, nil), nil
}

// DeleteRefreshTokenSession implements oauth2.RefreshTokenStorage. It is called on reuse, before the family
// is revoked, which drops this one too.
func (s *collector) DeleteRefreshTokenSession(context.Context, string) error { return nil }

// RotateRefreshToken implements oauth2.RefreshTokenStorage.
func (s *collector) RotateRefreshToken(_ context.Context, _, key string) error {
	s.consume(bridge.KindRefresh, key)
	return nil
}

// RevokeRefreshToken implements oauth2.TokenRevocationStorage: the grant ends, whole. The caller ends it, once
// the client's assertion turned out to be a new one: a request that was sent again proves nothing.
func (s *collector) RevokeRefreshToken(_ context.Context, id string) error {
	s.ended = id
	return nil
}

// RevokeAccessToken implements oauth2.TokenRevocationStorage: RevokeRefreshToken, always called too, ended the grant.
func (s *collector) RevokeAccessToken(context.Context, string) error { return nil }
