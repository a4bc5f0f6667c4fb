package oidc

import (
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// mode is the response mode that answers a request for one, as it stands in pending. jwt is query.jwt, or fragment.jwt where the answer holds
// tokens (JARM, section 2.3.4); these are never in a query, whatever the terms begin with (OAuth 2.0 Multiple Response Types, section 5).
func (c *client) mode(asked string, front bool) string {
	chosen := asked
	if asked == "" {
		chosen = c.terms.Request.DefaultMode()
	}
	switch {
	case chosen == trust.ModeJWT && front, chosen == trust.ModeQueryJWT && asked == "" && front:
		return trust.ModeFragmentJWT
	case chosen == trust.ModeJWT:
		return trust.ModeQueryJWT
	case chosen == trust.ModeQuery && asked == "" && front:
		return trust.ModeFragment
	}
	return chosen
}

// lists reports whether the terms allow a response mode; none is always allowed, and a fragment for tokens.
func (c *client) lists(asked string, front bool) bool {
	switch {
	case asked == "", front && asked == trust.ModeFragment:
		return true
	case front && (asked == trust.ModeQuery || asked == trust.ModeQueryJWT):
		return false
	}
	return slices.ContainsFunc(c.terms.Request.Modes, func(m string) bool { return c.mode(m, front) == c.mode(asked, front) })
}

// mayAsk reports whether a request may be answered at its address in the mode it asks for. A form cannot be posted to a scheme that
// an app claimed for itself: pages of this hub post to the web only.
func (a *authorization) mayAsk(asked string) bool {
	return a.client.lists(asked, a.front) && (!posts(a.client.mode(asked, a.front)) || web.Origin(a.Redirect) != "" && strings.HasPrefix(a.Redirect, "http"))
}

func posts(mode string) bool { return mode == trust.ModeForm || mode == trust.ModeFormJWT }

// answerSource is where an answer goes, as a policy of a page names it: an origin, or a scheme that an app claimed for itself.
func answerSource(redirect string) string {
	if u, err := url.Parse(redirect); err == nil && u.Scheme != "https" && u.Scheme != "http" {
		return u.Scheme + ":"
	}
	return web.Origin(redirect)
}
