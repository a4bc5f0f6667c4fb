package trust

import (
	"net/url"
	"slices"
	"strings"
)

// frontChannel wants the address of a client's front-channel logout where one of its redirect URIs is: same scheme, host and port (OpenID
// Connect Front-Channel Logout 1.0, section 2). Anywhere else the hub's own page would frame a stranger.
func (b *builder) frontChannel(t *OIDCTerms) {
	switch {
	case t.FrontchannelLogoutURI == "" && t.FrontchannelSession:
		b.fail("oidc.frontchannel_session needs oidc.frontchannel_logout_uri")
	case t.FrontchannelLogoutURI != "" && !AtOneOf(t.FrontchannelLogoutURI, t.RedirectURIs):
		b.fail("oidc.frontchannel_logout_uri %q is not on the scheme, host and port of one of oidc.redirect_uris", t.FrontchannelLogoutURI)
	}
}

// AtOneOf reports whether an address has the scheme, host and port of one of others.
func AtOneOf(raw string, others []string) bool {
	origin := originOf(raw)
	return slices.ContainsFunc(others, func(other string) bool { return originOf(other) == origin })
}

// originOf is scheme, host and port of a web address, the port also where it is the scheme's own; empty for anything else.
func originOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	case u.Scheme == "http":
		port = "80"
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// logoutHints are about how a client is told of a sign-out.
func (t OIDCTerms) logoutHints() []string {
	switch {
	case t.FrontchannelLogoutURI == "":
		return nil
	case t.BackchannelLogoutURI != "":
		return []string{"its frontchannel_logout_uri is not used: it is told by its backchannel_logout_uri, which can be confirmed"}
	case !t.FrontchannelSession:
		return []string{"without oidc.frontchannel_session its logout page knows only the session of its own cookie, which many browsers keep from frames"}
	}
	return nil
}
