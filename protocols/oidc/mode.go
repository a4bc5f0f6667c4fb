package oidc

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// placed is where an answer goes by a response mode: jwt is query.jwt, and an answer that holds tokens is in a fragment instead of a query,
// with a JWT (JARM, section 2.3.4) or without (OAuth 2.0 Multiple Response Types, section 5).
func placed(mode string, front bool) string {
	switch {
	case front && (mode == trust.ModeJWT || mode == trust.ModeQueryJWT):
		return trust.ModeFragmentJWT
	case front && mode == trust.ModeQuery:
		return trust.ModeFragment
	case mode == trust.ModeJWT:
		return trust.ModeQueryJWT
	}
	return mode
}

// mode is the response mode that answers a request for one, or for none, as it stands in pending.
func (c *client) mode(asked string, front bool) string {
	return placed(cmp.Or(asked, c.terms.Request.DefaultMode()), front)
}

// lists reports whether the terms allow a response mode; none is always allowed. Whoever sends the browser here chooses the mode, and not
// always for the client: answers that the terms want signed, or out of the address, stay so. No tokens are asked for in a query.
func (c *client) lists(asked string, front bool) bool {
	switch {
	case asked == "":
		return true
	case front && (asked == trust.ModeQuery || asked == trust.ModeQueryJWT):
		return false
	}
	return slices.ContainsFunc(c.terms.Request.Modes, func(m string) bool { return placed(m, front) == placed(asked, front) })
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
