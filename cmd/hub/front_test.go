package hub

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/config"
	"github.com/lanyard-hub/lanyard/web"
)

// proxied starts a listener as wireServers makes one for a host of certificates, and says how it saw each request.
func proxied(t *testing.T, c config.Config, host certificateHost, proxies []string, clientCert string, header bool) *Hub {
	t.Helper()
	h := &Hub{metrics: newMetrics()}
	h.options.Config, h.options.Log = c, slog.New(slog.DiscardHandler)
	h.kit = &web.Kit{TrustedProxies: c.TrustedProxies}
	host.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		certs, err := h.kit.ClientCertificates(r, sourceOf(clientCert))
		resumed := r.TLS != nil && r.TLS.DidResume
		_, _ = fmt.Fprintf(w, "peer=%s certificates=%d resumed=%v refused=%v", r.RemoteAddr, len(certs), resumed, err != nil)
	})
	if err := h.putBehind(&host, clientCert, proxies, header); err != nil {
		t.Fatal(err)
	}
	s := newServer(host.name, host.address, host.handler, host.tls, h.options.Log).behind(host.front)
	if err := s.listen(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.servers = []*server{s}
	done := make(chan struct{})
	go func() { defer close(done); s.serve() }()
	t.Cleanup(func() { _ = s.http.Close(); <-done })
	return h
}

func (h *Hub) dial(t *testing.T) net.Conn {
	t.Helper()
	at := h.servers[0].listener.Addr()
	c, err := net.Dial(at.Network(), at.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// hear sends a request and returns what comes, or how the connection ended.
func hear(c net.Conn, header string) string {
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n"+header+"\r\n"); err != nil {
		return "closed"
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "closed"
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return "closed"
	}
	return string(body)
}

func (h *Hub) cuts(t *testing.T, listener, why string) float64 {
	t.Helper()
	families, err := h.metrics.registerer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if l := m.GetLabel(); f.GetName() == "lanyard_connections_cut_total" && l[0].GetValue() == listener && l[1].GetValue() == why {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func b64(der []byte) string { return base64.StdEncoding.EncodeToString(der) }

func networks(cidr ...string) (out []netip.Prefix) {
	for _, c := range cidr {
		out = append(out, netip.MustParsePrefix(c))
	}
	return out
}

// TestProxyProves: rows 203 and 205. Only the connection of a proxy whose certificate is pinned gets through, from its network; it is not
// resumed, and only then its header counts.
func TestProxyProves(t *testing.T) {
	server, _ := authority(t, "hub.internal")
	pinned, _ := authority(t, "proxy")
	other, _ := authority(t, "proxy")
	file := filepath.Join(t.TempDir(), "proxy.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pinned.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(t *testing.T, from string) *Hub {
		conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{server}}
		c := config.Config{TrustedProxies: networks(from)}
		return proxied(t, c, certificateHost{name: "card", address: "127.0.0.1:0", tls: conf}, []string{file}, "proxy", false)
	}
	cache := &oneTicket{}
	for name, c := range map[string]struct {
		from  string
		shown []tls.Certificate
		want  string
	}{
		"pinned":                     {"127.0.0.0/8", []tls.Certificate{pinned}, "certificates=1 resumed=false refused=false"},
		"another of the same name":   {"127.0.0.0/8", []tls.Certificate{other}, "closed"},
		"none":                       {"127.0.0.0/8", nil, "closed"},
		"pinned, from elsewhere":     {"10.0.0.0/8", []tls.Certificate{pinned}, "closed"},
		"pinned, behind another's":   {"127.0.0.0/8", []tls.Certificate{{Certificate: [][]byte{other.Certificate[0], pinned.Certificate[0]}, PrivateKey: other.PrivateKey}}, "closed"},
		"pinned, with another's key": {"127.0.0.0/8", []tls.Certificate{{Certificate: pinned.Certificate, PrivateKey: other.PrivateKey}}, "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, c.from)
			for range 2 { // the second tries to resume
				conf := &tls.Config{InsecureSkipVerify: true, ClientSessionCache: cache, ServerName: "hub.internal", MinVersion: tls.VersionTLS12} //nolint:gosec // the server of this test
				conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
					if len(c.shown) == 0 {
						return &tls.Certificate{}, nil
					}
					return &c.shown[0], nil
				}
				field := "Client-Cert: :" + b64(pinned.Certificate[0]) + ":\r\n"
				if got := hear(tls.Client(h.dial(t), conf), field); !strings.HasSuffix(got, c.want) {
					t.Errorf("%s, want %s", got, c.want)
				}
			}
			if c.from == "10.0.0.0/8" && h.cuts(t, "card", "stranger") != 2 {
				t.Error("strangers are not counted")
			}
		})
	}
}

// TestProxySocket: who may use the unix socket is a proxy. The socket of a hub that was killed does not keep the next one from starting, and
// one that is in use does.
func TestProxySocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "card.sock")
	old, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	host := certificateHost{name: "card", address: "unix:" + path, tls: &tls.Config{MinVersion: tls.VersionTLS12}}
	if _, err := open(t.Context(), host.address); err == nil {
		t.Fatal("a socket in use was taken over")
	}
	if u, ok := old.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	_ = old.Close()
	cert, _ := authority(t, "card")
	h := proxied(t, config.Config{}, host, nil, "proxy", true)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("%v %v", info.Mode(), err)
	}
	c := h.dial(t)
	if _, err := io.WriteString(c, "PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n"); err != nil {
		t.Fatal(err)
	}
	if got := hear(c, "Client-Cert: :"+b64(cert.Certificate[0])+":\r\n"); got != "peer=192.0.2.7:8080 certificates=1 resumed=false refused=false" {
		t.Error(got)
	}
	if got := hear(h.dial(t), ""); got != "closed" || h.cuts(t, "card", "header") != 1 {
		t.Errorf("without a header: %s", got)
	}
	if err := os.WriteFile(path+".txt", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t.Context(), "unix:"+path+".txt"); err == nil {
		t.Error("a file was replaced")
	}
}

// TestProxyHeaders: row 202. The PROXY header of a trusted proxy names the peer; anybody else's connection is closed before it is heard.
func TestProxyHeaders(t *testing.T) {
	server, _ := authority(t, "sso.example")
	for name, c := range map[string]struct{ from, sent, want string }{
		"of a proxy":                  {"127.0.0.0/8", "PROXY TCP6 2001:db8::7 2001:db8::1 8080 443\r\n", "peer=[2001:db8::7]:8080"},
		"of a proxy, about itself":    {"127.0.0.0/8", "\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "peer=127.0.0.1:"},
		"of a stranger":               {"10.0.0.0/8", "PROXY TCP6 2001:db8::7 2001:db8::1 8080 443\r\n", "closed"},
		"none, of a stranger":         {"10.0.0.0/8", "", "closed"},
		"none, of a proxy":            {"127.0.0.0/8", "", "closed"},
		"two":                         {"127.0.0.0/8", strings.Repeat("PROXY TCP4 192.0.2.7 10.1.1.1 8080 443\r\n", 2), "closed"},
		"with a certificate in a TLV": {"127.0.0.0/8", "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x1b\xc0\x00\x02\x07\x0a\x01\x01\x01\x1f\x90\x01\xbb\x20\x00\x0c\x07\x00\x00\x00\x00\x22\x00\x04evil", "peer=192.0.2.7:8080 certificates=0"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{server}}
			h := proxied(t, config.Config{TrustedProxies: networks(c.from)}, certificateHost{name: "public", address: "127.0.0.1:0", tls: conf}, nil, "connection", true)
			raw := h.dial(t)
			if _, err := io.WriteString(raw, c.sent); err != nil && c.want != "closed" {
				t.Fatal(err)
			}
			got := hear(tls.Client(raw, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}), "") //nolint:gosec // the server of this test
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}
