package httpsource

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// limited checks every request, also redirected ones, and bounds every body.
type limited struct {
	check func(*url.URL) error
	max   int64
	next  *http.Transport
}

// RoundTrip implements http.RoundTripper.
func (l *limited) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := l.check(req.URL); err != nil {
		if req.Body != nil {
			req.Body.Close() // the contract of http.RoundTripper
		}
		return nil, err
	}
	res, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if e := res.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		res.Body.Close()
		return nil, fmt.Errorf("%w: %s was not asked for", ErrEncoding, e)
	}
	if res.ContentLength > l.max {
		res.Body.Close()
		return nil, fmt.Errorf("%w: %d bytes announced", ErrTooLarge, res.ContentLength)
	}
	res.Body = &body{ReadCloser: res.Body, left: l.max}
	return res, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport.
func (l *limited) CloseIdleConnections() { l.next.CloseIdleConnections() }

type body struct {
	io.ReadCloser
	left int64
}

// Read fails with ErrTooLarge once more than the limit has arrived.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}
