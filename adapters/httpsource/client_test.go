package httpsource_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/httpsource"
)

// local is how a test, as the demonstration, reaches a server on loopback.
var local = httpsource.Options{AllowLocalhost: true, MaxBytes: 1000, Timeout: 5 * time.Second}

// named gives the URL of a server under a reserved name.
func named(s *httptest.Server, host string) string {
	u, _ := url.Parse(s.URL)
	return u.Scheme + "://" + net.JoinHostPort(host, u.Port())
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestGetAndPost(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Set-Cookie", "a=b")
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, strings.Join([]string{r.Method, r.Host, r.Header.Get("Content-Type"), r.Header.Get("SOAPAction"), r.Header.Get("Cookie"), r.Header.Get("Accept-Encoding"), string(body)}, "|"))
	})
	c := httpsource.New(local)
	defer c.Close()
	base := named(s, "pas.localhost")
	host := strings.TrimPrefix(base, "http://")
	for name, ask := range map[string]struct {
		do   func() (httpsource.Response, error)
		want string
	}{
		"get": {func() (httpsource.Response, error) { return c.Get(t.Context(), base+"/x") }, "GET|" + host + "|||||"},
		"form": {func() (httpsource.Response, error) {
			return c.PostForm(t.Context(), base, url.Values{"logout_token": {"a b"}})
		}, "POST|" + host + "|application/x-www-form-urlencoded||||logout_token=a+b"},
		"soap": {func() (httpsource.Response, error) {
			return c.Post(t.Context(), base, "text/xml", []byte("<x/>"), httpsource.Header{Name: "SOAPAction", Value: "u"})
		}, "POST|" + host + "|text/xml|u|||<x/>"},
	} {
		for range 2 { // the second time a cookie jar would show
			r, err := ask.do()
			if err != nil || string(r.Body) != ask.want || r.Status != http.StatusTeapot || r.OK() {
				t.Errorf("%s: %d %q %v", name, r.Status, r.Body, err)
			}
		}
	}
}

func TestSize(t *testing.T) {
	for name, c := range map[string]struct {
		size     int
		announce bool
		want     error
	}{
		"exactly": {1000, true, nil}, "exactly, streamed": {1000, false, nil},
		"announced": {1001, true, httpsource.ErrTooLarge}, "streamed": {1001, false, httpsource.ErrTooLarge}, "endless": {1 << 30, false, httpsource.ErrTooLarge},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !c.announce {
				w.(http.Flusher).Flush()
			}
			chunk := bytes.Repeat([]byte("x"), min(c.size, 1<<16))
			for left := c.size; left > 0; left -= len(chunk) {
				if _, err := w.Write(chunk[:min(left, len(chunk))]); err != nil {
					return
				}
			}
		})
		r, err := httpsource.New(local).Get(t.Context(), named(s, "a.localhost"))
		if !errors.Is(err, c.want) || c.want == nil && len(r.Body) != c.size || c.want != nil && r.Body != nil {
			t.Errorf("%s: %d bytes, %v", name, len(r.Body), err)
		}
	}
}

func TestCompressedAnswer(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 500_000))
	z.Close()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(bomb.Bytes())
	})
	if _, err := httpsource.New(local).Get(t.Context(), named(s, "a.localhost")); !errors.Is(err, httpsource.ErrEncoding) {
		t.Errorf("%v", err)
	}
}

func TestHugeHeader(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) })
	if _, err := httpsource.New(local).Get(t.Context(), named(s, "a.localhost")); err == nil {
		t.Error("accepted")
	}
}

// TestSlow: a server that never finishes is given up, in the header and in the body.
func TestSlow(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "x")
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	o := local
	o.Timeout = 50 * time.Millisecond
	for _, path := range []string{"/header", "/body"} {
		_, err := httpsource.New(o).Get(t.Context(), named(s, "a.localhost")+path)
		if e, ok := errors.AsType[net.Error](err); !ok || !e.Timeout() {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := httpsource.New(local).Get(ctx, named(s, "a.localhost")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRedirects(t *testing.T) {
	var hits atomic.Int64
	inner := serve(t, func(w http.ResponseWriter, r *http.Request) { hits.Add(1); io.WriteString(w, "secret") })
	outer := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusTemporaryRedirect)
	})
	to := func(target string) string { return named(outer, "a.localhost") + "/?to=" + url.QueryEscape(target) }
	follow := local
	follow.Redirects = 1
	good := named(inner, "b.localhost")
	if _, err := httpsource.New(local).Get(t.Context(), to(good)); !errors.Is(err, httpsource.ErrRedirect) {
		t.Errorf("followed without leave: %v", err)
	}
	if _, err := httpsource.New(follow).Post(t.Context(), to(good), "text/plain", nil); !errors.Is(err, httpsource.ErrRedirect) {
		t.Errorf("POST redirected: %v", err)
	}
	if _, err := httpsource.New(follow).Get(t.Context(), to(to(good))); !errors.Is(err, httpsource.ErrRedirect) {
		t.Errorf("two redirects: %v", err)
	}
	for target, want := range map[string]error{
		"http://169.254.169.254/latest/": httpsource.ErrURL, "https://169.254.169.254/latest/": httpsource.ErrAddress,
		"https://10.0.0.1/": httpsource.ErrAddress, "http://example.org/": httpsource.ErrURL, "file:///etc/passwd": httpsource.ErrURL,
	} {
		if _, err := httpsource.New(follow).Get(t.Context(), to(target)); !errors.Is(err, want) {
			t.Errorf("to %s: %v", target, err)
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("inner server was reached %d times", n)
	}
	if r, err := httpsource.New(follow).Get(t.Context(), to(good)); err != nil || string(r.Body) != "secret" {
		t.Errorf("allowed redirect: %q %v", r.Body, err)
	}
}

func TestLoopbackIsClosed(t *testing.T) {
	var hits atomic.Int64
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }))
	defer s.Close()
	o := httpsource.Options{AllowPrivate: true, Redirects: 3, RootCAs: pool(s)}
	for _, host := range []string{"127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost", "a.localhost", "A.LOCALHOST."} {
		if _, err := httpsource.New(o).Get(t.Context(), named(s, host)); !errors.Is(err, httpsource.ErrAddress) {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hits.Load() != 0 {
		t.Error("loopback was reached")
	}
}

func TestURLs(t *testing.T) {
	c := httpsource.New(httpsource.Options{})
	for _, bad := range []string{"http://example.org/", "ftp://example.org/", "https:///x", "https://user:secret@example.org/", "https:example.org", "/x", "", "https://exa mple/", "gopher://x/"} {
		if _, err := c.Get(t.Context(), bad); !errors.Is(err, httpsource.ErrURL) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestErrorsKeepQueriesOut(t *testing.T) {
	_, err := httpsource.New(httpsource.Options{}).Get(t.Context(), "https://127.0.0.1/?SAMLRequest=secret")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}

func pool(s *httptest.Server) *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(s.Certificate())
	return p
}

func TestTLS(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	old := httptest.NewUnstartedServer(s.Config.Handler)
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = log.New(io.Discard, "", 0)
	old.StartTLS()
	defer old.Close()
	trusting := local
	trusting.RootCAs = pool(s)
	if r, err := httpsource.New(trusting).Get(t.Context(), s.URL); err != nil || string(r.Body) != "ok" {
		t.Errorf("trusted: %q %v", r.Body, err)
	}
	if _, err := httpsource.New(local).Get(t.Context(), s.URL); err == nil {
		t.Error("unknown authority accepted")
	}
	if _, err := httpsource.New(trusting).Get(t.Context(), named(s, "other.localhost")); err == nil {
		t.Error("certificate of another host accepted")
	}
	trusting.RootCAs = pool(old)
	if _, err := httpsource.New(trusting).Get(t.Context(), old.URL); err == nil {
		t.Error("TLS 1.1 accepted")
	}
}

func TestFresh(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"": 0, "max-age=60": time.Minute, "public, Max-Age=\"3600\"": time.Hour, "no-store": 0, "max-age=-1": 0, "max-age=x, max-age=5": 0, "s-maxage=9": 0,
		"max-age=99999999999": 0,
	} {
		if got := (httpsource.Response{Header: http.Header{"Cache-Control": {header}}}).Fresh(); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
