package hub

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"

	"github.com/lanyard-hub/lanyard/config"
)

// TestCipherSuites shakes hands with one suite of TLS 1.2 after the other.
func TestCipherSuites(t *testing.T) {
	cert, ca := authority(t, "sso.example")
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	for _, c := range []struct {
		name  string
		cbc   bool
		suite uint16
		taken bool
	}{
		{"AES-128-GCM", false, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true},
		{"AES-256-GCM", false, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true},
		{"ChaCha20", false, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, false},
		{"CBC", false, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, false},
		{"CBC allowed", true, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, true},
		{"RSA key exchange, CBC allowed", true, tls.TLS_RSA_WITH_AES_128_CBC_SHA, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, CipherSuites: cipherSuites(config.TLS{CBC: c.cbc})}
			client := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{c.suite}, RootCAs: roots, ServerName: "sso.example"}
			if err := handshake(t, server, client); (err == nil) != c.taken {
				t.Errorf("handshake: %v", err)
			}
		})
	}
}

// handshake joins the two over a pipe and returns what the client says of it.
func handshake(t *testing.T, server, client *tls.Config) error {
	t.Helper()
	here, there := net.Pipe()
	done := make(chan error, 1)
	go func() {
		defer there.Close()
		done <- tls.Server(there, server).HandshakeContext(t.Context())
	}()
	err := tls.Client(here, client).HandshakeContext(t.Context())
	_ = here.Close()
	if served := <-done; err == nil && served != nil {
		t.Errorf("the server says %v", served)
	}
	return err
}
