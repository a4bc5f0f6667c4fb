package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestPassiveCookie pins the cookie for frames: its attributes, who gets it, and that nothing but a frame's GET with it in good order
// shows a session, and a session for passive requests only.
func TestPassiveCookie(t *testing.T) {
	k, _ := newKit(t)
	const name = "__Host-lanyard-passive"
	request := func(cookies ...string) *http.Request {
		r := httptest.NewRequest(http.MethodGet, "https://sso.example/", nil)
		r.Header.Set("Cookie", strings.Join(cookies, "; "))
		r.Header.Set("Sec-Fetch-Dest", "iframe")
		return r
	}
	given := func(do func(http.ResponseWriter)) string {
		t.Helper()
		rec := httptest.NewRecorder()
		do(rec)
		for _, c := range rec.Header().Values("Set-Cookie") {
			if rest, ok := strings.CutPrefix(c, name+"="); ok {
				value, attributes, _ := strings.Cut(rest, ";")
				if attributes != " Path=/; HttpOnly; Secure; SameSite=None" {
					t.Errorf("attributes%s", attributes)
				}
				return value
			}
		}
		return ""
	}
	lets := func(cookies ...string) string {
		return given(func(w http.ResponseWriter) { k.LetFrames(w, request(cookies...)) })
	}
	one := lets("__Host-lanyard-session=one")
	if one == "" || strings.Contains(one, "one") || one == lets("__Host-lanyard-session=two") {
		t.Errorf("given %q", one)
	}
	if lets() != "" || lets("__Host-lanyard-session=one", name+"="+one) != "" || lets("__Host-lanyard-session=two", name+"="+one) == "" {
		t.Error("given to a browser without a session, or twice, or not for another session")
	}
	renewed := func(cookies ...string) string {
		return given(func(w http.ResponseWriter) { k.SetSession(w, request(cookies...), "two") })
	}
	if renewed() != "" || renewed(name+"="+one) != lets("__Host-lanyard-session=two") {
		t.Error("a new session secret: given to a browser that had none, or not renewed")
	}
	seal := one[strings.Index(one, "."):]
	for what, c := range map[string]struct {
		how  func(*http.Request)
		want string
	}{
		"frame":           {func(*http.Request) {}, bridge.Key("one")},
		"POST":            {func(r *http.Request) { r.Method = http.MethodPost }, ""},
		"window":          {func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "document") }, ""},
		"image":           {func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "image") }, ""},
		"script":          {func(r *http.Request) { r.Header.Set("Sec-Fetch-Dest", "empty") }, ""},
		"says nothing":    {func(r *http.Request) { r.Header.Del("Sec-Fetch-Dest") }, ""},
		"no seal":         {func(r *http.Request) { r.Header.Set("Cookie", name+"="+bridge.Key("one")) }, ""},
		"seal of another": {func(r *http.Request) { r.Header.Set("Cookie", name+"="+bridge.Key("two")+seal) }, ""},
		"nothing sealed":  {func(r *http.Request) { r.Header.Set("Cookie", name+"=."+k.Seal("other", "")) }, ""},
		"twice":           {func(r *http.Request) { r.Header.Set("Cookie", name+"="+one+"; "+name+"="+one) }, ""},
		"in a session":    {func(r *http.Request) { r.Header.Add("Cookie", "__Host-lanyard-session=one") }, ""},
	} {
		r := request(name + "=" + one)
		c.how(r)
		if b := k.FramedBrowser(r); b.Passive != c.want || (b.Session != "") != (what == "in a session") {
			t.Errorf("%s: %+v", what, b)
		}
		if b := k.Browser(r); b.Passive != "" {
			t.Errorf("%s: shown outside of a frame: %+v", what, b)
		}
	}
	for said, want := range map[string]bool{
		"iframe": true, "frame": true, "embed": true, "object": true, "fencedframe": true, "image": true, "empty": true, "empty same-site": true,
		"document": false, "document cross-site": false, "": false, "empty same-origin": false, "document none prefetch;prerender": true,
	} {
		r := request()
		for i, value := range strings.Fields(said) {
			r.Header.Set([]string{"Sec-Fetch-Dest", "Sec-Fetch-Site", "Sec-Purpose"}[i], value)
		}
		if said == "" {
			r.Header.Del("Sec-Fetch-Dest")
		}
		if k.Browser(r).Unattended != want {
			t.Errorf("%q: unattended %v", said, !want)
		}
	}
	k.Issuer = &url.URL{Scheme: "http", Host: "sso.example"}
	if got := given(func(w http.ResponseWriter) { k.LetFrames(w, request("lanyard-session=one")) }); got != "" {
		t.Errorf("without TLS: %q", got)
	}
}

// TestOriginIsOneSource: no address becomes a directive, or a source that stands for others.
func TestOriginIsOneSource(t *testing.T) {
	for address, want := range map[string]string{
		"https://epr.example/acs?x=1": "https://epr.example", "http://epr.example:8443": "http://epr.example:8443", "https://[2001:db8::1]/": "https://[2001:db8::1]",
		"https://epr.example;script-src-elem/": "", "https://epr.example,a.example/": "", "https://epr.example'unsafe-inline'/": "", "https://*/": "", "https://*.example/": "", "epr": "",
	} {
		if got := Origin(address); got != want {
			t.Errorf("%s: %q", address, got)
		}
		if got := FormEnds(address); (len(got) == 2 && got[0] == want) != (want != "") {
			t.Errorf("%s: a form ends at %q", address, got)
		}
	}
}
