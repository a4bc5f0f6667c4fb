package web

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// stateCookie stands for what a browser shows of its session. A page of ours that apps frame reads it by script, so it is
// SameSite=None, and the only cookie that is not HttpOnly. It says nothing of anybody and opens nothing.
const stateCookie = "lanyard-state"

// StateCookie is the name of the cookie that holds BrowserState. Empty without TLS: no browser sends it to a frame then.
func (k *Kit) StateCookie() string {
	if !k.Secure() {
		return ""
	}
	return k.cookieName(stateCookie)
}

// BrowserState changes with everything that gives a browser another session secret: a sign-in, a new proof, a choice of role.
func (k *Kit) BrowserState(b bridge.Browser) string { return k.stateOf(b.Session) }

func (k *Kit) stateOf(session string) string { return k.Seal("browser state", session) }

// FramedState is the state that a browser showed from a frame, which may be old; empty if it keeps the cookie from frames.
func (k *Kit) FramedState(r *http.Request) string { return k.cookie(r, stateCookie) }

// ShowState gives a browser the state of its session again, if it shows another one or none.
func (k *Kit) ShowState(w http.ResponseWriter, r *http.Request, b bridge.Browser) {
	if state := k.BrowserState(b); k.cookie(r, stateCookie) != state {
		k.setState(w, state)
	}
}

func (k *Kit) setState(w http.ResponseWriter, state string) {
	if !k.Secure() {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: k.cookieName(stateCookie), Value: state, Path: "/", Secure: true, SameSite: http.SameSiteNoneMode})
}
