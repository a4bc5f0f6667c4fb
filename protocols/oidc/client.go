package oidc

import (
	"fmt"
	"sync"

	"github.com/ory/fosite"

	"github.com/lanyard-hub/lanyard/protocols/oidc/jose"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

const maxClientID = 256 // bytes

// Methods of client authentication (OpenID Connect Core 1.0, section 9).
const (
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
	authJWT   = "private_key_jwt"
	authNone  = "none"
)

// client is a partner as the grant handlers see it, prepared once a revision. It implements fosite.Client.
type client struct {
	id     string
	name   string
	terms  *trust.OIDCTerms
	rules  trust.Terms
	rev    int64
	alg    keyring.Algorithm
	scopes fosite.Arguments
	grants fosite.Arguments
	keys   jose.KeySet // of private_key_jwt
	broken error       // why the registered keys cannot be used
}

var responseTypes = fosite.Arguments{"code"}

func newClient(p trust.Partner) *client {
	c := &client{
		id: p.ID, name: p.Name, terms: p.OIDC, rules: p.Terms, rev: p.Revision, alg: keyring.Algorithm(p.OIDC.Algorithm),
		scopes: fosite.Arguments(p.OIDC.Scopes), grants: fosite.Arguments{grantCode},
	}
	if !c.scopes.Has(scopeOpenID) {
		c.scopes = append(fosite.Arguments{scopeOpenID}, c.scopes...)
	}
	if c.alg == "" {
		c.alg = keyring.ES256
	}
	if p.OIDC.Refresh {
		c.grants = append(c.grants, grantRefresh)
	}
	if p.OIDC.ClientAuth == authJWT {
		c.keys, c.broken = jose.ReadKeySet(p.OIDC.JWKS)
	}
	return c
}

// allowed are the granted scopes that the terms still allow: a grant outlives a change of the terms, a scope does not.
func (c *client) allowed(granted []string) []string {
	out := make([]string, 0, len(granted))
	for _, scope := range granted {
		if c.scopes.Has(scope) {
			out = append(out, scope)
		}
	}
	return out
}

func (c *client) GetID() string                      { return c.id }
func (c *client) GetHashedSecret() []byte            { return nil } // authenticated before fosite
func (c *client) GetRedirectURIs() []string          { return c.terms.RedirectURIs }
func (c *client) GetGrantTypes() fosite.Arguments    { return c.grants }
func (c *client) GetResponseTypes() fosite.Arguments { return responseTypes }
func (c *client) GetScopes() fosite.Arguments        { return c.scopes }
func (c *client) IsPublic() bool                     { return c.terms.ClientAuth == authNone }
func (c *client) GetAudience() fosite.Arguments      { return nil }

// clientCache keeps one client a partner, for as long as the registry hands out the same terms.
type clientCache struct {
	mu   sync.RWMutex
	byID map[string]*client
}

func (c *clientCache) of(p trust.Partner) (*client, error) {
	if p.OIDC == nil {
		return nil, fmt.Errorf("oidc: partner %s has no OIDC terms", p.ID)
	}
	c.mu.RLock()
	found := c.byID[p.ID]
	c.mu.RUnlock()
	if found != nil && found.rev == p.Revision && found.terms == p.OIDC {
		return found, nil
	}
	made := newClient(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]*client{}
	}
	c.byID[p.ID] = made
	return made, nil
}
