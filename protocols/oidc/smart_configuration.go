package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/smart"
	"github.com/lanyard-hub/lanyard/web"
)

// smartMetadata is SMART App Launch 2.2, Conformance: exactly what works. FHIR servers serve it below their own base.
type smartMetadata struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Registration  string   `json:"registration_endpoint,omitempty"`
	Scopes        []string `json:"scopes_supported"`
	ResponseTypes []string `json:"response_types_supported"`
	Introspection string   `json:"introspection_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Capabilities  []string `json:"capabilities"`
}

// capabilities are those of SMART App Launch 2.2 that are built. permission-offline is none of them: refresh tokens end with their session.
func capabilities() []string {
	return []string{
		"launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
		"sso-openid-connect", "context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter",
		"context-standalone-patient", "context-standalone-encounter", "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2",
	}
}

// describeSmart says what works, in the words of SMART App Launch. It differs from discovery in nothing that both say, but for the scopes.
func (p *Provider) describeSmart() smartMetadata {
	m := p.describe()
	scopes := append([]string{scopeOpenID}, smartScopes()...)
	return smartMetadata{
		Issuer: m.Issuer, JWKS: m.JWKS, Authorization: m.Authorization, Token: m.Token, TokenAuth: m.TokenAuth, TokenAuthAlgs: m.TokenAuthAlgs,
		GrantTypes: m.GrantTypes, Registration: m.Registration, Scopes: append(scopes, "patient/*.cruds", "user/*.cruds", "system/*.cruds"),
		ResponseTypes: m.ResponseTypes, Introspection: m.Introspection, Revocation: m.Revocation, Challenges: m.Challenges, Capabilities: capabilities(),
	}
}

func (p *Provider) smartConfiguration(w http.ResponseWriter, r *http.Request) {
	p.publish(w, r, &p.smart, func() any { return p.describeSmart() })
}

// smartRoutes are served by the standard face. The metadata of RFC 8414 is served by all: there the path of the issuer comes last
// (section 3.1).
func (p *Provider) smartRoutes() []web.Route {
	routes := []web.Route{{Method: http.MethodGet, Path: serverPath + p.face.base, Name: "oidc_server", Class: web.Cheap, Handler: p.discovery, CORS: true}}
	if p.face.cis2 {
		return routes
	}
	return append(routes,
		web.Route{Method: http.MethodGet, Path: smartPath, Name: "oidc_smart", Class: web.Cheap, Handler: p.smartConfiguration, CORS: true},
		web.Route{Method: http.MethodPost, Path: launchPath, Name: "oidc_launch", Class: web.Machine, TurnAway: turnAway, Handler: p.launch},
	)
}

// ownClinical are the clinical scopes that a client may have in its own name (SMART App Launch 2.2, Backend Services).
func (c *client) ownClinical(scope string) []string {
	if levelOf(scope) != smart.System {
		return nil
	}
	return c.clinical(scope)
}

// personal are those of some scopes that are about a person.
func personal(scopes []string) []string {
	var out []string
	for _, s := range scopes {
		if levelOf(s) != smart.System && s != trust.ScopeOnline && s != trust.ScopeOffline {
			out = append(out, s)
		}
	}
	return out
}
