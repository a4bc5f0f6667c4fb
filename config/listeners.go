package config

import (
	"net"
	"net/url"
	"strings"
)

const (
	publicTLS = "listeners.public.tls"
	cardTLS   = "listeners.card.tls"
	ticketTLS = "listeners.ticket.tls"
	mtlsTLS   = "listeners.mtls.tls"
)

// checkPairs reports a certificate without key, or a key without certificate.
func (l *loader) checkPairs() {
	for _, group := range []string{publicTLS, cardTLS, ticketTLS, mtlsTLS} {
		cert, key := group+".cert", group+".key_file"
		switch {
		case l.given(cert) && !l.given(key):
			l.fail(l.where(cert), "%s: has no key beside it, set key_file", l.written(cert))
		case l.given(key) && !l.given(cert):
			l.fail(l.where(key), "%s: has no certificate beside it, set cert", l.written(key))
		}
	}
}

func (l *loader) checkPublic() {
	if !l.given("issuer") || !l.good("issuer") {
		return
	}
	cert := publicTLS + ".cert"
	given := l.given(cert) || l.given(publicTLS+".key_file")
	switch insecure := l.cfg.Insecure(); {
	case insecure && given:
		l.fail(l.where("issuer"), "issuer: is http, but a certificate is given: write https://, or delete tls")
	case !insecure && !given:
		l.fail(l.near(l.root.find(cert)), "tls is missing: an https issuer needs a certificate, write tls: { cert: FILE, key_file: FILE }")
	}
}

// checkCard asks for what the smartcard authenticator cannot work without.
func (l *loader) checkCard() {
	if !l.cfg.Authenticators.Smartcard.Enabled {
		return
	}
	card := l.cfg.Listeners.Card
	if !l.given("listeners.card.client_ca") && len(l.cfg.Authenticators.Smartcard.Authorities) == 0 {
		l.fail(l.where("authenticators"), "listeners.card.client_ca is missing: the smartcard authenticator needs the authorities that issue cards")
	}
	if l.cfg.Insecure() {
		if card.TLS.IsZero() && l.good(cardTLS+".cert", cardTLS+".key_file") {
			l.fail(l.where("authenticators"), "listeners.card.tls is missing: cards need TLS, even beside an http issuer")
		}
		if card.Address == l.cfg.Listeners.Public.Address && l.good("listeners.card.address", "listeners.public.address") {
			l.fail(l.where("listeners.card.address"), "listeners.card.address: %q already speaks http, cards need an address of their own", card.Address)
		}
	}
	if host := l.cfg.Host(); host != "" && covers(card.HostPattern, host) {
		l.fail(l.where("listeners.card.host_pattern"), "listeners.card.host_pattern: %q includes the issuer's own host, write %q", card.HostPattern, "*.card."+host)
	}
}

// covers says whether a wildcard pattern includes a host (RFC 6125 6.4.3: the
// star stands for exactly one label).
func covers(pattern, host string) bool {
	_, parent, ok := strings.Cut(host, ".")
	return ok && pattern == "*."+parent
}

func (l *loader) checkMTLS() {
	mtls := l.cfg.Listeners.MTLS
	const group, address = "listeners.mtls", "listeners.mtls.address"
	if !l.given(address) {
		l.unheeded(address, group+".url", group+".client_ca", group+".client_cert", group+".proxy_cert", group+".proxy_protocol", mtlsTLS+".cert", mtlsTLS+".key_file")
		return
	}
	shared := mtls.Address == l.cfg.Listeners.Public.Address && l.good(address, "listeners.public.address")
	switch {
	case shared && l.cfg.Insecure():
		l.fail(l.where(address), "%s: %q already speaks http, certificates need an address of their own", address, mtls.Address)
	case l.good(mtlsTLS+".cert", mtlsTLS+".key_file") && mtls.TLS.IsZero() && l.cfg.Insecure():
		l.fail(l.where(address), "%s is missing: the mtls listener needs a certificate", mtlsTLS)
	}
	l.checkMTLSHost(mtls.URL)
}

func (l *loader) checkMTLSHost(raw string) {
	const key = "listeners.mtls.url"
	u, err := url.Parse(raw)
	if err != nil || !l.good(key) || u.Hostname() == "" {
		return
	}
	switch host := u.Hostname(); {
	case u.Scheme != "https":
		l.fail(l.where(key), "%s: %q must begin with https://", key, raw)
	case host == l.cfg.Host():
		l.fail(l.where(key), "%s: %q is the issuer's own host, write %q", key, host, "mtls."+host)
	case covers(l.cfg.Listeners.Card.HostPattern, host):
		l.fail(l.where(key), "%s: %q is a host of cards (listeners.card.host_pattern)", key, host)
	}
}

func (l *loader) checkTicket() {
	ticket := l.cfg.Listeners.Ticket
	const address, authorities = "listeners.ticket.address", "listeners.ticket.client_ca"
	if !l.given(address) {
		l.unheeded(address, authorities, "listeners.ticket.proxy_protocol", ticketTLS+".cert", ticketTLS+".key_file")
		return
	}
	if !l.given(authorities) {
		l.fail(l.where(address), "%s is missing: the ticket listener accepts only callers with a certificate", authorities)
	}
	if l.good(ticketTLS+".cert", ticketTLS+".key_file") && ticket.TLS.IsZero() && l.cfg.Insecure() {
		l.fail(l.where(address), "%s is missing: the ticket listener needs a certificate", ticketTLS)
	}
}

// checkAddresses reports two listeners on one address. Card and public may
// share one.
func (l *loader) checkAddresses() {
	type listener struct{ path, address string }
	all := []listener{
		{"listeners.public.address", l.cfg.Listeners.Public.Address},
		{"listeners.metrics.address", l.cfg.Listeners.Metrics.Address},
		{"listeners.ticket.address", l.cfg.Listeners.Ticket.Address},
	}
	if l.cfg.Authenticators.Smartcard.Enabled && l.cfg.Listeners.Card.Address != l.cfg.Listeners.Public.Address {
		all = append(all, listener{"listeners.card.address", l.cfg.Listeners.Card.Address})
	}
	if l.cfg.Listeners.MTLS.Address != "" && l.cfg.Listeners.MTLS.Address != l.cfg.Listeners.Public.Address {
		all = append(all, listener{"listeners.mtls.address", l.cfg.Listeners.MTLS.Address})
	}
	for i, b := range all {
		for _, a := range all[:i] {
			if l.good(a.path, b.path) && collide(a.address, b.address) {
				at := b.path
				if !l.given(at) {
					at = a.path
				}
				l.fail(l.where(at), "%s: %s is taken by %s", b.path, b.address, l.written(a.path))
			}
		}
	}
}

// collide says whether two addresses cannot both be listened on. Port 0 is a
// fresh port each time.
func collide(a, b string) bool {
	if strings.HasPrefix(a, unixSocket) {
		return a == b
	}
	hostA, portA, errA := net.SplitHostPort(a)
	hostB, portB, errB := net.SplitHostPort(b)
	if errA != nil || errB != nil || portA != portB || portA == "0" {
		return false
	}
	everywhere := func(h string) bool { return h == "" || h == "0.0.0.0" || h == "::" }
	return hostA == hostB || everywhere(hostA) || everywhere(hostB)
}
