package oidc

import (
	"net/url"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// mode is the response mode that answers a request for one, as it stands in pending: for a code jwt is query.jwt (JARM, section 2.3.4).
func (c *client) mode(asked string) string {
	if asked == "" {
		asked = c.terms.Request.DefaultMode()
	}
	if asked == trust.ModeJWT {
		return trust.ModeQueryJWT
	}
	return asked
}

// lists reports whether the terms allow a response mode; none is always allowed.
func (c *client) lists(asked string) bool {
	return asked == "" || slices.ContainsFunc(c.terms.Request.Modes, func(m string) bool { return c.mode(m) == c.mode(asked) })
}

// mayAsk reports whether a request may be answered at an address in the mode it asks for. A form cannot be posted to a scheme that
// an app claimed for itself: pages of this hub post to the web only.
func (c *client) mayAsk(asked, redirect string) bool {
	return c.lists(asked) && (!posts(c.mode(asked)) || web.Origin(redirect) != "" && strings.HasPrefix(redirect, "http"))
}

func posts(mode string) bool { return mode == trust.ModeForm || mode == trust.ModeFormJWT }

// answerSource is where an answer goes, as a policy of a page names it: an origin, or a scheme that an app claimed for itself.
func answerSource(redirect string) string {
	if u, err := url.Parse(redirect); err == nil && u.Scheme != "https" && u.Scheme != "http" {
		return u.Scheme + ":"
	}
	return web.Origin(redirect)
}
