package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// peer is the address the request came from: the connection's, or what configured proxies say of it,
// read from the right and only as far as they are trusted. Where a proxy names what is no address nobody knows it: it is empty, is in no
// network, and is not taken for the proxy's own. A proxy that says nothing speaks for itself.
func (k *Kit) peer(r *http.Request) string {
	addr, proxy := k.sender(r)
	said := r.Header.Values("X-Forwarded-For")
	hops := strings.Split(strings.Join(said, ","), ",")
	for i := len(hops) - 1; i >= 0 && proxy && len(said) > 0; i-- {
		next, ok := hopAddr(strings.TrimSpace(hops[i]))
		if !ok {
			return ""
		}
		addr = next.Unmap().WithZone("") // a zone is free text
		proxy = k.trusted(addr)
	}
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

// hopAddr reads an address, which some proxies write with the port: passed over, all their clients would be taken for the proxy, and
// be in whatever network that is in.
func hopAddr(hop string) (netip.Addr, bool) {
	if addr, err := netip.ParseAddr(hop); err == nil {
		return addr, true
	}
	ap, err := netip.ParseAddrPort(hop)
	return ap.Addr(), err == nil
}

// sender is the other end of the connection, as a PROXY header names it where one was demanded, and whether that is a proxy whose
// X-Forwarded-For is believed. A unix socket has no address; only proxies reach it.
func (k *Kit) sender(r *http.Request) (netip.Addr, bool) {
	h := hop(r)
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, h.Proxy && !h.Addr.IsValid()
	}
	addr := ap.Addr().Unmap().WithZone("")
	return addr, k.trusted(addr) && (h.Silent == nil || !h.Silent())
}

func (k *Kit) trusted(a netip.Addr) bool {
	for _, p := range k.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
