package hub

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/proxyproto"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	unixSocket   = "unix:"
	headerWithin = 3 * time.Second // the PROXY header of a connection
)

var errNotProxy = errors.New("hub: the certificate of this connection is not that of a proxy (proxy_cert)")

// front is what stands before a listener.
type front struct {
	only   func(netip.Addr) bool                    // whose connections are taken; nil: everybody's
	header bool                                     // each begins with a PROXY header
	proven bool                                     // whoever gets through proved to be a proxy
	cut    func(why string, peer net.Addr, _ error) // hears of connections that were closed unheard
}

// openTo is for a listener that only proxies reach: by their networks or, where it is a unix socket, by its mode.
func openTo(address string, networks []netip.Prefix) func(netip.Addr) bool {
	if strings.HasPrefix(address, unixSocket) {
		return nil
	}
	return func(a netip.Addr) bool {
		return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(a) })
	}
}

// before puts what a front demands in front of a listener.
func (f front) before(l net.Listener) net.Listener {
	if f.only != nil {
		l = &closedListener{Listener: l, front: f}
	}
	if f.header {
		l = &proxyproto.Listener{Listener: l, Within: headerWithin, Refused: func(peer net.Addr, err error) { f.cut("header", peer, err) }}
	}
	return l
}

// closedListener takes connections of some addresses alone.
type closedListener struct {
	net.Listener
	front front
}

// Accept closes what comes from elsewhere.
func (l *closedListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, fmt.Errorf("hub: %w", err)
		}
		if l.front.only(addressOf(c.RemoteAddr())) {
			return c, nil
		}
		l.front.cut("stranger", c.RemoteAddr(), errors.New("hub: not a network of trusted_proxies"))
		_ = c.Close() // it is of no use to anybody
	}
}

// addressOf is invalid for a unix socket.
func addressOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// hop keeps with a connection what is known of it before it says anything. It does not wait for it.
func (f front) hop(ctx context.Context, c net.Conn) context.Context {
	h := web.Hop{Proxy: f.proven}
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if p, ok := c.(*proxyproto.Conn); ok {
		h.Silent = func() bool { _, named := p.Source(); return !named }
		c = p.Conn
	}
	h.Addr = addressOf(c.RemoteAddr())
	return web.WithHop(ctx, h)
}

// proxyTLS is for a listener that only proxies speak to: each proves by one of these certificates who it is, and anew on every connection.
func proxyTLS(conf *tls.Config, files []string) error {
	var pins [][sha256.Size]byte
	for _, file := range files {
		certificates, err := certificatesIn("certificate of a proxy", file)
		if err != nil {
			return err
		}
		for _, c := range certificates {
			pins = append(pins, sha256.Sum256(c.Raw))
		}
	}
	conf.ClientAuth, conf.ClientCAs = tls.RequireAnyClientCert, nil
	conf.SessionTicketsDisabled = true
	conf.NextProtos = []string{"http/1.1"}
	conf.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 || !slices.Contains(pins, sha256.Sum256(s.PeerCertificates[0].Raw)) {
			return errNotProxy
		}
		return nil
	}
	return nil
}
