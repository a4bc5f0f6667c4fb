package oidc

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/web"
)

// checkSessionScript answers a client's frame: see there.
//
//go:embed checksession.js
var checkSessionScript string

// checkSessionURL is the page that clients frame to ask whether the sign-in changed; empty without TLS, when the cookie that it reads is
// not there.
func (p *Provider) checkSessionURL() string {
	if p.kit.StateCookie() == "" {
		return ""
	}
	return p.url(sessionPath)
}

// checkSession is that page (OpenID Connect Session Management 1.0, section 3.3): one script, the same for everybody, that any page may
// frame and that asks nobody anything.
func (p *Provider) checkSession(w http.ResponseWriter, _ *http.Request) {
	script := strings.ReplaceAll(checkSessionScript, "COOKIE", p.kit.StateCookie())
	digest := sha256.Sum256([]byte(script))
	h := w.Header()
	h.Del("X-Frame-Options") // it cannot name every client, and frame-ancestors is what browsers heed
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'; base-uri 'none'; form-action 'none'; frame-ancestors *")
	h.Set("Cross-Origin-Embedder-Policy", "require-corp") // so that a client's page that wants this of its frames may frame it
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	_, _ = io.WriteString(w, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign-in state</title><script>`+script+`</script></html>`) // the browser went away: nothing to do about it
}

// sessionState adds the state of the sign-in, as this client may know it, to an authorization response (section 2). The origin is that of
// the page at the client's redirect URI.
func (p *Provider) sessionState(w http.ResponseWriter, r *http.Request, client string, d pending, fields url.Values) url.Values {
	origin := browserOrigin(d.Redirect)
	if p.kit.StateCookie() == "" || origin == "" {
		return fields
	}
	b := p.kit.Browser(r)
	state := p.kit.BrowserState(b)
	if b.Session == "" { // a frame on another site: the cookie itself is all there is to know of the state
		state = p.kit.FramedState(r)
	} else {
		p.kit.ShowState(w, r, b)
	}
	if state == "" {
		return fields
	}
	salt := p.hub.NewID()
	fields.Set("session_state", stateHash(client, origin, state, salt)+"."+salt)
	return fields
}

// stateHash is the same as the script's.
func stateHash(client, origin, state, salt string) string {
	digest := sha256.Sum256([]byte(client + " " + origin + " " + state + " " + salt))
	return b64.EncodeToString(digest[:])
}

// browserOrigin is the origin of a web address as browsers write it (HTML, ASCII serialisation of an origin); empty for any other address.
func browserOrigin(raw string) string {
	origin := strings.ToLower(web.Origin(raw))
	switch {
	case strings.HasPrefix(origin, "https://"):
		return strings.TrimSuffix(origin, ":443")
	case strings.HasPrefix(origin, "http://"):
		return strings.TrimSuffix(origin, ":80")
	}
	return ""
}
