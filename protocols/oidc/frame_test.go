package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// frame asks from a hidden frame of another site: of the browser's cookies only those that are SameSite=None come along.
func (b *browser) frame(client string, pairs ...string) reply {
	b.w.t.Helper()
	r, err := http.NewRequest(http.MethodGet, issuer+authorizePath+"?"+request(client, append([]string{"prompt", "none"}, pairs...)...).Encode(), nil)
	must(b.w.t, err)
	r.Header.Set("Sec-Fetch-Dest", "iframe")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	u, err := url.Parse(issuer)
	must(b.w.t, err)
	for _, c := range b.c.Jar.Cookies(u) {
		if c.Name == "__Host-lanyard-passive" || c.Name == "__Host-lanyard-state" {
			r.AddCookie(c)
		}
	}
	return b.w.send(r)
}

// TestSilentRenewal: an app whose terms allow it renews its tokens in a hidden frame of its page, also on another site.
func TestSilentRenewal(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trust.Partner) { p.OIDC.Request.Frames = true })
	b := w.browser()
	if got := b.frame("public"); got.query("error") != "login_required" || got.header.Get("X-Frame-Options") != "" {
		t.Errorf("before anybody signed in: %d %v %v", got.status, got.to, got.header)
	}
	b.code("basic")
	if got := b.frame("public"); got.query("error") != "login_required" {
		t.Errorf("before the app was signed in to: %v", got.to)
	}
	b.code("public")
	for _, mode := range []string{"query", "jwt"} {
		got := b.frame("public", "response_mode", mode)
		if got.status != http.StatusSeeOther || got.header.Get("X-Frame-Options") != "" || got.header.Get("Content-Security-Policy") != "" || len(got.header.Values("Set-Cookie")) > 0 {
			t.Fatalf("%s: %d %v", mode, got.status, got.header)
		}
		answer := w.answer(got)
		if answer.Get("session_state") == "" {
			t.Errorf("%s: no session_state", mode)
		}
		claims, _ := w.verified(w.tokens(w.redeem("public", answer.Get("code"))).ID)
		if claims["sub"] != nurse {
			t.Errorf("%s: %v", mode, claims)
		}
	}
	// a sign-in anew gives the browser another secret; renewing goes on
	b.code("basic", "prompt", "login")
	if got := b.frame("public"); got.query("code") == "" {
		t.Errorf("after a new proof: %v", got.to)
	}
	// errors go to the frame too
	for name, pairs := range map[string][]string{"scope": {"scope", "profile"}, "age": {"max_age", "0"}, "role": {"scope", "openid selectedrole"}} {
		if got := b.frame("public", pairs...); got.query("error") == "" || got.query("code") != "" || got.header.Get("X-Frame-Options") != "" {
			t.Errorf("%s: %d %v %v", name, got.status, got.to, got.header)
		}
	}
}

// TestFramesShowNothing: no page of the hub is ever shown in a frame, and nothing but a passive request of a client that may is
// answered from one.
func TestFramesShowNothing(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trust.Partner) { p.OIDC.Request.Frames = true })
	b := w.browser()
	b.code("public")
	for name, c := range map[string]struct {
		client string
		pairs  []string
		denied bool   // by X-Frame-Options
		err    string // at the client's address
	}{
		"a client that may not":  {"basic", nil, true, "login_required"},
		"not passive":            {"public", []string{"prompt", ""}, true, ""},
		"login":                  {"public", []string{"prompt", "login"}, true, ""},
		"none and login":         {"public", []string{"prompt", "none login"}, false, "invalid_request"},
		"address not registered": {"public", []string{"redirect_uri", "https://evil.example/"}, true, ""},
		"unknown client":         {"nobody", nil, true, ""},
		"a form to post":         {"public", []string{"response_mode", "form_post"}, true, ""},
	} {
		got := b.frame(c.client, c.pairs...)
		if denied := got.header.Get("X-Frame-Options") == "DENY"; denied != c.denied || got.query("error") != c.err || got.query("code") != "" {
			t.Errorf("%s: %d %v, denied %v", name, got.status, got.to, denied)
		}
		if got.to == nil && !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: a page that may be framed", name)
		}
	}
}

// TestFramesNeedAPassiveRequest: on the hub's own site all cookies reach a frame; still only prompt=none is answered into it.
func TestFramesNeedAPassiveRequest(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trust.Partner) { p.OIDC.Request.Frames = true })
	b := w.browser()
	b.code("public")
	for prompt, want := range map[string]string{"": "DENY", "consent": "DENY", "none": ""} {
		if got := b.authorize("public", "prompt", prompt); got.query("code") == "" || got.header.Get("X-Frame-Options") != want {
			t.Errorf("prompt=%s: %v, X-Frame-Options %q", prompt, got.to, got.header.Get("X-Frame-Options"))
		}
	}
}

// TestFramesKeepNothingAlive: renewing by script does not keep a session from going idle, and ends with it.
func TestFramesKeepNothingAlive(t *testing.T) {
	w := newWorld(t)
	w.change("public", func(p *trust.Partner) { p.OIDC.Request.Frames = true })
	b := w.browser()
	b.code("public")
	renewed := 0
	for range 30 {
		w.advance(time.Minute)
		if b.frame("public").query("code") != "" {
			renewed++
		}
	}
	if idle := int(bridge.DefaultLimits().Idle / time.Minute); renewed != idle-1 {
		t.Errorf("renewed for %d minutes, the idle limit is %d", renewed, idle)
	}
	b.code("public") // signs in anew
	w.advance(10 * time.Minute)
	b.code("public", "prompt", "none") // in the app's own window: the person is there
	w.advance(10 * time.Minute)
	if got := b.frame("public"); got.query("code") == "" {
		t.Errorf("a session in use: %v", got.to)
	}
	s, _, err := w.hub.Live(t.Context(), w.kitBrowser(b))
	must(t, err)
	_, err = w.store.EndSession(t.Context(), s.ID, bridge.Ending{Logout: "x", At: w.clock()})
	must(t, err)
	if got := b.frame("public"); got.query("error") != "login_required" {
		t.Errorf("an ended session: %v", got.to)
	}
}

func (w *world) kitBrowser(b *browser) bridge.Browser {
	r, err := http.NewRequest(http.MethodGet, issuer, nil)
	must(w.t, err)
	for _, c := range b.c.Jar.Cookies(r.URL) {
		r.AddCookie(c)
	}
	return w.kit.Browser(r)
}
