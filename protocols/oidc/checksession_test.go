package oidc

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// state is what the browser shows to frames.
func (b *browser) state() string {
	b.w.t.Helper()
	u, err := url.Parse(issuer)
	must(b.w.t, err)
	for _, c := range b.c.Jar.Cookies(u) {
		if c.Name == "__Host-lanyard-state" {
			return c.Value
		}
	}
	return ""
}

// says is what the script of checkSession would say to a client's frame at origin.
func (b *browser) says(client, origin, sessionState string) string {
	hash, salt, ok := strings.Cut(sessionState, ".")
	if !ok || len(hash) != 43 || salt == "" {
		return "error"
	}
	if stateHash(client, origin, b.state(), salt) == hash {
		return "unchanged"
	}
	return "changed"
}

// TestSessionState follows one browser: the state changes with sign-in, role, sign-out and user, and with nothing else.
func TestSessionState(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	const origin = "https://epr.example"
	first := b.authorize("basic").query("session_state")
	if strings.ContainsAny(first, " ") || b.says("basic", origin, first) != "unchanged" {
		t.Fatalf("session_state %q: %s", first, b.says("basic", origin, first))
	}
	again := b.authorize("basic").query("session_state")
	if again == first || b.says("basic", origin, again) != "unchanged" || b.says("basic", origin, first) != "unchanged" {
		t.Errorf("a second sign-on: %q after %q", again, first)
	}
	for what, said := range map[string]string{
		"another client": b.says("post", origin, first), "another origin": b.says("basic", "https://evil.example", first), "another browser": w.browser().says("basic", origin, first),
	} {
		if said != "changed" {
			t.Errorf("%s hears %s", what, said)
		}
	}
	if got := b.authorize("basic", "response_mode", "form_post"); !strings.Contains(got.body, `name="session_state"`) {
		t.Errorf("not in a form: %s", got.body)
	}
	b.authorize("basic", "prompt", "login")
	if b.says("basic", origin, first) != "changed" {
		t.Error("a new proof changes nothing")
	}
	second := b.authorize("basic").query("session_state")
	form := hidden(b.get(logoutPath).body)
	b.submit(logoutPath, form)
	if b.state() == "" || b.says("basic", origin, second) != "changed" {
		t.Errorf("after the sign-out %s, state %q", b.says("basic", origin, second), b.state())
	}
	if got := b.authorize("basic", "prompt", "none"); got.query("error") != "login_required" || got.to.Query().Has("session_state") {
		t.Errorf("signed out: %v", got.to)
	}
}

// TestStateIsShownAgain: a browser that signed in before there was such a cookie, or lost it, is given it with the next answer.
func TestStateIsShownAgain(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	u, err := url.Parse(issuer)
	must(t, err)
	b.c.Jar.SetCookies(u, []*http.Cookie{{Name: "__Host-lanyard-state", Value: "tossed", Path: "/", Secure: true}})
	if got := b.authorize("basic").query("session_state"); b.says("basic", "https://epr.example", got) != "unchanged" {
		t.Errorf("state %q after %q", b.state(), got)
	}
}

func TestSessionStateNeedsAnOrigin(t *testing.T) {
	for raw, want := range map[string]string{
		"https://EPR.example/cb": "https://epr.example", "https://epr.example:443/cb": "https://epr.example", "https://epr.example:8443": "https://epr.example:8443",
		"http://127.0.0.1:80/": "http://127.0.0.1", "http://epr.localhost:443/": "http://epr.localhost:443", "org.example.app:/cb": "", "org.example.app://host/cb": "", "": "", "https://[::1]:444/cb": "https://[::1]:444",
	} {
		if got := browserOrigin(raw); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
}

// TestCheckSessionPage: anybody may frame it, nothing but its own script runs in it, and it is offered where it works.
func TestCheckSessionPage(t *testing.T) {
	w := newWorld(t)
	if got := w.published()["check_session_iframe"]; got != issuer+sessionPath {
		t.Fatalf("discovery has %v", got)
	}
	got := w.visit(issuer + sessionPath)
	_, rest, _ := strings.Cut(got.body, "<script>")
	script, _, _ := strings.Cut(rest, "</script>")
	digest := sha256.Sum256([]byte(script))
	policy := got.header.Get("Content-Security-Policy")
	if got.status != http.StatusOK || !strings.Contains(policy, "script-src 'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'") || !strings.Contains(policy, "frame-ancestors *") || got.header.Get("X-Frame-Options") != "" {
		t.Errorf("%d %v", got.status, got.header)
	}
	if !strings.Contains(script, `"__Host-lanyard-state="`) || strings.Contains(script, "COOKIE") || strings.Contains(script, "</") || len(got.header.Values("Set-Cookie")) != 0 {
		t.Errorf("%v\n%s", got.header, script)
	}
	w.kit.Issuer = &url.URL{Scheme: "http", Host: "hub.localhost"} // no TLS, no cookie in frames
	if w.p.checkSessionURL() != "" {
		t.Error("offered where it cannot work")
	}
}
