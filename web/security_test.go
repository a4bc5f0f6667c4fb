package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestSecurity holds the rows of the attack list that the kit answers for all front ends.
func TestSecurity(t *testing.T) {
	t.Run("068", testSlowBody)
	t.Run("071", testStrangersAreLimited)
	t.Run("199", testDuplicateCookies)
	t.Run("201", testForeignHosts)
	t.Run("202", testForwardedFor)
	t.Run("208", testCORS)
}

func testDuplicateCookies(t *testing.T) {
	k, _ := newKit(t)
	for cookie, want := range map[string]string{
		"__Host-lanyard-session=a":                                       "a",
		"__Host-lanyard-session=a; __Host-lanyard-session=b":             "",
		"__Host-lanyard-session=; __Host-lanyard-session=b":              "",
		"__Host-lanyard-session=a; lanyard-session=b":                    "a",
		"lanyard-session=b":                                              "",
		"__host-lanyard-session=b":                                       "",
		"__Host-lanyard-session=a; x=1; __Host-lanyard-session=a; y=\"2": "",
	} {
		r := httptest.NewRequest(http.MethodGet, "https://sso.example/", nil)
		r.Header.Set("Cookie", cookie)
		if got := k.Browser(r).Session; got != want {
			t.Errorf("%s: %q, want %q", cookie, got, want)
		}
	}
}

func testForeignHosts(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	for host, want := range map[string]int{"sso.example": 200, "SSO.example": 200, "sso.example:443": 200, "sso.example:8443": 421, "evil.example": 421, "sso.example.": 421, "": 421, "[::1]": 421} {
		rec := ask(h, "GET", "https://sso.example/hello", func(r *http.Request) {
			r.Host = host
			r.Header.Set("X-Forwarded-Host", "sso.example")
			r.Header.Set("Forwarded", "host=sso.example")
		})
		if rec.Code != want {
			t.Errorf("host %q: %d, want %d", host, rec.Code, want)
		}
	}
	if rec := ask(h, "GET", "https://evil.example/hello"); rec.Code != http.StatusMisdirectedRequest || strings.Contains(rec.Body.String(), "<") {
		t.Errorf("absolute form: %d %s", rec.Code, rec.Body)
	}
}

func testForwardedFor(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	for name, c := range map[string]struct {
		from string
		hops []string
		want string
	}{
		"no proxy":             {"192.0.2.1:1", []string{"1.2.3.4"}, "192.0.2.1"},
		"proxy":                {"10.0.0.1:1", []string{"192.0.2.7"}, "192.0.2.7"},
		"client lies":          {"10.0.0.1:1", []string{"1.2.3.4, 192.0.2.7"}, "192.0.2.7"},
		"client lies in two":   {"10.0.0.1:1", []string{"1.2.3.4", "192.0.2.7, 10.0.0.2"}, "192.0.2.7"},
		"rubbish":              {"10.0.0.1:1", []string{"192.0.2.7, unknown"}, "10.0.0.1"},
		"mapped and with zone": {"[::ffff:10.0.0.1]:1", []string{"fe80::1%<script>"}, "fe80::1"},
	} {
		rec := ask(h, "GET", "https://sso.example/hello", func(r *http.Request) {
			r.RemoteAddr = c.from
			r.Header["X-Forwarded-For"] = c.hops
			r.Header.Set("X-Real-Ip", "9.9.9.9")
		})
		if got := rec.Body.String(); got != "hello "+c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func testCORS(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	for _, origin := range []string{"null", "https://evil.example"} {
		set := func(r *http.Request) { r.Header.Set("Origin", origin) }
		open := ask(h, "OPTIONS", "https://sso.example/open", set)
		if got := open.Header(); open.Code != http.StatusNoContent || got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Access-Control-Allow-Methods") != "GET, POST" || got.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%d %v", open.Code, got)
		}
		if got := ask(h, "POST", "https://sso.example/open", set).Header(); got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%v", got)
		}
		for _, path := range []string{"/hello", "/form", "/nowhere"} {
			if got := ask(h, "GET", "https://sso.example"+path, set).Header().Get("Access-Control-Allow-Origin"); got != "" {
				t.Errorf("%s is open to %q", path, got)
			}
		}
	}
	// A token of another browser, or of none, opens no form.
	if k.CSRF(bridge.Browser{Binding: "a"}) == k.CSRF(bridge.Browser{Binding: "b"}) {
		t.Error("one token for two browsers")
	}
	rec := ask(h, "POST", "https://sso.example/form", func(r *http.Request) {
		r.PostForm, r.Form = map[string][]string{CSRFField: {k.CSRF(bridge.Browser{})}}, map[string][]string{}
	})
	if rec.Code != http.StatusBadRequest {
		t.Errorf("a browser without a cookie: %d", rec.Code)
	}
}
