package demo

import "fmt"

// settingsName is a configuration file for the other commands: lanyard partner apply --lab --config DIR/demo.yaml.
const settingsName = "demo.yaml"

// cis2Path is that of the demo's second issuer, for apps of NHS CIS2.
const cis2Path = "/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare"

// writeSettings says what configuration() does, as far as commands that read and change the store need it. The
// running demo does not read it.
func (d *Demo) writeSettings() error {
	c := d.configuration()
	return d.save(settingsName, fmt.Appendf(nil, `# For commands beside a running demo: lanyard partner apply --lab --config %[1]s -f app.yaml
version: 1
issuer: %[2]s
organisation: { name: %[3]q, ods: %[4]s, scope: %[5]s, help: %[6]q, ra_contact: %[7]q }
listeners:
  public: { address: %[8]q }
  card: { address: %[9]q, host_pattern: %[10]q, client_ca: ca.crt, crl: [cards.crl], tls: { cert: hub/card.crt, key_file: hub/card.key } }
data: hub
keys: { signing_file: hub/signing.pem, encryption_file: hub/encryption.pem }
rbac: { file: %[11]s }
authenticators: [fido2, smartcard]
oidc: { cis2: { path: %[12]s } }
`, settingsName, c.Issuer, c.Organisation.Name, c.Organisation.ODS, c.Organisation.Scope, c.Organisation.Help, c.Organisation.RAContact,
		c.Listeners.Public.Address, c.Listeners.Card.Address, c.Listeners.Card.HostPattern, rbacFile, cis2Path))
}
