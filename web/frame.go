package web

import (
	"crypto/hmac"
	"net/http"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

// passiveCookie lets a page of an app renew its tokens in a hidden frame, on another site than ours: nothing else of a session reaches
// us from there. It is SameSite=None, and good for one thing: bridge.Browser.Passive. A browser holds it once it signed in to an app
// that may do so, and its value is of use only as long as its session keeps its secret.
const passiveCookie = "lanyard-passive"

// AllowFrame lets the answer be loaded in a frame. It is for redirects to registered addresses alone, never for a page.
func AllowFrame(w http.ResponseWriter) { w.Header().Del("X-Frame-Options") }

// unattended reports whether the browser says that the answer is for a script or a frame of a page of others, or for nobody yet. Pages of
// the same site have our cookies sent with that: they must not look like the person at the browser.
func unattended(r *http.Request) bool {
	dest := r.Header.Get("Sec-Fetch-Dest")
	return dest != "" && dest != "document" && r.Header.Get("Sec-Fetch-Site") != "same-origin" || strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch")
}

// FramedBrowser returns what the browser showed from a frame. Unlike Browser it knows the session of a frame on another site, for what
// may be answered without a page.
func (k *Kit) FramedBrowser(r *http.Request) bridge.Browser {
	b := k.Browser(r)
	if b.Session == "" && r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Dest") == "iframe" {
		b.Passive = k.passiveSession(r)
	}
	return b
}

// passiveSession is the key of the session that the cookie stands for; empty if it is none of ours.
func (k *Kit) passiveSession(r *http.Request) string {
	key, seal, _ := strings.Cut(k.cookie(r, passiveCookie), ".")
	if !hmac.Equal([]byte(seal), []byte(k.Seal("passive session", key))) {
		return ""
	}
	return key
}

// LetFrames gives a browser that shows its session the cookie for frames, if it has another one or none.
func (k *Kit) LetFrames(w http.ResponseWriter, r *http.Request) {
	if session := k.Browser(r).Session; session != "" && k.passiveSession(r) != bridge.Key(session) {
		k.setPassive(w, session)
	}
}

// setPassive does nothing without TLS: no browser sends the cookie from a frame then.
func (k *Kit) setPassive(w http.ResponseWriter, session string) {
	if !k.Secure() {
		return
	}
	key := bridge.Key(session)
	http.SetCookie(w, &http.Cookie{
		Name: k.cookieName(passiveCookie), Value: key + "." + k.Seal("passive session", key), Path: "/",
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode,
	})
}
