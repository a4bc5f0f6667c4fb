package httpsource

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// gate decides which addresses may be dialled.
type gate struct {
	private  bool
	loopback bool
}

// blocked networks are never a partner: "this" network, protocol assignments, benchmarks, documentation,
// reserved, and cloud metadata services outside of the link-local range (IANA special-purpose registries).
func blocked() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("100.100.100.200/32"), netip.MustParsePrefix("168.63.129.16/32"),
		netip.MustParsePrefix("fd00:ec2::254/128"), netip.MustParsePrefix("100::/64"), netip.MustParsePrefix("2001:db8::/32"),
		netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("2001::/32"),
	}
}

// embedded IPv4 addresses hide in these networks (NAT64, RFC 6052 and RFC 8215; 6to4, RFC 3056) at this offset.
func embedded(a netip.Addr) (netip.Addr, bool) {
	b := a.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(a), netip.MustParsePrefix("::/96").Contains(a):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(a):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// allows says whether the address may be dialled.
func (g gate) allows(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if a.IsLoopback() {
		return g.loopback
	}
	if !a.IsGlobalUnicast() { // unspecified, link-local (metadata services), multicast, broadcast
		return false
	}
	if a.Is6() {
		if inner, ok := embedded(a); ok {
			return g.allows(inner)
		}
		if netip.MustParsePrefix("64:ff9b:1::/48").Contains(a) {
			return g.private && g.allows(netip.AddrFrom4([4]byte(a.AsSlice()[12:16])))
		}
	}
	for _, p := range blocked() {
		if p.Contains(a) {
			return false
		}
	}
	if a.IsPrivate() || netip.MustParsePrefix("100.64.0.0/10").Contains(a) {
		return g.private
	}
	return true
}

// control runs after name resolution, before the connection, once for every address that is tried.
func (g gate) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q", ErrAddress, address)
	}
	if !g.allows(ap.Addr()) {
		return fmt.Errorf("%w: %s", ErrAddress, ap.Addr())
	}
	return nil
}

// dial sends the reserved names to loopback without asking a resolver, which may not know them or lie.
func (g gate) dial(d *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("%w: %q", ErrAddress, address)
		}
		if localhost(host) {
			address = net.JoinHostPort("127.0.0.1", port)
		}
		return d.DialContext(ctx, network, address)
	}
}

// loopback reports a literal loopback address.
func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}
