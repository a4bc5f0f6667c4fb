package oidc

import (
	"fmt"
	"slices"
	"sync"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/smart"
)

const maxClientID = 256 // bytes

// Methods of client authentication (OpenID Connect Core 1.0, section 9).
const (
	authBasic = "client_secret_basic"
	authPost  = "client_secret_post"
	authJWT   = "private_key_jwt"
	authTLS   = trust.AuthTLS

	authSelfSigned = trust.AuthSelfSignedTLS
	authNone       = "none"
)

// client is a partner as this room sees it, prepared once a revision.
type client struct {
	id     string
	name   string
	terms  *trust.OIDCTerms
	rules  trust.Terms
	rev    int64
	alg    keyring.Algorithm
	scopes []string
	keys   jose.KeySet // of assertions and request objects
	broken error       // why the registered keys cannot be used
	remote *remoteKeys // where they are fetched from instead; nil: they are registered

	objects []*remoteObject // request objects at registered addresses

	stranger bool // it registered itself, and nobody has made it live
}

func newClient(p trust.Partner) *client {
	c := &client{
		id: p.ID, name: p.Name, terms: p.OIDC, rules: p.Terms, rev: p.Revision, alg: keyring.Algorithm(p.OIDC.Algorithm),
		scopes: p.OIDC.Scopes, stranger: p.Stranger(),
	}
	if !slices.Contains(c.scopes, scopeOpenID) {
		c.scopes = append([]string{scopeOpenID}, c.scopes...)
	}
	if c.alg == "" {
		c.alg = keyring.ES256
	}
	switch {
	case p.OIDC.JWKSURI != "":
		c.remote = &remoteKeys{uri: p.OIDC.JWKSURI, guarded: c.stranger}
	case len(p.OIDC.JWKS) > 0:
		c.keys, c.broken = jose.ReadKeySet(p.OIDC.JWKS)
	}
	for _, uri := range p.OIDC.Request.URIs {
		c.objects = append(c.objects, &remoteObject{uri: uri})
	}
	return c
}

// allowed are the granted scopes that the terms still allow: a grant outlives a change of the terms, a scope does not.
func (c *client) allowed(granted []string) []string {
	out := make([]string, 0, len(granted))
	for _, scope := range granted {
		switch {
		case slices.Contains(c.scopes, scope) && scope != trust.ScopeOffline:
			out = append(out, scope)
		case smart.Clinical(scope):
			out = addScopes(out, c.clinical(scope)...)
		}
	}
	return out
}

// public reports whether the client cannot authenticate.
func (c *client) public() bool { return c.terms.ClientAuth == authNone }

// counted reports whether what the client has the hub store counts as a stranger's: anybody may be it.
func (c *client) counted() bool { return c.public() || c.stranger }

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
	if found != nil && found.remote != nil && made.remote != nil && found.remote.uri == made.remote.uri && found.remote.guarded == made.remote.guarded {
		made.remote = found.remote // other terms, the same keys
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID == nil {
		c.byID = map[string]*client{}
	}
	c.byID[p.ID] = made
	return made, nil
}

// drop forgets a client that is no more.
func (c *clientCache) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.byID, id)
}
