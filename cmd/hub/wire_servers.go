package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/lanyard-hub/lanyard/config"
)

// wireServers builds one server for each listener. Where hosts that ask for certificates share the public address, the host name
// in the TLS handshake decides.
func (h *Hub) wireServers(context.Context) error {
	l := h.options.Config.Listeners
	public, err := serverTLS(l.Public.TLS)
	if err != nil {
		return err
	}
	handler := h.publicHandler()
	h.serveECP()
	hosts, err := h.certificateHosts()
	if err != nil {
		return err
	}
	var shared []certificateHost
	for _, c := range hosts {
		if c.address == l.Public.Address && public != nil {
			shared = append(shared, c)
			continue
		}
		s := newServer(c.name, c.address, c.handler, c.tls, h.options.Log).behind(c.front)
		s.http.Protocols = new(http.Protocols)
		s.http.Protocols.SetHTTP1(true) // HTTP/2 connections are shared between host names
		h.servers = append(h.servers, s)
	}
	if len(shared) > 0 {
		public, handler = sharedTLS(public, shared), bySNI(handler, shared)
	}
	h.servers = append(h.servers, newServer("public", l.Public.Address, handler, public, h.options.Log).behind(h.frontOf("public", l.Public.Address, l.Public.ProxyProtocol)))
	if l.Ticket.Address != "" && h.ticket != nil {
		s, err := h.ticketServer(l)
		if err != nil {
			return err
		}
		h.servers = append(h.servers, s)
	}
	h.servers = append(h.servers, newServer("metrics", l.Metrics.Address, h.operations(), nil, h.options.Log))
	return nil
}

// frontOf is for a listener that proxies may stand before, which then name the client in a PROXY header.
func (h *Hub) frontOf(name, address string, header bool) front {
	f := front{header: header, cut: func(why string, peer net.Addr, err error) {
		h.metrics.cut.WithLabelValues(name, why).Inc()
		h.options.Log.Debug("connection closed unheard", "listener", name, "peer", peer.String(), "error", err.Error())
	}}
	if header {
		f.only = openTo(address, h.options.Config.TrustedProxies)
	}
	return f
}

func serverTLS(c config.TLS) (*tls.Config, error) {
	if c.IsZero() {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("hub: TLS certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, CipherSuites: cipherSuites(c)}, nil
}

func (h *Hub) cardTLS() (*tls.Config, error) {
	files := h.options.Config.Listeners.Card.TLS // the public one, if it has none of its own
	cert, err := tls.LoadX509KeyPair(files.Cert, files.Key)
	if err != nil {
		return nil, fmt.Errorf("hub: card TLS certificate: %w", err)
	}
	conf := h.cards.verifier.TLSConfig(cert)
	conf.CipherSuites = cipherSuites(files)
	return conf, nil
}

// isCardHost reports whether a host name matches the pattern of the card hosts: one label and the rest.
func (h *Hub) isCardHost(name string) bool {
	label, rest, ok := strings.Cut(strings.ToLower(name), ".")
	return ok && label != "" && "*."+rest == strings.ToLower(h.options.Config.Listeners.Card.HostPattern)
}

// ticketServer serves role assertions to systems that authenticate by certificate.
func (h *Hub) ticketServer(l config.Listeners) (*server, error) {
	conf, err := serverTLS(l.Ticket.TLS)
	if err != nil {
		return nil, err
	}
	pem, err := os.ReadFile(l.Ticket.ClientCA)
	if err != nil {
		return nil, fmt.Errorf("hub: ticket client CA: %w", err)
	}
	conf.ClientCAs = x509.NewCertPool()
	if !conf.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("hub: ticket client CA: no certificate in %s", l.Ticket.ClientCA)
	}
	conf.ClientAuth = tls.RequireAndVerifyClientCert
	mux := http.NewServeMux()
	for _, route := range h.ticket.ServerRoutes() {
		mux.HandleFunc(route.Method+" "+route.Path, h.kit.Handler(route))
	}
	return newServer("ticket", l.Ticket.Address, mux, conf, h.options.Log).behind(h.frontOf("ticket", l.Ticket.Address, l.Ticket.ProxyProtocol)), nil
}

// operations is the listener for operators: never public, no authentication.
func (h *Hub) operations() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(h.metrics.registerer, promhttp.HandlerOpts{}))
	return mux
}

// ready answers 503 while draining or when the store does not answer.
func (h *Hub) ready(w http.ResponseWriter, r *http.Request) {
	state, status := "ok", http.StatusOK
	if _, err := h.store.Revision(r.Context()); err != nil {
		state, status = "store", http.StatusServiceUnavailable
	}
	if h.draining.Load() {
		state, status = "draining", http.StatusServiceUnavailable
	}
	w.WriteHeader(status)
	fmt.Fprintln(w, state)
}
