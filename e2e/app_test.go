package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// app is the server of a small app with a name and a certificate of its own. It can be stopped and started at the same address.
type app struct {
	t    *testing.T
	name string
	base string
	addr string
	cert tls.Certificate

	mu     sync.Mutex // of the server, and of what an app notes
	server *http.Server
}

func (h *hub) app(name string) *app {
	h.t.Helper()
	port, host := components.FreePort(h.t), name+".localhost"
	return &app{t: h.t, name: name, base: fmt.Sprintf("https://%s:%d", host, port), addr: fmt.Sprintf("127.0.0.1:%d", port), cert: h.ca.Server(h.t, host).TLS()}
}

func (a *app) serve(handler http.Handler) {
	a.t.Helper()
	l, err := net.Listen("tcp", a.addr)
	if err != nil {
		a.t.Fatal(err)
	}
	srv := &http.Server{Handler: handler, TLSConfig: &tls.Config{Certificates: []tls.Certificate{a.cert}}, ReadHeaderTimeout: 10 * time.Second}
	a.mu.Lock()
	a.server = srv
	a.mu.Unlock()
	go srv.ServeTLS(l, "", "") //nolint:errcheck // it ends by being closed
}

// stop closes it and every connection to it.
func (a *app) stop() {
	a.mu.Lock()
	srv := a.server
	a.mu.Unlock()
	_ = srv.Close() // it may be closed already
}
