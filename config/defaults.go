package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
)

// derive fills what was not set and whose default depends on other keys. The
// derived tags of the structs say the same in words.
func (l *loader) derive() {
	c := &l.cfg
	fill := func(dst *string, value string) {
		if *dst == "" {
			*dst = value
		}
	}
	if host := c.Host(); host != "" {
		fill(&c.Organisation.Scope, host)
		fill(&c.Listeners.Card.HostPattern, "*.card."+host)
	}
	in := func(dst *[]string, value string) {
		if len(*dst) == 0 && value != "" {
			*dst = []string{"en=" + value}
		}
	}
	in(&c.SAML.Metadata.DisplayNames, c.Organisation.Name)
	in(&c.SAML.Metadata.OrganisationNames, c.Organisation.Name)
	in(&c.SAML.Metadata.OrganisationURLs, c.Issuer)
	if len(c.Emergency.Reasons) == 0 {
		c.Emergency.Reasons = []string{
			"life_at_risk=A patient's life or health is in danger", "urgent_care=Care cannot wait until my access is put right",
			"system_fault=My card or my role does not work because of a fault",
		}
	}
	if c.Data != "" {
		fill(&c.Store.Path, filepath.Join(c.Data, "lanyard.db"))
		fill(&c.Store.EncryptionKey, filepath.Join(c.Data, "store.key"))
	}
	public := c.Listeners.Public
	fill(&c.Listeners.Card.Address, public.Address)
	if card := &c.Listeners.Card; card.PublicPort == 0 {
		card.PublicPort = c.portOf(card.Address, card.ClientCert)
	}
	if c.Listeners.Card.TLS.IsZero() {
		c.Listeners.Card.TLS = public.TLS
	}
	if m := &c.Listeners.MTLS; m.Address != "" {
		fill(&m.URL, c.mtlsURL())
		if m.TLS.IsZero() {
			m.TLS = public.TLS
		}
	}
	if c.Listeners.Ticket.Address != "" && c.Listeners.Ticket.TLS.IsZero() {
		c.Listeners.Ticket.TLS = public.TLS
	}
}

// mtlsURL is where listeners.mtls is reached if nobody says otherwise.
func (c Config) mtlsURL() string {
	host := c.Host()
	if host == "" {
		return ""
	}
	port := c.portOf(c.Listeners.MTLS.Address, c.Listeners.MTLS.ClientCert)
	if port == 0 || port == 443 {
		return "https://mtls." + host
	}
	return "https://mtls." + host + ":" + strconv.Itoa(port)
}

// portOf is the port where browsers and clients reach a listener if nobody says otherwise: its own, or the issuer's where it shares the
// public socket, or stands behind the same proxy. The public side may be mapped to another port than it listens on.
func (c Config) portOf(address, clientCert string) int {
	issuer, err := url.Parse(c.Issuer)
	if err != nil {
		return 0
	}
	port := issuer.Port()
	switch {
	case address != c.Listeners.Public.Address && clientCert != proxied:
		_, port, _ = net.SplitHostPort(address)
	case port == "" && issuer.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}

// required reports every key that must be given and was not.
func (l *loader) required(group *field) {
	for _, f := range group.members() {
		_, set := l.cfg.settings[f.target]
		switch {
		case f.required && !set:
			l.fail(l.near(f), "%s is missing", f.path)
		case f.named, f.group() && !f.shorthand:
			l.required(f)
		}
	}
}

// near is the closest place to a key that is not there: the group it belongs
// in, or the beginning of the file. Without a file, it is its variable.
func (l *loader) near(f *field) place {
	if l.path == "" {
		return place{source: f.variable() + environmentSuffix}
	}
	best := place{source: l.path, line: 1, col: 1}
	at := l.root
	for at != nil && at != f {
		if p, ok := l.groups[at.path]; ok {
			best = p
		}
		at = towards(at, f)
	}
	return best
}

// towards is the child of a group on the way to a field.
func towards(group, f *field) *field {
	for _, c := range group.members() {
		if c == f || len(f.path) > len(c.path) && f.path[:len(c.path)+1] == c.path+"." {
			return c
		}
	}
	return nil
}

// where is the place of a key's value, or the nearest place when it is not
// set.
func (l *loader) where(path string) place {
	if s, ok := l.cfg.settings[path]; ok {
		return s.value
	}
	return l.near(l.root.find(path))
}

// unheeded reports those of the keys that were given although nothing heeds them without another.
func (l *loader) unheeded(without string, paths ...string) {
	for _, path := range paths {
		if l.given(path) {
			l.fail(l.where(path), "%s: has no effect without %s", path, without)
		}
	}
}

// written is the key as the file has it, for messages.
func (l *loader) written(path string) string {
	if s, ok := l.cfg.settings[path]; ok {
		return s.written
	}
	return path
}

// good says whether none of the keys was refused.
func (l *loader) good(paths ...string) bool {
	for _, p := range paths {
		if l.cfg.settings[p].bad {
			return false
		}
	}
	return true
}

// given says whether a key was set, rightly or not.
func (l *loader) given(path string) bool {
	_, ok := l.cfg.settings[path]
	return ok
}
