package oidc

import (
	"context"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// Face is one appearance of the provider over one hub: an issuer, the paths below it, and the clients it knows. Zero
// is the standard one.
type Face struct {
	// Port443 writes the default port into issuer and endpoints. They are compared as strings by the clients.
	Port443 bool
	base    string            // path of the issuer
	paths   map[string]string // standard path to this face's, below base; what is not in it keeps its own
	cis2    bool
}

// CIS2Face looks as NHS Care Identity Service 2 does: a client of it is pointed here by changing its issuer. base is
// the path of the issuer, such as /openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare.
func CIS2Face(base string, port443 bool) Face {
	return Face{Port443: port443, base: strings.TrimRight(base, "/"), cis2: true, paths: map[string]string{
		authorizePath: "/authorize", tokenPath: "/access_token", userinfoPath: "/userinfo", jwksPath: "/connect/jwk_uri",
		revokePath: "/token/revoke", introspectPath: "/introspect", logoutPath: "/connect/endSession", sessionPath: "/connect/checkSession",
		registerPath: "/connect/register", clientPath: "/connect/register/:client",
	}}
}

// issuer of the face, byte for byte.
func (f Face) issuer(hub *url.URL) string {
	origin := hub.String()
	if f.Port443 && hub.Scheme == "https" && hub.Port() == "" {
		origin += ":443"
	}
	return origin + f.base
}

// knows reports whether clients of a profile belong to this face. One client has one issuer.
func (f Face) knows(profile trust.Profile) bool { return (profile == trust.ProfileCIS2) == f.cis2 }

// below is a path below the issuer.
func (f Face) below(standard string) string {
	if own, ok := f.paths[standard]; ok {
		return own
	}
	return standard
}

// targets are the addresses of an endpoint: below the issuer and, where there is one, at the address for certificates.
func (f Face) targets(path, issuer string, mutual *url.URL) []string {
	out := []string{issuer + f.below(path)}
	if mutual != nil {
		out = append(out, mutual.String()+f.base+f.below(path))
	}
	return out
}

// at is where this face serves what the standard one serves at a path.
func (p *Provider) at(standard string) string { return p.face.base + p.face.below(standard) }

// url is the same as an address.
func (p *Provider) url(standard string) string { return p.issuer + p.face.below(standard) }

// place moves a route table to where this face serves it.
func (p *Provider) place(routes []web.Route) []web.Route {
	for i := range routes {
		routes[i].Path = p.at(routes[i].Path)
	}
	return routes
}

// errOtherFace tells a client that it is registered, but not here.
func errOtherFace(id string) error {
	return bridge.Refuse(bridge.UnknownPartner, "The client %s is registered for another issuer of this hub: its profile decides which (profile cis2 or not).", clip(id)).WithCode("other_issuer")
}

// Faces tells participants of a logout, each by the face that knows it.
type Faces []*Provider

var _ bridge.Propagator = Faces{}

// Propagate implements bridge.Propagator.
func (f Faces) Propagate(ctx context.Context, d bridge.Delivery, partner trust.Partner) (bridge.DeliveryState, string) {
	if p := f.of(partner); p != nil {
		return p.Propagate(ctx, d, partner)
	}
	return bridge.DeliveryNone, ""
}

// of is the provider that knows a partner; nil if none does.
func (f Faces) of(partner trust.Partner) *Provider {
	for _, p := range f {
		if partner.OIDC != nil && p.face.knows(partner.OIDC.Profile) {
			return p
		}
	}
	return nil
}
