package components

import (
	"context"
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FreePort returns a TCP port of 127.0.0.1 that was free a moment ago.
func FreePort(tb testing.TB) int {
	tb.Helper()
	for range 50 {
		port := 20000 + rand.IntN(12000) // below what the system hands out for outgoing connections, which could take it meanwhile
		if l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	tb.Fatal("no free port found")
	return 0
}

// Client returns an HTTP client with a cookie jar of its own that trusts the
// CA (none: plain HTTP only), finds *.localhost at 127.0.0.1, presents the
// certificates when asked, and does not follow redirects: the tests look at
// each one. Use Follow for a client that does.
func Client(tb testing.TB, ca *CA, present ...tls.Certificate) *http.Client {
	tb.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: present}
	if ca != nil {
		config.RootCAs = ca.Pool()
	}
	transport := &http.Transport{DialContext: DialLocalhost, TLSClientConfig: config}
	tb.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Jar:           jar,
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Follow returns a client that shares the jar and connections of c and follows
// up to ten redirects.
func Follow(c *http.Client) *http.Client {
	f := *c
	f.CheckRedirect = nil
	return &f
}

// Get asks for a page as a browser would (mod_auth_openidc answers 401, not a
// redirect, to a client that does not accept text/html) and returns the answer
// with its body read, at most 8 MiB.
func Get(tb testing.TB, client *http.Client, address string) (*http.Response, string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return fetch(tb, client, req)
}

// Post sends a form as a browser would and returns the answer with
// its body read.
func Post(tb testing.TB, client *http.Client, address string, form url.Values) (*http.Response, string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return fetch(tb, client, req)
}

func fetch(tb testing.TB, client *http.Client, req *http.Request) (*http.Response, string) {
	tb.Helper()
	req.Header.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	if err != nil {
		tb.Fatal(err)
	}
	return resp, string(body)
}

// DialLocalhost dials like a net.Dialer, but localhost and every name under it
// (RFC 6761 6.3) mean 127.0.0.1, whatever the resolver says.
func DialLocalhost(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	return dialer.DialContext(ctx, network, address)
}
