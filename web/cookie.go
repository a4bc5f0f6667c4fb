package web

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Cookie names. Over TLS they carry the __Host- prefix, so that no sibling host can set them.
// All but those of state.go and frame.go are SameSite=Lax: a POST from another site never carries them, so a front end that receives one
// (SAML POST binding) stores a transaction without a browser and sends the browser on with a 303; the
// GET that follows carries the cookies, and the transaction is bound there.
const (
	sessionCookie = "lanyard-session"
	browserCookie = "lanyard-browser"
)

// rememberSeconds is how long a workstation's habits are kept.
const rememberSeconds = 180 * 24 * 60 * 60

func (k *Kit) cookieName(name string) string {
	if k.Secure() {
		return "__Host-" + name
	}
	return name
}

// cookie returns the value of a cookie sent exactly once; a name sent twice counts as none (cookie tossing).
func (k *Kit) cookie(r *http.Request, name string) string {
	sent := r.CookiesNamed(k.cookieName(name))
	if len(sent) != 1 {
		return ""
	}
	return sent[0].Value
}

func (k *Kit) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: k.cookieName(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: k.Secure(), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// Browser returns what the browser showed, without setting anything.
func (k *Kit) Browser(r *http.Request) bridge.Browser {
	return bridge.Browser{Binding: k.cookie(r, browserCookie), Session: k.cookie(r, sessionCookie), Unattended: unattended(r)}
}

// BindBrowser returns what the browser showed and gives it a binding cookie if it had none. Use it on
// same-site or top-level GET requests only: a cross-site POST does not send the cookie it may well have.
func (k *Kit) BindBrowser(w http.ResponseWriter, r *http.Request) bridge.Browser {
	b := k.Browser(r)
	if b.Binding == "" {
		b.Binding = k.Hub.NewSecret()
		k.setCookie(w, browserCookie, b.Binding, 0)
	}
	return b
}

// SetSession gives the browser the secret of its session. A browser that may renew in frames goes on to.
func (k *Kit) SetSession(w http.ResponseWriter, r *http.Request, secret string) {
	k.setCookie(w, sessionCookie, secret, 0)
	if k.cookie(r, passiveCookie) != "" {
		k.setPassive(w, secret)
	}
	k.setState(w, k.stateOf(secret))
	if k.Tolls != nil {
		k.Tolls.sessions.remember(secret, k.Hub.Clock())
	}
}

// ClearSession takes the session cookie away, and what the browser cached of us. The state becomes one that no session has: without
// any, nobody could tell a sign-out from a browser that keeps cookies from frames.
func (k *Kit) ClearSession(w http.ResponseWriter) {
	k.setCookie(w, sessionCookie, "", -1)
	k.setState(w, k.stateOf(k.Hub.NewSecret()))
	w.Header().Set("Clear-Site-Data", `"cache"`)
}

// FreezeSession leaves a browser the secret of a session that is over or suspended, by which it is recognised. Apps that watch the
// state see it change, as by ClearSession.
func (k *Kit) FreezeSession(w http.ResponseWriter) {
	k.setState(w, k.stateOf(k.Hub.NewSecret()))
	w.Header().Set("Clear-Site-Data", `"cache"`)
}

// Remember keeps a habit of the workstation: never who used it, only how. name has the prefix "lanyard-".
func (k *Kit) Remember(w http.ResponseWriter, name, value string) {
	k.setCookie(w, name, value, rememberSeconds)
}

// Remembered returns what Remember kept; empty if nothing.
func (k *Kit) Remembered(r *http.Request, name string) string { return k.cookie(r, name) }
