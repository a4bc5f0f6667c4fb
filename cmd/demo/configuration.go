package demo

import (
	_ "embed"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"

	"github.com/lanyard-hub/lanyard/config"
)

const (
	hubHost   = "hub.localhost"
	cardHosts = "*.card." + hubHost
)

// rbacDocument is the demo's part of the National RBAC Database, and rbacFile its place in the demo's directory.
//
//go:embed rbac.yaml
var rbacDocument []byte

const rbacFile = "rbac.yaml"

// configuration is what a file would say, in memory: the demo is never a setting of the real program.
func (d *Demo) configuration() config.Config {
	in := func(name string) string { return filepath.Join(d.dir, name) }
	at := func(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }
	c := config.Defaults()
	c.Version, c.Issuer, c.Data = 1, d.issuer, in("hub")
	c.Organisation = config.Organisation{
		Name: "Anytown Hospitals (demo)", ODS: "ZZ901", Help: "there is no help line: this is a demonstration",
		RAContact: "invented, as everyone here", Scope: hubHost,
	}
	c.Listeners.Public.Address, c.Listeners.Metrics.Address = at(d.ports.hub), at(0)
	c.Listeners.Card = config.CardListener{
		Address: at(d.ports.card), PublicPort: d.ports.card, HostPattern: cardHosts, ClientCA: in("ca.crt"), CRL: []string{in("cards.crl")},
		TLS: config.TLS{Cert: in("hub/card.crt"), Key: in("hub/card.key")},
	}
	c.TrustedProxies = []netip.Prefix{}
	c.Store.Driver, c.Store.Path, c.Store.EncryptionKey = "sqlite", in("hub/lanyard.db"), in("hub/store.key")
	c.Keys.Signing, c.Keys.Encryption = in("hub/signing.pem"), in("hub/encryption.pem")
	named := []string{"en=" + c.Organisation.Name} // as a file would derive it
	c.SAML.Metadata.DisplayNames, c.SAML.Metadata.OrganisationNames, c.SAML.Metadata.OrganisationURLs = named, named, []string{"en=" + d.issuer}
	c.RBAC.File = in(rbacFile)
	c.OIDC.CIS2.Path = cis2Path
	c.Authenticators.FIDO2.Enabled, c.Authenticators.Smartcard.Enabled = true, true
	c.Authenticators.Smartcard.Revocation.MaxAge = validity
	c.Tickets.Agent.Enabled = true
	c.Shutdown.Timeout = 2e9 // there is nobody to wait for
	return c
}
