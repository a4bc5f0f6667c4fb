package hub

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/web"
)

// certificateHost is a host, or many, whose visitors may show a certificate.
type certificateHost struct {
	name    string // of its listener
	address string
	serves  func(host string) bool
	tls     *tls.Config // nil: a unix socket
	handler http.Handler
	front   front
}

// certificateHosts are those that the configuration asks for: of cards, and of OIDC clients.
func (h *Hub) certificateHosts() ([]certificateHost, error) {
	var out []certificateHost
	l := h.options.Config.Listeners
	if h.cards.handler != nil {
		conf, err := h.cardTLS()
		if err != nil {
			return nil, err
		}
		host := certificateHost{name: "card", address: l.Card.Address, serves: h.isCardHost, tls: conf, handler: h.cards.handler}
		if err := h.putBehind(&host, l.Card.ClientCert, l.Card.ProxyCert, l.Card.ProxyProtocol); err != nil {
			return nil, err
		}
		out = append(out, host)
	}
	if l.MTLS.Address == "" {
		return out, nil
	}
	at, err := url.Parse(l.MTLS.URL)
	if err != nil {
		return nil, fmt.Errorf("hub: address of clients with certificates: %w", err)
	}
	conf, err := serverTLS(l.MTLS.TLS)
	if err != nil {
		return nil, err
	}
	if conf != nil {
		askCertificates(conf)
	}
	var tables [][]web.Route
	for _, p := range h.oidc {
		tables = append(tables, p.TLSRoutes())
	}
	serves := func(host string) bool { return strings.EqualFold(host, at.Hostname()) }
	host := certificateHost{name: "mtls", address: l.MTLS.Address, serves: serves, tls: conf, handler: h.kit.RouterAt(at, tables...)}
	if err := h.putBehind(&host, l.MTLS.ClientCert, l.MTLS.ProxyCert, l.MTLS.ProxyProtocol); err != nil {
		return nil, err
	}
	return append(out, host), nil
}

// putBehind says what stands before a host: a proxy that ends TLS and passes certificates on, one that sends PROXY headers, both or none.
func (h *Hub) putBehind(c *certificateHost, clientCert string, proxies []string, header bool) error {
	c.front = h.frontOf(c.name, c.address, header)
	if sourceOf(clientCert) != web.FromProxy {
		return nil
	}
	c.front.proven, c.front.only = true, openTo(c.address, h.options.Config.TrustedProxies)
	if strings.HasPrefix(c.address, unixSocket) {
		c.tls = nil
		return nil
	}
	return proxyTLS(c.tls, proxies)
}

// sourceOf reads client_cert.
func sourceOf(clientCert string) web.CertificateSource {
	if clientCert == "proxy" {
		return web.FromProxy
	}
	return web.FromConnection
}

// askCertificates makes a configuration ask for a certificate of any issuer, and not insist: whoever calls without one may have
// another way to authenticate. Each connection proves anew who holds the key; none is resumed.
func askCertificates(conf *tls.Config) {
	conf.ClientAuth = tls.RequestClientCert
	conf.SessionTicketsDisabled = true
	conf.NextProtos = []string{"http/1.1"}
}

// mutualTLS is what the OpenID provider has to know of clients' certificates; nil: they can show none.
func (h *Hub) mutualTLS() (*oidc.MutualTLS, error) {
	l := h.options.Config.Listeners.MTLS
	if l.Address == "" {
		return nil, nil
	}
	at, err := url.Parse(l.URL)
	if err != nil {
		return nil, fmt.Errorf("hub: address of clients with certificates: %w", err)
	}
	m := &oidc.MutualTLS{URL: at, Source: sourceOf(l.ClientCert)}
	if l.ClientCA == "" {
		return m, nil
	}
	pem, err := os.ReadFile(l.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("hub: authorities of clients: %w", err)
	}
	if m.Roots = x509.NewCertPool(); !m.Roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("hub: authorities of clients: no certificate in %s", l.ClientCA)
	}
	return m, nil
}

// sharedTLS answers a handshake as the host it names wants it.
func sharedTLS(public *tls.Config, hosts []certificateHost) *tls.Config {
	public = public.Clone()
	public.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		for _, c := range hosts {
			if c.serves(hello.ServerName) {
				return c.tls, nil
			}
		}
		return nil, nil
	}
	return public
}

// bySNI hands a request to the host that its connection was made for.
func bySNI(public http.Handler, hosts []certificateHost) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, c := range hosts {
			if r.TLS != nil && c.serves(r.TLS.ServerName) {
				c.handler.ServeHTTP(w, r)
				return
			}
		}
		public.ServeHTTP(w, r)
	})
}
