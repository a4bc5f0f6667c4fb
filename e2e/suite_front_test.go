package e2e

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startFront answers for the suite with TLS, as its documentation has a reverse proxy do: on one port anybody,
// on the other one whoever presents a certificate, which is passed on unverified.
func (s *conformance) startFront() {
	t := s.t
	t.Helper()
	target, err := url.Parse(s.at)
	if err != nil {
		t.Fatal(err)
	}
	leaf := s.hub.ca.Server(t, suiteHost).TLS()
	for _, at := range [...]struct { // in this order, so that two runs do not wait for one another
		port int
		ask  tls.ClientAuthType
	}{{suitePort, tls.NoClientCert}, {suiteMTLS, tls.RequestClientCert}} {
		s.serveFront(at.port, &tls.Config{Certificates: []tls.Certificate{leaf}, ClientAuth: at.ask, MinVersion: tls.VersionTLS12, CipherSuites: fapiSuites()}, target)
	}
}

// fapiSuites are those that FAPI 2.0 (section 5.2.1) permits with TLS 1.2.
func fapiSuites() []uint16 {
	return []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
}

func (s *conformance) serveFront(port int, config *tls.Config, target *url.URL) {
	t := s.t
	t.Helper()
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(target)
		p.Out.Host = p.In.Host
		p.Out.Header.Set("X-Forwarded-Proto", "https")
		p.Out.Header.Set("X-Forwarded-Host", suiteHost)
		p.Out.Header.Set("X-Forwarded-Port", fmt.Sprint(port))
		p.Out.Header.Set("X-Forwarded-Uri", p.In.RequestURI)
		p.Out.Header.Set("X-Ssl-Protocol", "TLSv1.3")
		if p.In.TLS.Version == tls.VersionTLS12 {
			p.Out.Header.Set("X-Ssl-Protocol", "TLSv1.2")
		}
		p.Out.Header.Set("X-Ssl-Cipher", tls.CipherSuiteName(p.In.TLS.CipherSuite))
		if len(p.In.TLS.PeerCertificates) > 0 {
			block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.In.TLS.PeerCertificates[0].Raw})
			p.Out.Header.Set("X-Ssl-Cert", strings.ReplaceAll(strings.TrimSpace(string(block)), "\n", "\t"))
		}
	}}
	listener := listenInTurn(t, fmt.Sprintf("127.0.0.1:%d", port), config)
	mux := http.NewServeMux()
	mux.Handle("/", proxy)
	mux.HandleFunc(suiteApproving, s.wait)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with the test
	}()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-done
	})
}

// listenInTurn waits for an address that another run of the driver still has: the suite is for one at a time.
func listenInTurn(t *testing.T, address string, config *tls.Config) net.Listener {
	t.Helper()
	for deadline := time.Now().Add(8 * time.Minute); ; time.Sleep(time.Second) {
		listener, err := tls.Listen("tcp", address, config)
		if err == nil {
			return listener
		}
		if !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}
