package trust

import (
	"net/url"
	"slices"
	"strings"
)

// OIDCTokenDocument is what the OIDC part says about access tokens: those that are meant for the partner as a resource server, and
// those that it may have as a client.
type OIDCTokenDocument struct {
	Resource         []string `yaml:"resource,omitempty"`
	ResourceScopes   []string `yaml:"resource_scopes,omitempty"`
	AccessToken      string   `yaml:"access_token,omitempty"`
	IntrospectionAlg string   `yaml:"introspection_alg,omitempty"`
	ResourceServers  []string `yaml:"resource_servers,omitempty"`
	Exchange         []string `yaml:"exchange,omitempty"`
	ExchangeIDToken  bool     `yaml:"exchange_id_token,omitempty"`
}

// TokenTerms say what access tokens mean to a partner, and for whom it may have them.
type TokenTerms struct {
	Resources              []string // identifiers it answers to as a resource server (RFC 8707, section 2); none: it is no resource server
	ResourceScopes         []string // that a token for it may have; none: any
	JWT                    bool     // tokens for it are JWTs (RFC 9068)
	IntrospectionAlgorithm string   // it is told of tokens by a JWT signed with this (RFC 9701); empty: only if it asks for a JWT
	ResourceServers        []string // ids of the partners that it may have tokens for
	Exchange               []string // ids of the partners that it may exchange a token for (RFC 8693)
	ExchangeIDToken        bool     // the token that it exchanges may be an ID token
}

// Targets are the ids of the partners that a client may have tokens for in either way, each once.
func (t TokenTerms) Targets() []string {
	out := slices.Concat(t.ResourceServers, t.Exchange)
	slices.Sort(out)
	return slices.Compact(out)
}

// Bounds of what terms say about tokens.
const (
	maxResources = 16  // identifiers of one resource server
	maxResource  = 512 // bytes of one of them
	maxTargets   = 64  // partners that one client may have tokens for
)

// tokens compiles the terms of access tokens. It comes after the grants and the way of authentication.
func (b *builder) tokens(d OIDCTokenDocument, t *OIDCTerms) {
	t.Tokens = TokenTerms{
		Resources: d.Resource, ResourceScopes: d.ResourceScopes, JWT: d.AccessToken == "jwt", IntrospectionAlgorithm: d.IntrospectionAlg,
		ResourceServers: d.ResourceServers, Exchange: d.Exchange, ExchangeIDToken: d.ExchangeIDToken,
	}
	b.oneOf("oidc.access_token", d.AccessToken, "opaque", "jwt")
	if d.IntrospectionAlg != "" {
		b.oneOf("oidc.introspection_alg", d.IntrospectionAlg, algorithmNames()...)
		b.signs(d.IntrospectionAlg)
	}
	b.resources(d, t)
	for what, ids := range map[string][]string{"oidc.resource_servers": d.ResourceServers, "oidc.exchange": d.Exchange} {
		if len(ids) > maxTargets || slices.Contains(ids, "") {
			b.fail("%s: at most %d ids of partners", what, maxTargets)
		}
	}
	if d.ExchangeIDToken && len(d.Exchange) == 0 {
		b.fail("oidc.exchange_id_token needs oidc.exchange")
	}
}

// resources checks what a resource server says of itself.
func (b *builder) resources(d OIDCTokenDocument, t *OIDCTerms) {
	if len(d.Resource) > maxResources {
		b.fail("oidc.resource: at most %d", maxResources)
	}
	for _, r := range d.Resource {
		if !resourceURI(r) {
			b.fail("oidc.resource %q is not an absolute URI without fragment, of at most %d bytes (RFC 8707, section 2)", r, maxResource)
		}
	}
	if len(d.Resource) > 0 && t.ClientAuth == AuthNone && d.AccessToken != "jwt" {
		b.fail("oidc.resource without authentication needs oidc.access_token jwt: nobody else is told what an opaque token means")
	}
	if len(d.ResourceScopes) > 0 && len(d.Resource) == 0 {
		b.fail("oidc.resource_scopes needs oidc.resource")
	}
}

// resourceURI reports whether raw can name a resource (RFC 8707, section 2). It is a name: nothing is ever fetched from it.
func resourceURI(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || len(raw) > maxResource || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' }) {
		return false
	}
	return u.Scheme != "" && u.User == nil && (u.Host != "" || u.Opaque != "" && u.Scheme != "https" && u.Scheme != "http")
}
