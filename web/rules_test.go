package web

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// TestForeignForms lists what a POST must carry: the token of this browser, and nothing that says that it comes
// from elsewhere.
func TestForeignForms(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	good := k.CSRF(bridge.Browser{Binding: "mine"})
	for name, c := range map[string]struct {
		cookie, token, site, origin string
		want                        int
	}{
		"ours":                       {"mine", good, "", "", 200},
		"ours, said so":              {"mine", good, "same-origin", "https://sso.example", 200},
		"typed by hand":              {"mine", good, "none", "", 200},
		"no referrer":                {"mine", good, "same-origin", "null", 200},
		"same site":                  {"mine", good, "same-site", "", 400},
		"cross site":                 {"mine", good, "cross-site", "", 400},
		"another origin":             {"mine", good, "", "https://evil.example", 400},
		"our host without TLS":       {"mine", good, "", "http://sso.example", 400},
		"our host at another port":   {"mine", good, "", "https://sso.example:8443", 400},
		"no token":                   {"mine", "", "", "", 400},
		"token of another browser":   {"mine", k.CSRF(bridge.Browser{Binding: "yours"}), "", "", 400},
		"token of another purpose":   {"mine", k.Seal("step", "mine"), "", "", 400},
		"no cookie":                  {"", good, "", "", 400},
		"no cookie, token of nobody": {"", k.CSRF(bridge.Browser{}), "", "", 400},
	} {
		rec := ask(h, "POST", "https://sso.example/form", func(r *http.Request) {
			body := url.Values{CSRFField: {c.token}}.Encode()
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.cookie != "" {
				r.Header.Set("Cookie", "__Host-lanyard-browser="+c.cookie)
			}
			for name, value := range map[string]string{"Sec-Fetch-Site": c.site, "Origin": c.origin} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
		})
		if rec.Code != c.want {
			t.Errorf("%s: %d, want %d", name, rec.Code, c.want)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "https://sso.example/form?csrf="+good, nil) // the token is of the body only
	r.Header.Set("Cookie", "__Host-lanyard-browser=mine")
	if err := k.CheckCSRF(r); err == nil {
		t.Error("a token in the address was taken")
	}
}

// TestCookiesAreSet pins every attribute: one that is missing is a hole, and no page shows it.
func TestCookiesAreSet(t *testing.T) {
	for scheme, c := range map[string]struct{ prefix, secure string }{"https": {"__Host-", "; Secure"}, "http": {"", ""}} {
		k, _ := newKit(t)
		k.Issuer = &url.URL{Scheme: scheme, Host: "sso.example"}
		for name, tc := range map[string]struct {
			do   func(http.ResponseWriter)
			want string
		}{
			"session":  {func(w http.ResponseWriter) { k.SetSession(w, httptest.NewRequest("GET", "/", nil), "s") }, "lanyard-session=s; Path=/; HttpOnly%; SameSite=Lax"},
			"cleared":  {k.ClearSession, "lanyard-session=; Path=/; Max-Age=0; HttpOnly%; SameSite=Lax"},
			"remember": {func(w http.ResponseWriter) { k.Remember(w, "lanyard-way", "card") }, "lanyard-way=card; Path=/; Max-Age=15552000; HttpOnly%; SameSite=Lax"},
		} {
			rec := httptest.NewRecorder()
			tc.do(rec)
			if got, want := rec.Header().Get("Set-Cookie"), c.prefix+strings.Replace(tc.want, "%", c.secure, 1); got != want {
				t.Errorf("%s %s: %s, want %s", scheme, name, got, want)
			}
			if got := rec.Header().Get("Clear-Site-Data"); (got == `"cache"`) != (name == "cleared") {
				t.Errorf("%s %s: Clear-Site-Data %q", scheme, name, got)
			}
		}
	}
}

// TestStateCookie pins the one cookie that scripts and other sites' frames may see: it changes with the session, and stands for it to
// nobody but this hub.
func TestStateCookie(t *testing.T) {
	k, _ := newKit(t)
	set := func(do func(http.ResponseWriter)) (value string) {
		t.Helper()
		rec := httptest.NewRecorder()
		do(rec)
		for _, c := range rec.Header().Values("Set-Cookie") {
			if rest, ok := strings.CutPrefix(c, "__Host-lanyard-state="); ok {
				v, attributes, _ := strings.Cut(rest, ";")
				if attributes != " Path=/; Secure; SameSite=None" {
					t.Errorf("attributes%s", attributes)
				}
				value = v
			}
		}
		return value
	}
	one := set(func(w http.ResponseWriter) { k.SetSession(w, httptest.NewRequest("GET", "/", nil), "one") })
	two := set(func(w http.ResponseWriter) { k.SetSession(w, httptest.NewRequest("GET", "/", nil), "two") })
	out, again := set(k.ClearSession), set(k.ClearSession)
	if len(one) != 22 || one == two || out == again || out == k.BrowserState(bridge.Browser{}) || one != k.BrowserState(bridge.Browser{Session: "one"}) {
		t.Errorf("states %q %q %q %q", one, two, out, again)
	}
	shows := func(value string) func(http.ResponseWriter) {
		r := httptest.NewRequest(http.MethodGet, "https://sso.example/", nil)
		r.Header.Set("Cookie", "__Host-lanyard-state="+value)
		return func(w http.ResponseWriter) { k.ShowState(w, r, bridge.Browser{Session: "one"}) }
	}
	if got := set(shows(one)); got != "" {
		t.Errorf("set again to %q", got)
	}
	if got := set(shows("x")); got != one {
		t.Errorf("shown again as %q", got)
	}
	k.Issuer = &url.URL{Scheme: "http", Host: "sso.example"}
	if got := set(func(w http.ResponseWriter) { k.SetSession(w, httptest.NewRequest("GET", "/", nil), "one") }); got != "" || k.StateCookie() != "" {
		t.Errorf("without TLS: %q, named %q", got, k.StateCookie())
	}
}

func TestBrowserIsBoundOnce(t *testing.T) {
	k, _ := newKit(t)
	rec := httptest.NewRecorder()
	b := k.BindBrowser(rec, httptest.NewRequest(http.MethodGet, "https://sso.example/", nil))
	if len(b.Binding) != 43 || !strings.HasPrefix(rec.Header().Get("Set-Cookie"), "__Host-lanyard-browser="+b.Binding+"; Path=/;") {
		t.Errorf("bound to %q by %q", b.Binding, rec.Header().Get("Set-Cookie"))
	}
	r := httptest.NewRequest(http.MethodGet, "https://sso.example/", nil)
	r.Header.Set("Cookie", "__Host-lanyard-browser="+b.Binding)
	rec = httptest.NewRecorder()
	if again := k.BindBrowser(rec, r); again != b || rec.Header().Get("Set-Cookie") != "" {
		t.Errorf("bound again: %+v", again)
	}
}

// TestHeadersOfEveryAnswer holds for pages, refusals, files and what echo answers itself.
func TestHeadersOfEveryAnswer(t *testing.T) {
	for scheme, transport := range map[string]string{"https": "max-age=31536000", "http": ""} {
		k, _ := newKit(t)
		k.Issuer = &url.URL{Scheme: scheme, Host: "sso.example"}
		h := k.Router(routes(k))
		for _, target := range []string{"GET /hello", "GET /panic", "GET /nowhere", "POST /hello", "GET " + assetURLs["lanyard.css"], "OPTIONS /open", "GET /down"} {
			method, path, _ := strings.Cut(target, " ")
			got := ask(h, method, scheme+"://sso.example"+path, func(r *http.Request) { r.TLS = nil }).Header()
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
				"Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()", "Strict-Transport-Security": transport,
			} {
				if got.Get(name) != want {
					t.Errorf("%s %s: %s is %q, want %q", scheme, target, name, got.Get(name), want)
				}
			}
		}
	}
}

// TestAnswerOfARefusal: a page is kept by nobody, says its type, and says when to try again where that helps.
func TestAnswerOfARefusal(t *testing.T) {
	k, _ := newKit(t)
	var log strings.Builder
	k.Log = slog.New(slog.NewTextHandler(&log, nil))
	h := k.Router(routes(k))
	for path, c := range map[string]struct {
		retry  string
		logged bool
	}{"/down": {"30", true}, "/panic": {"", true}, "/nowhere": {"", false}} {
		log.Reset()
		got := ask(h, "GET", "https://sso.example"+path).Header()
		if got.Get("Cache-Control") != "no-store" || got.Get("Content-Type") != "text/html; charset=utf-8" || got.Get("Retry-After") != c.retry {
			t.Errorf("%s: %v", path, got)
		}
		if (log.Len() > 0) != c.logged {
			t.Errorf("%s: logged %q", path, log.String())
		}
	}
	if busy := ask(h, "GET", "https://sso.example/busy").Header(); busy.Get("Retry-After") == "" {
		t.Error("throttled without a time to try again")
	}
}

func TestOpenEndpointsSayWhatScriptsMayRead(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	if got := ask(h, "GET", "https://sso.example/open").Header().Get("Access-Control-Expose-Headers"); got != "WWW-Authenticate, DPoP-Nonce, Retry-After, X-Reference" {
		t.Errorf("exposed: %q", got)
	}
	got := ask(h, "OPTIONS", "https://sso.example/open").Header()
	if got.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, DPoP" || got.Get("Access-Control-Max-Age") != "3600" {
		t.Errorf("preflight: %v", got)
	}
}

func TestBodyLimit(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router([]Route{{Method: "POST", Path: "/read", Name: "read", Handler: func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusTeapot)
		}
	}}})
	for length, want := range map[int]int{64 << 10: 200, 64<<10 + 1: 413} {
		rec := ask(h, "POST", "https://sso.example/read", func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", length))), int64(length)
		})
		if rec.Code != want {
			t.Errorf("%d bytes: %d, want %d", length, rec.Code, want)
		}
	}
	rec := ask(h, "POST", "https://sso.example/read", func(r *http.Request) {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", 64<<10+1))), -1
	})
	if rec.Code != http.StatusTeapot {
		t.Errorf("more than announced: %d", rec.Code)
	}
}

func TestHostsWithPorts(t *testing.T) {
	for issuer, hosts := range map[string]map[string]int{
		"http://sso.example":       {"sso.example": 200, "sso.example:80": 200, "sso.example:443": 421},
		"https://sso.example:8443": {"sso.example:8443": 200, "sso.example": 421, "sso.example:443": 421},
	} {
		k, _ := newKit(t)
		u, err := url.Parse(issuer)
		if err != nil {
			t.Fatal(err)
		}
		k.Issuer = u
		h := k.Router(routes(k))
		for host, want := range hosts {
			if rec := ask(h, "GET", issuer+"/hello", func(r *http.Request) { r.Host = host }); rec.Code != want {
				t.Errorf("%s at %s: %d, want %d", host, issuer, rec.Code, want)
			}
		}
	}
}
