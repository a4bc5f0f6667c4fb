package web

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Bounds of what a proxy says about a client's certificate.
const (
	maxCertificateField = 16 << 10 // bytes of one header field, encoded
	maxChain            = 8        // certificates beside the client's own
)

// CertificateSource says where a client's certificate is seen.
type CertificateSource int

// The sources. What one does not name is never looked at.
const (
	FromConnection CertificateSource = iota // the TLS connection ends here
	FromProxy                               // it ends at a proxy, which says so in Client-Cert (RFC 9440)
)

// ClientCertificates are those that a request's client showed, its own first; none if it showed none. That it has the key was
// proved by a handshake, here or at the proxy; who issued them nobody has asked yet. FromProxy, nothing counts but the word of a proxy
// that proved who it is; FromConnection, nothing but the connection, and not that of a proxy, which is never the client.
func (k *Kit) ClientCertificates(r *http.Request, from CertificateSource) ([]*x509.Certificate, error) {
	switch {
	case from == FromProxy && hop(r).Proxy:
		return forwardedCertificates(r.Header)
	case from == FromProxy || r.TLS == nil || k.fromProxy(r):
		return nil, nil
	}
	return r.TLS.PeerCertificates, nil
}

// fromProxy reports whether a request comes from a configured proxy.
func (k *Kit) fromProxy(r *http.Request) bool {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && k.trusted(ap.Addr().Unmap().WithZone(""))
}

func refuseForwarded(why string) error {
	return bridge.Refuse(bridge.BadRequest, "The proxy in front of the hub sent a header %s (RFC 9440, section 2).", why).WithCode("client_cert_header")
}

// misspelt reports a header that some program on the way takes for Client-Cert or Client-Cert-Chain: with an underscore for a hyphen, as
// CGI has it, or any other mark. A proxy that strikes the one from a request may have let the other through.
func misspelt(h http.Header) bool {
	for name := range h {
		plain := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
				return '-'
			}
			return r
		}, name)
		switch http.CanonicalHeaderKey(plain) {
		case name:
		case "Client-Cert", "Client-Cert-Chain":
			return true
		}
	}
	return false
}

// forwardedCertificates reads Client-Cert and Client-Cert-Chain (RFC 9440, section 2): an item, and a list that may span several
// fields. A second Client-Cert is refused: it may be the client's own.
func forwardedCertificates(h http.Header) ([]*x509.Certificate, error) {
	own, chain := h.Values("Client-Cert"), h.Values("Client-Cert-Chain")
	switch {
	case misspelt(h):
		return nil, refuseForwarded("that is nearly Client-Cert")
	case len(own) == 0 && len(chain) == 0:
		return nil, nil
	case len(own) != 1:
		return nil, refuseForwarded("Client-Cert not once")
	}
	leaf, ok := readCertificate(own[0])
	if !ok {
		return nil, refuseForwarded("Client-Cert that is not one certificate between colons, in base64")
	}
	out := []*x509.Certificate{leaf}
	if len(chain) == 0 {
		return out, nil
	}
	list := strings.Join(chain, ",")
	members := strings.Split(list, ",")
	if len(list) > maxCertificateField || len(members) > maxChain {
		return nil, refuseForwarded("Client-Cert-Chain that is too long")
	}
	for _, member := range members {
		c, ok := readCertificate(strings.Trim(member, " \t"))
		if !ok {
			return nil, refuseForwarded("Client-Cert-Chain that is not a list of certificates between colons, in base64")
		}
		out = append(out, c)
	}
	return out, nil
}

// readCertificate reads a byte sequence (RFC 8941, section 3.3.5) without parameters, as a certificate in DER.
func readCertificate(item string) (*x509.Certificate, bool) {
	if len(item) < 2 || len(item) > maxCertificateField || item[0] != ':' || item[len(item)-1] != ':' {
		return nil, false
	}
	if strings.ContainsAny(item, "\r\n") {
		return nil, false
	}
	der, err := base64.StdEncoding.Strict().DecodeString(item[1 : len(item)-1])
	if err != nil {
		return nil, false
	}
	c, err := x509.ParseCertificate(der)
	return c, err == nil
}
