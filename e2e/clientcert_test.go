package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestClientCertOfAProxy: where TLS ends at a reverse proxy, its header Client-Cert (RFC 9440) authenticates a client. Nobody else
// gets to that listener, not even with the proxy's own certificate from an address that is not a proxy's.
func TestClientCertOfAProxy(t *testing.T) {
	clientCA := components.NewCA(t, "Client CA")
	leaf := clientCA.Issue(t, components.Profile{Hosts: []string{"epr.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	own := components.SelfSigned(t, "proxy", components.ECKey(t))
	inner, outer := components.FreePort(t), components.FreePort(t)
	h := startHubListening(t, "", fmt.Sprintf(`mtls: { address: "127.0.0.1:%d", url: "https://mtls.hub.localhost:%d", client_ca: %q, client_cert: proxy, proxy_cert: [%q] }`, inner, outer, clientCA.File, own.CertFile),
		"trusted_proxies: [127.0.0.2/32]")
	h.apply("proxied", `partner: "999999999941.apps.national"
name: Proxied
protocol: oidc
stage: live
oidc: { auth: tls_client_auth, tls_name: 'dns:epr.example', redirect_uris: [https://epr.example/cb] }
`)
	host := fmt.Sprintf("mtls.hub.localhost:%d", outer)
	h.serveProxy(outer, fmt.Sprintf("https://127.0.0.1:%d", inner), own)
	ask := func(port int, shown *components.Leaf, header string) (int, string) {
		t.Helper()
		conf := &tls.Config{RootCAs: h.ca.Pool(), ServerName: "mtls.hub.localhost", MinVersion: tls.VersionTLS12}
		if shown != nil {
			conf.Certificates = []tls.Certificate{shown.TLS()}
		}
		transport := &http.Transport{TLSClientConfig: conf, DisableKeepAlives: true}
		r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("https://127.0.0.1:%d/oidc/introspect", port), strings.NewReader(url.Values{"client_id": {"999999999941.apps.national"}, "token": {"x"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if header != "" {
			r.Header.Set("Client-Cert", header)
		}
		res, err := transport.RoundTrip(r)
		if err != nil && port == inner {
			return 0, "closed"
		}
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
	forged := ":" + base64.StdEncoding.EncodeToString(leaf.Certificate.Raw) + ":"
	for name, c := range map[string]struct {
		port   int
		shown  *components.Leaf
		header string
		want   string
	}{
		"its certificate, at the proxy":     {outer, leaf, "", `{"active":false}`},
		"none":                              {outer, nil, "", "showed no certificate"},
		"none, and a header":                {outer, nil, forged, "showed no certificate"},
		"another, and a header":             {outer, components.SelfSigned(t, "evil", components.ECKey(t)), forged, "authority"},
		"a header, past the proxy":          {inner, nil, forged, "closed"},
		"the certificate, past the proxy":   {inner, leaf, "", "closed"},
		"the proxy's own, past its address": {inner, own, forged, "closed"},
	} {
		if status, body := ask(c.port, c.shown, c.header); !strings.Contains(body, c.want) || (status == http.StatusOK) != (c.want[0] == '{') {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// serveProxy ends TLS, asks for a certificate, and passes on what was shown. It calls the hub from an address of its own.
func (h *hub) serveProxy(port int, to string, own *components.Leaf) {
	h.t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		h.t.Fatal(err)
	}
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 5 * time.Second}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: h.ca.Pool(), ServerName: "hub.localhost", Certificates: []tls.Certificate{own.TLS()}, MinVersion: tls.VersionTLS12}},
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = p.In.Host
			p.Out.Header.Del("Client-Cert")
			p.Out.Header.Del("Client-Cert-Chain")
			if shown := p.In.TLS.PeerCertificates; len(shown) > 0 {
				p.Out.Header.Set("Client-Cert", ":"+base64.StdEncoding.EncodeToString(shown[0].Raw)+":")
			}
		},
	}
	listener, err := tls.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port), &tls.Config{Certificates: []tls.Certificate{h.ca.Server(h.t, "mtls.hub.localhost").TLS()}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12})
	if err != nil {
		h.t.Fatal(err)
	}
	server := &http.Server{Handler: proxy, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with the test
	}()
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-done
	})
}
