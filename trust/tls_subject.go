package trust

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// check refuses a name that no certificate could hold.
func (s TLSSubject) check() error {
	bad := func(what string) error { return fmt.Errorf("%s:%s is not %s", s.Kind, s.Value, what) }
	switch s.Kind {
	case "dn":
		if _, err := readDN(s.Value); err != nil {
			return fmt.Errorf("dn:%s %w", s.Value, err)
		}
	case "dns":
		if strings.ContainsAny(s.Value, "*:/@ ") {
			return bad("a host name")
		}
	case "uri":
		if u, err := url.Parse(s.Value); err != nil || !u.IsAbs() {
			return bad("an absolute URI")
		}
	case "ip":
		if _, err := netip.ParseAddr(s.Value); err != nil {
			return bad("an IP address")
		}
	case "email":
		if a, err := mail.ParseAddress(s.Value); err != nil || a.Address != s.Value {
			return bad("a mail address")
		}
	}
	return nil
}

// Names reports whether a certificate holds the name, as RFC 8705, section 2.1.2, has it: the whole subject, or one of its subject
// alternative names. Wildcards mean nothing.
func (s TLSSubject) Names(c *x509.Certificate) bool {
	switch s.Kind {
	case "dn":
		want, err := readDN(s.Value)
		have, ok := subjectOf(c)
		return err == nil && ok && want.same(have)
	case "dns":
		return slices.ContainsFunc(c.DNSNames, func(n string) bool { return strings.EqualFold(n, s.Value) })
	case "uri":
		return slices.ContainsFunc(c.URIs, func(u *url.URL) bool { return u.String() == s.Value })
	case "ip":
		want, err := netip.ParseAddr(s.Value)
		return err == nil && slices.ContainsFunc(c.IPAddresses, func(ip net.IP) bool {
			have, ok := netip.AddrFromSlice(ip)
			return ok && have.Unmap() == want.Unmap()
		})
	case "email":
		return slices.ContainsFunc(c.EmailAddresses, func(m string) bool { return sameMailbox(m, s.Value) })
	}
	return false
}

// sameMailbox compares the part before the @ as it is, and the domain without regard to case (RFC 5280, section 7.5).
func sameMailbox(a, b string) bool {
	at, bt := strings.LastIndexByte(a, '@'), strings.LastIndexByte(b, '@')
	return at >= 0 && bt >= 0 && a[:at] == b[:bt] && strings.EqualFold(a[at:], b[bt:])
}
