package components_test

import (
	"crypto/tls"
	"net"
	"net/http/httptest"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func serverTLS(leaf *components.Leaf) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{leaf.TLS()}, MinVersion: tls.VersionTLS12}
}

// portOf returns the port of a test server, with its colon.
func portOf(s *httptest.Server) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return ":" + port
}
