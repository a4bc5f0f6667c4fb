package httpsource

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Errors of a fetch. Any of them means that nothing of the answer may be used.
var (
	ErrURL      = errors.New("httpsource: URL is not allowed")
	ErrAddress  = errors.New("httpsource: address is not allowed")
	ErrRedirect = errors.New("httpsource: redirect is not allowed")
	ErrTooLarge = errors.New("httpsource: answer is too large")
	ErrEncoding = errors.New("httpsource: answer is compressed")
)

// maxHeader bounds the header of an answer, in bytes.
const maxHeader = 32 << 10

// Options bound what a Client does.
type Options struct {
	Timeout        time.Duration  // of one exchange with its redirects and body; 10 s if zero
	MaxBytes       int64          // of one body; 1 MiB if zero
	Redirects      int            // followed for GET; zero refuses them all. A POST is never redirected
	AllowPrivate   bool           // private networks (RFC 1918, RFC 4193, RFC 6598) may be reached: partners of a hospital live there
	AllowLocalhost bool           // loopback may be reached, *.localhost means 127.0.0.1, and there plain http is accepted: demo and tests
	AllowHTTP      bool           // plain http may be spoken to any host
	RootCAs        *x509.CertPool // nil: the system's
}

// Client speaks HTTP within its Options. It is safe for concurrent use.
type Client struct {
	options Options
	http    *http.Client
}

// Response is a complete answer, whatever its status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// OK reports a status of 200 to 299.
func (r Response) OK() bool { return r.Status >= 200 && r.Status < 300 }

// Fresh is how long the answer says it may be kept (RFC 9111, section 5.2.2.1); 0: it does not say, or says not at all.
func (r Response) Fresh() time.Duration {
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(name, "max-age") {
			continue
		}
		seconds, err := strconv.ParseUint(strings.Trim(value, `"`), 10, 31)
		if err != nil {
			return 0
		}
		return time.Duration(seconds) * time.Second
	}
	return 0
}

// Header is one more header of a request, e.g. SOAPAction.
type Header struct{ Name, Value string }

// New builds a client.
func New(o Options) *Client {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 20
	}
	c := &Client{options: o}
	gate := gate{private: o.AllowPrivate, loopback: o.AllowLocalhost}
	c.http = &http.Client{
		Timeout:       o.Timeout,
		CheckRedirect: c.redirect,
		Transport: &limited{check: c.allowed, max: o.MaxBytes, next: &http.Transport{
			Proxy:                  nil, // a proxy would resolve names itself, past the gate
			DialContext:            gate.dial(&net.Dialer{Timeout: o.Timeout, Control: gate.control}),
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.RootCAs},
			TLSHandshakeTimeout:    o.Timeout,
			ResponseHeaderTimeout:  o.Timeout,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
		}},
	}
	return c
}

// HTTP is the same client for libraries that need one; every limit holds there too, a body that is too large
// ends in ErrTooLarge while it is read.
func (c *Client) HTTP() *http.Client { return c.http }

// Close drops idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Get fetches a URL.
func (c *Client) Get(ctx context.Context, target string, headers ...Header) (Response, error) {
	return c.exchange(ctx, http.MethodGet, target, nil, headers)
}

// PostForm sends a form, e.g. a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.5).
func (c *Client) PostForm(ctx context.Context, target string, form url.Values, headers ...Header) (Response, error) {
	return c.Post(ctx, target, "application/x-www-form-urlencoded", []byte(form.Encode()), headers...)
}

// Post sends a body.
func (c *Client) Post(ctx context.Context, target, contentType string, body []byte, headers ...Header) (Response, error) {
	return c.exchange(ctx, http.MethodPost, target, body, append([]Header{{"Content-Type", contentType}}, headers...))
}

func (c *Client) exchange(ctx context.Context, method, target string, body []byte, headers []Header) (Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return Response{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	for _, h := range headers {
		req.Header.Set(h.Name, h.Value)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Response{}, fmt.Errorf("httpsource: %s %s: %w", method, req.URL.Host, bare(err))
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return Response{}, fmt.Errorf("httpsource: %s %s: %w", method, req.URL.Host, err)
	}
	return Response{Status: res.StatusCode, Header: res.Header, Body: data}, nil
}

// bare drops the URL that net/http puts into its errors: a query may hold a logout request.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// allowed says whether a URL may be asked at all.
func (c *Client) allowed(u *url.URL) error {
	local := c.options.AllowLocalhost && (localhost(u.Hostname()) || loopback(u.Hostname()))
	switch {
	case u.Host == "" || u.Opaque != "" || u.User != nil:
		return fmt.Errorf("%w: it must name a host and no user", ErrURL)
	case u.Scheme == "https", u.Scheme == "http" && (c.options.AllowHTTP || local):
		return nil
	}
	return fmt.Errorf("%w: scheme %q", ErrURL, u.Scheme)
}

func (c *Client) redirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case first.Method != http.MethodGet && first.Method != http.MethodHead:
		return fmt.Errorf("%w: of a %s", ErrRedirect, first.Method)
	case len(via) > c.options.Redirects:
		return fmt.Errorf("%w: more than %d", ErrRedirect, c.options.Redirects)
	case first.URL.Scheme == "https" && req.URL.Scheme != "https":
		return fmt.Errorf("%w: from https to %s", ErrRedirect, req.URL.Scheme)
	}
	return nil // the URL and the address are checked again when it is sent
}

// localhost reports the names that RFC 6761, section 6.3, reserves for loopback.
func localhost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
