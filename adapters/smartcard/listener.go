package smartcard

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
)

// ClientCAs are the authorities named to the browser, which offers only certificates issued by them.
func (c *Cards) ClientCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, a := range c.authorities {
		for _, certificate := range slices.Concat(a.Roots, a.Intermediates) {
			pool.AddCert(certificate)
		}
	}
	return pool
}

// TLSConfig is for the listener that asks for cards. It asks and does not require: whatever was presented, and
// also nothing, reaches the handler, which calls Accept. Possession of the key is always proved by the
// handshake (RFC 8446, section 4.4.3). Sessions are never resumed, so that every attempt proves it anew, and
// HTTP/2 is not spoken, because its connections are shared between host names.
//
// An http.Server adds HTTP/2 by itself in ServeTLS: give it Protocols with HTTP/1 alone, or a TLS listener. The
// handler must compare the host name of the handshake with that of the request.
func (c *Cards) TLSConfig(certificates ...tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS12,
		Certificates:           certificates,
		ClientAuth:             tls.RequestClientCert,
		ClientCAs:              c.ClientCAs(),
		SessionTicketsDisabled: true,
		NextProtos:             []string{"http/1.1"},
		Renegotiation:          tls.RenegotiateNever,
		VerifyConnection:       c.stapled,
	}
}
