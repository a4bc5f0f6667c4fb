package config

import "strings"

// proxied is the value of client_cert that says that TLS ends at a proxy.
const proxied = "proxy"

// behind is what a listener says of proxies in front of it.
type behind struct {
	group      string
	used       bool
	address    string
	clientCert string
	certs      []string
	header     bool
}

// certificateListeners are those where clients show certificates, which a proxy may pass on.
func (l *loader) certificateListeners() []behind {
	card, mtls := l.cfg.Listeners.Card, l.cfg.Listeners.MTLS
	return []behind{
		{"listeners.card", l.cfg.Authenticators.Smartcard.Enabled, card.Address, card.ClientCert, card.ProxyCert, card.ProxyProtocol},
		{"listeners.mtls", mtls.Address != "", mtls.Address, mtls.ClientCert, mtls.ProxyCert, mtls.ProxyProtocol},
	}
}

func (b behind) unix() bool { return strings.HasPrefix(b.address, unixSocket) }

// checkCertificateProxies asks for what makes the word of a proxy about a certificate worth believing: a network, and a proof of who it is.
func (l *loader) checkCertificateProxies() {
	for _, b := range l.certificateListeners() {
		mode, certs, address := b.group+".client_cert", b.group+".proxy_cert", b.group+".address"
		if !b.used || !l.good(mode, certs, address, "trusted_proxies", "listeners.public.address") {
			continue
		}
		if b.clientCert != proxied {
			if b.unix() {
				l.fail(l.where(address), "%s: a unix socket is for proxies that pass certificates on, write client_cert: proxy beside it", address)
			}
			l.unheeded("client_cert: proxy", certs)
			continue
		}
		if b.address == l.cfg.Listeners.Public.Address {
			l.fail(l.where(mode), "%s: proxy needs a %s that is not the public one", mode, address)
		}
		if b.unix() {
			continue // who may write to the socket is a proxy
		}
		if len(l.cfg.TrustedProxies) == 0 {
			l.fail(l.where(mode), "%s: proxy needs trusted_proxies, whose header Client-Cert is believed", mode)
		}
		if len(b.certs) == 0 {
			l.fail(l.where(mode), "%s: proxy needs %s, the certificate by which the proxy proves who it is, or a unix socket for address", mode, certs)
		}
	}
}

// checkProxyHeaders asks who may send PROXY headers.
func (l *loader) checkProxyHeaders() {
	listeners := append(l.certificateListeners(),
		behind{group: "listeners.public", used: true, header: l.cfg.Listeners.Public.ProxyProtocol},
		behind{group: "listeners.ticket", used: l.cfg.Listeners.Ticket.Address != "", header: l.cfg.Listeners.Ticket.ProxyProtocol})
	for _, b := range listeners {
		key := b.group + ".proxy_protocol"
		switch {
		case !b.used || !l.given(key) || !l.good(key, "trusted_proxies"):
		case b.address != "" && b.address == l.cfg.Listeners.Public.Address:
			l.fail(l.where(key), "%s: has no effect where the listener shares the public socket, write listeners.public.proxy_protocol", key)
		case b.header && len(l.cfg.TrustedProxies) == 0 && !b.unix():
			l.fail(l.where(key), "%s: needs trusted_proxies, whose headers are believed", key)
		}
	}
}

// seenAs is the host name that whoever connects expects in a listener's certificate; empty where that is a proxy, which has its own idea.
func seenAs(clientCert, host string) string {
	if clientCert == proxied {
		return ""
	}
	return host
}
