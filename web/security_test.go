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
	told, silent := func() bool { return false }, func() bool { return true }
	for name, c := range map[string]struct {
		from string
		hops []string
		want string
		hop  Hop
	}{
		"no proxy":             {"192.0.2.1:1", []string{"1.2.3.4"}, "192.0.2.1", Hop{}},
		"proxy":                {"10.0.0.1:1", []string{"192.0.2.7"}, "192.0.2.7", Hop{}},
		"client lies":          {"10.0.0.1:1", []string{"1.2.3.4, 192.0.2.7"}, "192.0.2.7", Hop{}},
		"client lies in two":   {"10.0.0.1:1", []string{"1.2.3.4", "192.0.2.7, 10.0.0.2"}, "192.0.2.7", Hop{}},
		"with port":            {"10.0.0.1:1", []string{"1.2.3.4, 192.0.2.7:4711"}, "192.0.2.7", Hop{}},
		"with port, IPv6":      {"10.0.0.1:1", []string{"1.2.3.4, [2001:db8::7]:4711"}, "2001:db8::7", Hop{}},
		"rubbish":              {"10.0.0.1:1", []string{"192.0.2.7, unknown"}, "", Hop{}},
		"rubbish of a client":  {"10.0.0.1:1", []string{"unknown, 192.0.2.7"}, "192.0.2.7", Hop{}},
		"rubbish of another":   {"10.0.0.1:1", []string{"192.0.2.7, 10.0.0.999, 10.0.0.2"}, "", Hop{}},
		"nothing in it":        {"10.0.0.1:1", []string{""}, "", Hop{}},
		"a proxy for itself":   {"10.0.0.1:1", nil, "10.0.0.1", Hop{}},
		"mapped and with zone": {"[::ffff:10.0.0.1]:1", []string{"fe80::1%<script>"}, "fe80::1", Hop{}},
		"behind two proxies, the near one by PROXY header": {"10.0.0.2:1", []string{"192.0.2.7"}, "192.0.2.7", Hop{Silent: told}},
		"a client by PROXY header":                         {"192.0.2.7:1", []string{"1.2.3.4"}, "192.0.2.7", Hop{Silent: told}},
		"a PROXY header without a client":                  {"10.0.0.2:1", []string{"1.2.3.4"}, "10.0.0.2", Hop{Silent: silent}},
		"a proxy on a unix socket":                         {"@", []string{"1.2.3.4, 192.0.2.7"}, "192.0.2.7", Hop{Proxy: true}},
		"a proxy on a unix socket, by PROXY header":        {"192.0.2.7:1", []string{"1.2.3.4"}, "192.0.2.7", Hop{Proxy: true, Silent: told}},
		"a proxy on a unix socket that says nothing":       {"@", nil, "", Hop{Proxy: true}},
		"no address at all":                                {"@", []string{"1.2.3.4"}, "", Hop{}},
	} {
		rec := ask(h, "GET", "https://sso.example/hello", func(r *http.Request) {
			*r = *r.WithContext(WithHop(r.Context(), c.hop))
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
