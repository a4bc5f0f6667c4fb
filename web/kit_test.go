package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// counter is an Observer.
type counter struct{ seen []string }

// Request implements Observer.
func (c *counter) Request(route string, status int, _ float64) {
	c.seen = append(c.seen, route+" "+http.StatusText(status))
}

func newKit(t testing.TB) (*Kit, *counter) {
	t.Helper()
	issuer, err := url.Parse("https://sso.example")
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{}
	k := &Kit{
		Issuer: issuer, Log: slog.New(slog.DiscardHandler), Secret: []byte(strings.Repeat("k", 32)), Observe: c,
		Hub:            &bridge.Hub{Clock: func() time.Time { return time.Date(2026, 11, 23, 8, 12, 0, 0, time.UTC) }, Secret: []byte(strings.Repeat("s", 32))},
		Organisation:   Organisation{Name: "Queen Square", Help: "020 7946 0000"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	if err := k.Init(); err != nil {
		t.Fatal(err)
	}
	return k, c
}

func routes(k *Kit) []Route {
	hello := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "hello "+bridge.Peer(r.Context()))
	}
	return []Route{
		{Method: "GET", Path: "/hello", Name: "hello", Handler: hello},
		{Method: "GET", Path: "/once", Name: "once", Handler: hello, Once: true},
		{Method: "GET", Path: "/open", Name: "open_get", Handler: hello, CORS: true},
		{Method: "POST", Path: "/open", Name: "open_post", Handler: hello, CORS: true},
		{Method: "GET", Path: "/item/:id", Name: "item", Handler: func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.PathValue("id")) }},
		{Method: "GET", Path: "/panic", Name: "panic", Handler: func(http.ResponseWriter, *http.Request) { panic("secret detail") }},
		{Method: "GET", Path: "/busy", Name: "busy", Handler: func(w http.ResponseWriter, r *http.Request) {
			k.Refuse(w, r, &bridge.Refusal{Reason: bridge.Throttled})
		}},
		{Method: "GET", Path: "/down", Name: "down", Handler: func(w http.ResponseWriter, r *http.Request) { k.Refuse(w, r, bridge.ErrUnavailable) }},
		{Method: "POST", Path: "/form", Name: "form", MaxBody: 100, Handler: func(w http.ResponseWriter, r *http.Request) {
			if err := k.CheckCSRF(r); err != nil {
				k.Refuse(w, r, err)
			}
		}},
	}
}

func ask(h http.Handler, method, target string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for _, c := range change {
		c(r)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec
}

func TestRouter(t *testing.T) {
	k, c := newKit(t)
	h := k.Router(routes(k))
	for target, want := range map[string]struct {
		method string
		status int
		text   string
	}{
		"/hello":         {"GET", 200, "hello"},
		"/item/a%20b?x":  {"GET", 200, "a b"},
		"/nowhere":       {"GET", 404, "There is no such page"},
		"/hello/":        {"GET", 404, "There is no such page"},
		"/hello?post":    {"POST", 405, "cannot be used in this way"},
		"/panic":         {"GET", 500, "Something went wrong here"},
		"/busy":          {"GET", 429, "Too many tries"},
		"/down":          {"GET", 503, "not available just now"},
		"/static/no.css": {"GET", 404, "There is no such page"},
		"/hello?head":    {"HEAD", 200, ""},
		"/nowhere?head":  {"HEAD", 404, ""},
		"/once":          {"HEAD", 405, ""},
	} {
		rec := ask(h, want.method, "https://sso.example"+target)
		if rec.Code != want.status || !strings.Contains(rec.Body.String(), want.text) {
			t.Errorf("%s %s: %d %s", want.method, target, rec.Code, rec.Body)
		}
		if ref := rec.Header().Get("X-Reference"); len(ref) != 9 || strings.Contains(rec.Body.String(), "secret detail") {
			t.Errorf("%s: reference %q", target, ref)
		}
	}
	c.seen = nil
	ask(h, "GET", "https://sso.example/hello")
	ask(h, "GET", "https://sso.example/panic")
	ask(h, "GET", "https://sso.example/nowhere")
	if got := strings.Join(c.seen, ", "); got != "hello OK, panic Internal Server Error, none Not Found" {
		t.Errorf("counted %s", got)
	}
}

func TestAborted(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router([]Route{{Method: "GET", Path: "/", Name: "x", Handler: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}})
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("an aborted answer was turned into a page")
		}
	}()
	ask(h, "GET", "https://sso.example/")
}

// TestCallerThatHangsUp: whoever tries something and leaves at once is answered like everyone else, so that the
// record has what was tried, and does not wait for a store for ever.
func TestCallerThatHangsUp(t *testing.T) {
	k, _ := newKit(t)
	var seen error
	var bounded, peer bool
	h := k.Router([]Route{{Method: "GET", Path: "/", Name: "x", Handler: func(_ http.ResponseWriter, r *http.Request) {
		seen = r.Context().Err()
		_, bounded = r.Context().Deadline()
		peer = bridge.Peer(r.Context()) != "" && bridge.Ref(r.Context()) != ""
	}}})
	gone, leave := context.WithCancel(t.Context())
	leave()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequestWithContext(gone, "GET", "https://sso.example/", nil))
	if rec.Code != http.StatusOK || seen != nil || !bounded || !peer {
		t.Errorf("status %d, context %v, bounded %t, with peer and reference %t", rec.Code, seen, bounded, peer)
	}
}

func TestTooLarge(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router(routes(k))
	for name, length := range map[string]int64{"announced": 0, "chunked": -1} {
		rec := ask(h, "POST", "https://sso.example/form", func(r *http.Request) {
			r.Body = io.NopCloser(strings.NewReader("csrf=" + strings.Repeat("x", 200)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.ContentLength = 205
			if length < 0 {
				r.ContentLength = -1
			}
		})
		if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "too large") {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
}

func TestEveryReasonHasAPage(t *testing.T) {
	for reason := bridge.Internal; reason <= bridge.Unavailable; reason++ {
		if status, title, advice := PageOf(reason); status < 400 || title == "" || advice == "" || (status == 500) != (reason == bridge.Internal) {
			t.Errorf("%s: %d %q %q", reason, status, title, advice)
		}
	}
}

func TestAssets(t *testing.T) {
	k, _ := newKit(t)
	h := k.Router()
	scripts, page := 0, 0
	for name, path := range assetURLs {
		rec := ask(h, "GET", "https://sso.example"+path, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
		if rec.Code != http.StatusOK || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") || rec.Header().Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s: %d %v", name, rec.Code, rec.Header())
		}
		page += rec.Body.Len()
		z, err := gzip.NewReader(rec.Body)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(plain, ask(h, "GET", "https://sso.example"+path).Body.Bytes()) {
			t.Errorf("%s: compressed and plain differ (%v)", name, err)
		}
		switch {
		case name == "agent.js": // only where agents of workstations are looked for
			if len(plain) > 8<<10 {
				t.Errorf("%s has %d bytes", name, len(plain))
			}
		case strings.HasSuffix(name, ".js"):
			scripts += len(plain)
		}
	}
	if scripts > 15<<9 || page > 25<<10 {
		t.Errorf("scripts have %d bytes, all assets %d compressed", scripts, page)
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"Dr Asha Patel": "Dr Asha Patel", "": "", " a \t\n b ": "a b", "Zoë Ångström 山田": "Zoë Ångström 山田",
		"evil\u202egpj.exe": "evilgpj.exe", "a\u200bb\x00c\x1b[31m": "abc[31m", "\u2066x\u2069": "x", "a\xffb": "ab",
		strings.Repeat("x", 300): strings.Repeat("x", 200) + "…",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"", "Ward 4", "a\u202eb", "\xff\xfe", "x\u2066y\u2069 z\u200b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Plain(s)
		if len([]rune(got)) > longest*2+1 || strings.ContainsAny(got, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\n\r\x00\ufffd") {
			t.Errorf("%q became %q", s, got)
		}
		if !strings.HasSuffix(got, "…") && Plain(got) != got {
			t.Errorf("%q is not stable", got)
		}
	})
}

// TestPostPageMayLeadOn: an app may take the answer at one host and live at another of the same scheme.
func TestPostPageMayLeadOn(t *testing.T) {
	k, _ := newKit(t)
	for action, want := range map[string]string{
		"https://acs.example/a?b": "form-action 'self' https://acs.example https:",
		"http://acs.localhost:1/": "form-action 'self' http://acs.localhost:1 http:",
		"javascript:alert(1)":     "form-action 'self'",
	} {
		rec := httptest.NewRecorder()
		k.PostPage(rec, httptest.NewRequest(http.MethodGet, "/", nil), "", action, "App", Field{"a", "b"})
		if got := rec.Header().Get("Content-Security-Policy"); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", action, got)
		}
	}
}

func TestPolicyCannotBeBrokenOut(t *testing.T) {
	k, _ := newKit(t)
	got := k.policy(PageOptions{FormAction: []string{"https://x; script-src *", "https://a.example", "", "a,b"}, FrameSrc: []string{"https://f.example", "'unsafe-inline'"}})
	if !strings.HasSuffix(got, "form-action 'self' https://a.example; frame-src 'self' https://f.example") {
		t.Error(got)
	}
}
