package config

import (
	"strings"
	"testing"
)

// TestProblems has one row for every way a file can be wrong. A row's text
// begins on line 9, below minimal; a row with a key says that key anew, and so
// begins on line 8.
// agentCards are the cards that agents cannot do without.
const agentCards = "authenticators: { smartcard: { revocation: { mode: 'off' } } }\nlisteners: { card: { client_ca: card-ca.pem } }\n"

func TestProblems(t *testing.T) {
	for _, row := range []struct {
		name, key, text string
		want            []string
	}{
		// Keys.
		{"unknown", "", "lisen: x", []string{`9:1: error: unknown key "lisen", did you mean "listen"?`}},
		{"unknown in group", "", "session: { idel: 5m }", []string{`9:12: error: session: unknown key "idel", did you mean "idle"?`}},
		{"unknown here, known elsewhere", "", "clock_skew: 1m", []string{`9:1: error: unknown key "clock_skew", did you mean "saml.clock_skew"?`}},
		{"known twice elsewhere", "", "address: 1", []string{`9:1: error: unknown key "address"`}},
		{"nothing like it", "", "session: { zzzzzz: 1 }", []string{`9:12: error: session: unknown key "zzzzzz", known are idle, absolute, on_card_removal, resume, suspended_apps, switch, elsewhere`}},
		{"half a name", "tls", "tls: { cert: tls.crt, key: tls.key }", []string{
			`8:14: error: tls.cert: has no key beside it, set key_file`,
			`8:23: error: tls: unknown key "key", did you mean "key_file"?`}},
		{"of a later version", "", "wards: { default: shared }", []string{`9:1: error: unknown key "wards"`}},
		{"duplicate", "", "data: other", []string{`9:1: error: duplicate key "data", first on line 5`}},
		{"duplicate in group", "", "log: { level: info, level: warn }", []string{`9:21: error: log: duplicate key "level", first on line 9`}},
		{"shorthand twice", "", "listen: ':1'\nlisteners: { public: { address: ':2' } }", []string{`10:24: error: listeners.public.address: listen (9) says the same thing, keep one`}},
		{"merge", "", "log: &l { level: info }\ntrace: { <<: *l }", []string{`10:10: error: trace: merge keys are not supported, write the keys out`}},
		{"key is a list", "", "? [a]\n: b", []string{`9:3: error: a key must be a plain word`}},
		{"null value", "", "listen:", []string{`9:8: error: listen: has no value`}},
		{"empty group", "", "session:", nil},
		{"group is scalar", "", "session: 15m", []string{`9:10: error: session: must be a mapping with keys such as idle`}},
		{"group is list", "", "log: [json]", []string{`9:6: error: log: must be a mapping with keys such as format`}},
		{"scalar is mapping", "", "listen: { port: 1 }", []string{`9:9: error: listen: must be a single value`}},
		{"scalar is list", "data", "data: [x]", []string{`8:7: error: data: must be a single value`}},
		{"list is scalar", "trusted_proxies", `trusted_proxies: "10.0.1.0/24"`, []string{`8:18: error: trusted_proxies: must be a list, write ["10.0.1.0/24"]`}},
		{"list is mapping", "trusted_proxies", "trusted_proxies: { a: b }", []string{`8:18: error: trusted_proxies: must be a list`}},
		{"item is list", "trusted_proxies", "trusted_proxies: [[]]", []string{`8:19: error: trusted_proxies: an item must be a single value`}},
		{"item is null", "trusted_proxies", "trusted_proxies: [~]", []string{`8:19: error: trusted_proxies: an item must be a single value`}},
		{"tag", "", "listen: !!str ':1'", []string{`9:9: error: tags (!!str) are not allowed`}},
		{"too many aliases", "trusted_proxies", "trusted_proxies: [&a '10.0.1.0/24'" + strings.Repeat(", *a", 66) + "]", []string{`8:293: error: more than 64 aliases in one file`}},

		// Typed values.
		{"no unit", "", "session: { idle: 15 }", []string{`9:18: error: session.idle: "15" has no unit, write "15m"`}},
		{"no unit, seconds", "", "oidc: { code_life: 90 }", []string{`9:20: error: oidc.code_life: "90" has no unit, write "90s"`}},
		{"no unit, zero", "", "saml: { clock_skew: 0 }", []string{`9:21: error: saml.clock_skew: "0" has no unit, write "0m"`}},
		{"not a duration", "", "session: { idle: soon }", []string{`9:18: error: session.idle: "soon" is not a duration, write it like "15m" or "1h30m" (units d, h, m, s, ms)`}},
		{"negative duration", "", "session: { idle: -5m }", []string{`9:18: error: session.idle: "-5m" is not a duration, write it like "15m" or "1h30m" (units d, h, m, s, ms)`}},
		{"too long", "", "saml: { clock_skew: 6m }", []string{`9:21: error: saml.clock_skew: "6m" is too long, the most is "5m"`}},
		{"its own signature refused", "", "saml: { refuse_algorithms: [aes128-cbc, rsa-sha256] }", []string{`9:28: error: saml.refuse_algorithms: rsa-sha256 is what the hub signs with (saml.sign)`}},
		{"too short", "", "session: { idle: 1s }", []string{`9:18: error: session.idle: "1s" is too short, the least is "1m"`}},
		{"no language", "", "saml: { metadata: { description: [A hub] } }", []string{`9:35: error: saml.metadata.description: "A hub" does not say its language, write "en=A hub"`}},
		{"odd language", "", "saml: { metadata: { description: [English=A hub] } }", []string{`9:35: error: saml.metadata.description: "English=A hub" does not say its language, write "en=English=A hub"`}},
		{"language alone", "", "saml: { metadata: { description: [en=] } }", []string{`9:35: error: saml.metadata.description: "en=" has no text behind its language`}},
		{"long description", "", "saml: { metadata: { description: [en=" + strings.Repeat("a", 254) + "] } }", []string{`9:35: error: saml.metadata.description: has more than 256 characters, and other software may cut it`}},
		{"script for a page", "", "saml: { metadata: { privacy_url: ['en=javascript:alert(1)'] } }", []string{`9:35: error: saml.metadata.privacy_url: "javascript:alert(1)" is not the URL of a page`}},
		{"logo without size", "", "saml: { metadata: { logo: [https://a.example/l.png] } }", []string{`9:28: error: saml.metadata.logo: "https://a.example/l.png" is not a logo, write it like "80x60 https://trust.example/logo.png"`}},
		{"logo by http", "", "saml: { metadata: { logo: ['8x6 http://a.example/l.png'] } }", []string{`9:28: error: saml.metadata.logo: "8x6 http://a.example/l.png" is not a logo, write it like "80x60 https://trust.example/logo.png"`}},
		{"mailbox", "", "saml: { metadata: { contacts: { support: [help] } } }", []string{`9:43: error: saml.metadata.contacts.support: "help" is not a mailbox, write it like "Service desk <help@trust.example>"`}},
		{"uri", "", "saml: { metadata: { publisher: rx1 } }", []string{`9:32: error: saml.metadata.publisher: "rx1" is not an absolute URI`}},
		{"place", "", "saml: { metadata: { hints: { locations: [London] } } }", []string{`9:42: error: saml.metadata.hints.locations: "London" is not a place, write it like "geo:51.5,-0.1"`}},
		{"instant", "", "saml: { metadata: { registration: { authority: 'urn:x:y', instant: today } } }", []string{`9:68: error: saml.metadata.registration.instant: "today" is not a time, write it like "2026-11-01T09:00:00Z"`}},
		{"registered by nobody", "", "saml: { metadata: { registration: { instant: '2026-11-01T09:00:00Z' } } }", []string{`9:46: error: saml.metadata.registration.instant: says nothing without saml.metadata.registration.authority`}},
		{"attribute of three words", "", "saml: { metadata: { attributes: [a b c] } }", []string{`9:34: error: saml.metadata.attributes: "a b c" is not a name, nor a name and a friendly name parted by one space`}},
		{"Sirtfi without a contact", "", "saml: { metadata: { assurance: ['https://refeds.org/sirtfi'] } }", []string{`9:32: error: saml.metadata.assurance: https://refeds.org/sirtfi needs a contact in saml.metadata.contacts.security`}},
		{"not a number", "version", "version: many", []string{`8:10: error: version: "many" is not a whole number`}},
		{"boolean yes", "", "oidc: { require_pkce: yes }", []string{`9:23: error: oidc.require_pkce: "yes" is not true or false, write true`}},
		{"boolean off", "", "oidc: { require_pkce: off }", []string{`9:23: error: oidc.require_pkce: "off" is not true or false, write false`}},
		{"boolean other", "", "oidc: { require_pkce: maybe }", []string{`9:23: error: oidc.require_pkce: "maybe" is not true or false`}},
		{"choice misspelt", "", "log: { format: jsn }", []string{`9:16: error: log.format: "jsn" is not one of json, text, did you mean "json"?`}},
		{"choice unlike any", "", "log: { format: xml }", []string{`9:16: error: log.format: "xml" is not one of json, text`}},
		{"only choice", "authenticators", "authenticators: { fido2: { user_verification: discouraged } }", []string{`8:47: error: authenticators.fido2.user_verification: "discouraged" is not known, the only choice is required`}},
		{"empty", "data", `data: ""`, []string{`8:7: error: data: is empty`}},
		{"control character", "data", `data: "a\u0007"`, []string{`8:7: error: data: "a\a" contains a control character`}},
		{"only a port", "", "listen: 443", []string{`9:9: error: listen: "443" is only a port, write ":443"`}},
		{"no port", "", "listen: 10.0.0.1", []string{`9:9: error: listen: "10.0.0.1" is not an address, write it like ":443" or "10.0.8.5:443"`}},
		{"port too large", "", "listen: ':70000'", []string{`9:9: error: listen: ":70000" has no valid port, it is a number up to 65535`}},
		{"host of address", "", "listen: 'a_b:1'", []string{`9:9: error: listen: "a_b" is not a host name`}},
		{"proxy is address", "trusted_proxies", "trusted_proxies: [10.0.1.10]", []string{`8:19: error: trusted_proxies: "10.0.1.10" is an address, write the network "10.0.1.10/32"`}},
		{"proxy with host bits", "trusted_proxies", "trusted_proxies: [10.0.1.10/24]", []string{`8:19: error: trusted_proxies: "10.0.1.10/24" is an address inside a network, write "10.0.1.0/24"`}},
		{"proxy is everyone", "trusted_proxies", "trusted_proxies: [0.0.0.0/0]", []string{`8:19: error: trusted_proxies: "0.0.0.0/0" is everyone: anyone could forge X-Forwarded-For`}},
		{"proxy is a name", "trusted_proxies", "trusted_proxies: [lb]", []string{`8:19: error: trusted_proxies: "lb" is not a network, write it like "10.0.1.0/24"`}},
		{"every item", "trusted_proxies", "trusted_proxies: [a, b]", []string{`8:19: error: trusted_proxies: "a" is not a network, write it like "10.0.1.0/24"`, `8:22: error: trusted_proxies: "b" is not a network, write it like "10.0.1.0/24"`}},
		{"eku", "authenticators", "authenticators: { fido2: {}, smartcard: { eku: [clientauth] } }\nlisteners: { card: { client_ca: card-ca.pem, crl: [card.crl] } }", []string{`8:49: error: authenticators.smartcard.eku: "clientauth" is neither client_auth, smartcard_logon nor a dotted OID, did you mean "client_auth"?`}},
		{"not an AAGUID", "authenticators", "authenticators: { fido2: { attestation: { deny: [abc] } } }", []string{`8:50: error: authenticators.fido2.attestation.deny: "abc" is not an AAGUID, write it like "ee882879-721c-4913-9775-3dfcce97072a"`}},
		{"the zero AAGUID", "authenticators", "authenticators: { fido2: { attestation: { deny: [00000000-0000-0000-0000-000000000000] } } }", []string{`8:50: error: authenticators.fido2.attestation.deny: "00000000-0000-0000-0000-000000000000" is the AAGUID of keys that hide their model`}},
		{"model without assurance", "authenticators", "authenticators: { fido2: { attestation: { mode: listed, models: [ee882879-721c-4913-9775-3dfcce97072a] } } }", []string{`8:66: error: authenticators.fido2.attestation.models: "ee882879-721c-4913-9775-3dfcce97072a" is not a model, its assurance and its name, write it like "ee882879-721c-4913-9775-3dfcce97072a AAL3 Blue key"`}},
		{"model twice", "authenticators", "authenticators: { fido2: { attestation: { mode: listed, roots: tls.crt, models: [ee882879-721c-4913-9775-3dfcce97072a AAL3, EE882879-721c-4913-9775-3dfcce97072a AAL2 x] } } }", []string{`8:81: error: authenticators.fido2.attestation.models: ee882879-721c-4913-9775-3dfcce97072a is there twice`}},
		{"models without proof", "authenticators", "authenticators: { fido2: { attestation: { models: [ee882879-721c-4913-9775-3dfcce97072a AAL3] } } }", []string{`8:51: error: authenticators.fido2.attestation.models: with mode none no key proves its model, write mode: listed or delete this key`}},
		{"listed, none listed", "authenticators", "authenticators: { fido2: { attestation: { mode: listed, roots: tls.crt } } }", []string{`8:49: error: authenticators.fido2.attestation.models is missing: mode listed accepts no other`}},
		{"listed, nothing proves", "authenticators", "authenticators: { fido2: { attestation: { mode: listed, models: [ee882879-721c-4913-9775-3dfcce97072a AAL3] } } }", []string{`8:49: error: authenticators.fido2.attestation.metadata or roots is missing: by what a key would prove its model`}},
		{"certified by nobody", "authenticators", "authenticators: { fido2: { attestation: { mode: certified } } }", []string{`8:49: error: authenticators.fido2.attestation.metadata is missing: it says which models are certified`}},
		{"metadata by anybody", "authenticators", "authenticators: { fido2: { attestation: { metadata: blob.jwt } } }", []string{`8:53: error: authenticators.fido2.attestation.metadata_roots is missing: it says whose signature of the BLOB is believed`}},
		{"metadata not there yet", "authenticators", "authenticators: { fido2: { attestation: { mode: certified, metadata: blob.jwt, metadata_roots: tls.crt } } }", []string{}},
		{"authenticator", "authenticators", "authenticators: [fido2, smartcart]", []string{`8:25: error: authenticators: "smartcart" is not one of fido2, smartcard, did you mean "smartcard"?`}},
		{"authenticator key", "authenticators", "authenticators: { fido2: , fido3: }", []string{`8:28: error: authenticators: unknown key "fido3", did you mean "fido2"?`}},
		{"authenticators is a word", "authenticators", "authenticators: fido2", []string{`8:17: error: authenticators: must be a list such as [fido2, smartcard]`}},
		{"no authenticator", "authenticators", "authenticators: []", []string{`8:17: error: authenticators: names no way to sign in, write [fido2, smartcard]`}},
		{"wildcard", "", "listeners: { card: { host_pattern: card.trust.example } }", []string{`9:36: error: listeners.card.host_pattern: "card.trust.example" must begin with "*.": every attempt gets a host name of its own`}},
		{"ods small", "organisation", "organisation: { name: X, ods: rx1 }", []string{`8:31: error: organisation.ods: "rx1" has small letters, write "RX1"`}},
		{"ods", "organisation", "organisation: { name: X, ods: R }", []string{`8:31: error: organisation.ods: "R" is not an ODS code, write it like "RX1"`}},
		{"scope", "", "log: {}\ntrace: {}\nshutdown: { timeout: 0s }", []string{`11:22: error: shutdown.timeout: "0s" is too short, the least is "1s"`}},

		// Issuer.
		{"issuer slash", "issuer", "issuer: https://h.example/", []string{`8:9: error: issuer: "https://h.example/" has a trailing slash, write "https://h.example"`}},
		{"issuer query", "issuer", "issuer: https://h.example?", []string{`8:9: error: issuer: "https://h.example?" has a query, write "https://h.example"`}},
		{"issuer fragment", "issuer", `issuer: "https://h.example#"`, []string{`8:9: error: issuer: "https://h.example#" has a fragment, write "https://h.example"`}},
		{"issuer path", "issuer", "issuer: https://h.example/hub", []string{`8:9: error: issuer: "https://h.example/hub" has a path, the hub needs a host of its own: write "https://h.example"`}},
		{"issuer user", "issuer", "issuer: https://u:p@h.example", []string{`8:9: error: issuer: has a user name in it, leave that out`}},
		{"issuer http", "issuer", "issuer: http://h.example", []string{`8:9: error: issuer: "http://h.example" must begin with https://; http is only for a host under .localhost`}},
		{"issuer scheme", "issuer", "issuer: ftp://h.example", []string{`8:9: error: issuer: "ftp://h.example" must begin with https://`}},
		{"issuer bare", "issuer", "issuer: h.example", []string{`8:9: error: issuer: "h.example" is not a URL, write it like "https://sso.trust.example"`}},
		{"issuer ip", "issuer", "issuer: https://192.0.2.1", []string{`8:9: error: issuer: "192.0.2.1" is an IP address, a host name is needed: browsers bind credentials to names`}},
		{"issuer ip6", "issuer", "issuer: 'https://[::1]:8443'", []string{`8:9: error: issuer: "::1" is an IP address, a host name is needed: browsers bind credentials to names`}},
		{"issuer odd ip", "issuer", "issuer: https://127.1", []string{`8:9: error: issuer: "127.1" is not a host name, nor an IP address`}},
		{"issuer capitals", "issuer", "issuer: https://H.example", []string{`8:9: error: issuer: "H.example" has capital letters, write "h.example"`}},
		{"issuer usual port", "issuer", "issuer: https://h.example:443", []string{`8:9: error: issuer: "https://h.example:443" names the usual port, write "https://h.example"`}},
		{"issuer port", "issuer", "issuer: https://h.example:099", []string{`8:9: error: issuer: "099" is not a port`}},
		{"issuer host", "issuer", "issuer: https://-h.example", []string{`8:9: error: issuer: "-h.example" is not a host name`}},

		// Absent keys.
		{"version", "version", "", []string{`1:1: error: version is missing`}},
		{"issuer", "issuer", "", []string{`1:1: error: issuer is missing`}},
		{"data", "data", "", []string{`1:1: error: data is missing`}},
		{"in a group", "organisation", "organisation: { name: X }", []string{`8:1: error: organisation.ods is missing`}},
		{"group and all", "keys", "", []string{`1:1: error: keys.signing_file is missing`}},
		{"authenticators", "authenticators", "", []string{`1:1: error: authenticators is missing`}},
		{"unknown version", "version", "version: 2", []string{`8:10: error: version: 2 is not known to this program, which reads version 1`}},

		// Rules between keys.
		{"no tls", "tls", "", []string{`1:1: error: tls is missing: an https issuer needs a certificate, write tls: { cert: FILE, key_file: FILE }`}},
		{"no key", "tls", "tls: { cert: tls.crt }", []string{`8:14: error: tls.cert: has no key beside it, set key_file`}},
		{"no certificate", "tls", "tls: { key_file: tls.key }", []string{`8:18: error: tls.key_file: has no certificate beside it, set cert`}},
		{"http and tls", "issuer", "issuer: http://hub.localhost:8080", []string{
			`3:8: warning: tls.cert: the certificate is not for hub.localhost`,
			`8:9: error: issuer: is http, but a certificate is given: write https://, or delete tls`}},
		{"silence too short", "", "workstation: { silence: 30s }", []string{`9:25: error: workstation.silence: is 0s or at least 1m`}},
		{"idle and absolute", "", "session: { idle: 2h, absolute: 1h }", []string{`9:18: error: session.idle: a session cannot be idle (2h) for longer than it lives (1h)`}},
		{"absolute below idle", "", "session: { absolute: 5m }", []string{`9:22: error: session.absolute: a session cannot be idle (15m) for longer than it lives (5m)`}},
		{"card without authorities", "authenticators", "authenticators: [smartcard]", []string{
			`1:1: warning: listeners.card.crl names no list: every card will be refused`,
			`8:17: error: listeners.card.client_ca is missing: the smartcard authenticator needs the authorities that issue cards`}},
		{"card without lists, allowed", "authenticators", "authenticators: { smartcard: { revocation: { on_unreachable: allow } } }\nlisteners: { card: { client_ca: card-ca.pem } }", []string{`9:14: warning: listeners.card.crl names no list: a revoked card can sign in`}},
		{"card pattern", "authenticators", "authenticators: [smartcard]\nlisteners: { card: { client_ca: card-ca.pem, crl: [card.crl], host_pattern: '*.trust.example' } }", []string{
			`9:14: warning: listeners.card.tls.cert: the certificate is not for *.trust.example`,
			`9:77: error: listeners.card.host_pattern: "*.trust.example" includes the issuer's own host, write "*.card.sso.trust.example"`}},
		{"ticket without authorities", "", "listeners: { ticket: { address: ':1' } }", []string{`9:33: error: listeners.ticket.client_ca is missing: the ticket listener accepts only callers with a certificate`}},
		{"ticket without address", "", "listeners: { ticket: { client_ca: card-ca.pem } }", []string{`9:35: error: listeners.ticket.client_ca: has no effect without listeners.ticket.address`}},
		{"mtls without address", "", "listeners: { mtls: { client_ca: card-ca.pem } }", []string{`9:33: error: listeners.mtls.client_ca: has no effect without listeners.mtls.address`}},
		{"mtls on the issuer's host", "", "listeners: { mtls: { address: ':1', url: 'https://sso.trust.example' } }", []string{`9:42: error: listeners.mtls.url: "sso.trust.example" is the issuer's own host, write "mtls.sso.trust.example"`}},
		{"mtls among the cards", "", "listeners: { mtls: { address: ':1', url: 'https://a.card.sso.trust.example' } }", []string{
			`9:42: error: listeners.mtls.url: "a.card.sso.trust.example" is a host of cards (listeners.card.host_pattern)`}},
		{"mtls by a proxy that nobody trusts", "trusted_proxies", "listeners: { mtls: { address: ':1', client_cert: proxy, proxy_cert: [card-ca.pem] } }", []string{
			`8:50: error: listeners.mtls.client_cert: proxy needs trusted_proxies, whose header Client-Cert is believed`}},
		{"mtls by a proxy without proof", "", "listeners: { mtls: { address: ':1', client_cert: proxy } }", []string{
			`9:50: error: listeners.mtls.client_cert: proxy needs listeners.mtls.proxy_cert, the certificate by which the proxy proves who it is, or a unix socket for address`}},
		{"mtls by a proxy at the public address", "", "listeners: { mtls: { address: ':443', client_cert: proxy, proxy_cert: [card-ca.pem] } }", []string{
			`9:52: error: listeners.mtls.client_cert: proxy needs a listeners.mtls.address that is not the public one`}},
		{"mtls by a proxy on a socket", "trusted_proxies", "listeners: { mtls: { address: 'unix:/run/lanyard/mtls.sock', client_cert: proxy, proxy_protocol: true } }", nil},
		{"mtls on a socket", "", "listeners: { mtls: { address: 'unix:/run/lanyard/mtls.sock' } }", []string{
			`9:14: warning: listeners.mtls.tls.cert: the certificate is not for mtls.sso.trust.example`,
			`9:31: error: listeners.mtls.address: a unix socket is for proxies that pass certificates on, write client_cert: proxy beside it`}},
		{"a socket nowhere", "", "listeners: { mtls: { address: 'unix:mtls.sock', client_cert: proxy } }", []string{
			`9:31: error: listeners.mtls.address: "unix:mtls.sock" is not a socket, write it like "unix:/run/lanyard/card.sock"`}},
		{"a proxy's certificate for nothing", "", "listeners: { mtls: { address: ':443', proxy_cert: [card-ca.pem] } }", []string{
			`9:14: warning: listeners.mtls.tls.cert: the certificate is not for mtls.sso.trust.example`,
			`9:51: error: listeners.mtls.proxy_cert: has no effect without client_cert: proxy`}},
		{"a key for a proxy's certificate", "", "listeners: { mtls: { address: ':1', client_cert: proxy, proxy_cert: [tls.key] } }", []string{
			`9:57: error: listeners.mtls.proxy_cert: DIR/tls.key holds no certificate in PEM`}},
		{"PROXY headers from nobody", "trusted_proxies", "listeners: { ticket: { address: ':1', client_ca: card-ca.pem, proxy_protocol: true } }", []string{
			`8:79: error: listeners.ticket.proxy_protocol: needs trusted_proxies, whose headers are believed`}},
		{"PROXY headers on a shared socket", "", "listeners: { mtls: { address: ':443', proxy_protocol: true } }", []string{
			`9:14: warning: listeners.mtls.tls.cert: the certificate is not for mtls.sso.trust.example`,
			`9:55: error: listeners.mtls.proxy_protocol: has no effect where the listener shares the public socket, write listeners.public.proxy_protocol`}},
		{"PROXY headers without a listener", "", "listeners: { ticket: { proxy_protocol: true } }", []string{
			`9:40: error: listeners.ticket.proxy_protocol: has no effect without listeners.ticket.address`}},
		{"CIBA waits for long", "", "oidc: { ciba: { life: 15m } }", []string{`9:23: error: oidc.ciba.life: a request that asks for nothing (15m) cannot wait for longer than one that does (10m)`}},
		{"CIBA waits for less", "", "oidc: { ciba: { longest_life: 1m } }", []string{`9:31: error: oidc.ciba.longest_life: a request that asks for nothing (5m) cannot wait for longer than one that does (1m)`}},
		{"a device waits for ever", "", "oidc: { device: { life: 31m } }", []string{`9:25: error: oidc.device.life: "31m" is too long, the most is "30m"`}},
		{"response type", "", "oidc: { response_types: [code, token] }", []string{`9:32: error: oidc.response_types: "token" is not one of code, id_token, id_token token, code id_token, code token, code id_token token, none`}},
		{"tokens in the browser", "", "oidc: { response_types: [code, id_token, code token] }", []string{`9:25: warning: oidc.response_types: "code token" gives access tokens to apps through the browser, where scripts, extensions and history can read them (RFC 9700, section 2.1.2)`}},
		{"same address", "", "listeners: { metrics: { address: ':443' } }", []string{`9:34: error: listeners.metrics.address: :443 is taken by listeners.public.address`}},
		{"address everywhere", "", "listen: ':9110'", []string{`9:9: error: listeners.metrics.address: 127.0.0.1:9110 is taken by listen`}},
		{"postgres without dsn", "", "store: { driver: postgres }", []string{`9:18: error: store.dsn_file is missing: the postgres driver needs a connection string`}},
		{"postgres with path", "", "store: { driver: postgres, dsn_file: dsn, path: x }", []string{`9:49: error: store.path: the postgres driver has no file, delete this key`}},
		{"sqlite with dsn", "", "store: { driver: embedded, dsn_file: dsn }", []string{`9:38: error: store.dsn_file: the sqlite driver has no connection string, write driver: postgres or delete this key`}},
		{"secret and file", "", "store: { driver: postgres, dsn: x, dsn_file: dsn }", []string{`9:36: error: store.dsn_file: store.dsn (9) says the same thing, keep one`}},
		{"refused values are not judged twice", "", "session: { idle: 2, absolute: 1 }", []string{`9:18: error: session.idle: "2" has no unit, write "2m"`, `9:31: error: session.absolute: "1" has no unit, write "1h"`}},

		{"agents without cards", "", "tickets: { agent: { enabled: true } }", []string{`9:30: error: tickets.agent.enabled: agents show Smartcards, add smartcard to authenticators`}},
		{"agents without being on", "", "tickets: { agent: { hosts: [gas.trust.example], session_life: 8h, networks: [10.0.0.0/8], sha1_challenges: true } }", []string{
			`9:28: error: tickets.agent.hosts: has no effect without tickets.agent.enabled: true`,
			`9:63: error: tickets.agent.session_life: has no effect without tickets.agent.enabled: true`,
			`9:77: error: tickets.agent.networks: has no effect without tickets.agent.enabled: true`,
			`9:108: error: tickets.agent.sha1_challenges: has no effect without tickets.agent.enabled: true`}},
		{"agents without tickets", "authenticators", agentCards + "tickets: { enabled: false, agent: { enabled: true } }", []string{`10:46: error: tickets.agent.enabled: has no effect while tickets.enabled is false`}},
		{"agents at a host without a certificate", "authenticators", agentCards + "tickets: { agent: { enabled: true, hosts: [gas.trust.example] } }", []string{
			`4:8: warning: tls.cert: the certificate is not for gas.trust.example`}},
		{"agents at the issuer's host", "authenticators", agentCards + "tickets: { agent: { enabled: true, hosts: [sso.trust.example] } }", []string{
			`10:43: error: tickets.agent.hosts: "sso.trust.example" is the issuer's own host; leave it out to have agents call that`}},
		{"agents at a card's host", "authenticators", agentCards + "tickets: { agent: { enabled: true, hosts: [a.card.sso.trust.example] } }", []string{
			`10:43: error: tickets.agent.hosts: "a.card.sso.trust.example" is a host of cards (listeners.card.host_pattern)`}},

		// Files.
		{"absent file", "keys", "keys: { signing_file: no.pem }", []string{`8:9: error: keys.signing_file: DIR/no.pem: no such file or directory`}},
		{"file is directory", "keys", "keys: { signing_file: . }", []string{`8:9: error: keys.signing_file: DIR is a directory`}},
		{"data is file", "data", "data: tls.crt", []string{`8:1: error: data: DIR/tls.crt is not a directory`}},
		{"no private key", "keys", "keys: { signing_file: tls.crt }", []string{
			`8:9: warning: keys.signing_file is readable by others (0644), use 0600`,
			`8:9: error: keys.signing_file: DIR/tls.crt holds no private key in PEM`}},
		{"no private key to decrypt with", "keys", "keys: { signing_file: signing.pem, encryption_file: tls.crt }", []string{
			`8:36: warning: keys.encryption_file is readable by others (0644), use 0600`,
			`8:36: error: keys.encryption_file: DIR/tls.crt holds no private key in PEM`}},
		{"absent encryption keys", "keys", "keys: { signing_file: signing.pem, encryption_file: no.pem }", []string{`8:36: error: keys.encryption_file: DIR/no.pem: no such file or directory`}},
		{"no authorities", "", "listeners: { card: { client_ca: card.crl } }", []string{`9:22: error: listeners.card.client_ca: DIR/card.crl holds no certificate in PEM`}},
		{"absent secret", "", "store: { driver: postgres, dsn_file: no }", []string{`9:38: error: store.dsn_file: DIR/no: no such file or directory`}},
		{"absent list", "", "listeners: { card: { crl: [card.crl, no.crl] } }", []string{`9:22: error: listeners.card.crl: DIR/no.crl: no such file or directory`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems, _ := load(t, without(row.key)+row.text+"\n", nil, Options{})
			expect(t, problems, row.want...)
		})
	}
}

// TestUnparsable has files that are not one YAML document. Nothing else is
// complained about then.
func TestUnparsable(t *testing.T) {
	for _, row := range []struct{ name, text, want string }{
		{"empty key list", "a: [", "1:1: error: not YAML: did not find expected node content"},
		{"tab", "a:\n\tb: 1\n", "2:1: error: not YAML: found character that cannot start any token"},
		{"unknown anchor", "a: 1\nb: *nowhere\n", "2:4: error: not YAML: refers to an anchor that is not there; quote a text that begins with *"},
		{"two documents", minimal + "---\nversion: 1\n", "9:1: error: a second YAML document begins here; the file must hold one"},
		{"garbage after", minimal + "---\n{", "10:1: error: not YAML: did not find expected node content"},
		{"not UTF-8", "a: 1\nb: \xff\n", "2:4: error: not UTF-8 text"},
		{"UTF-16", "\xfe\xffa", "1:1: error: not UTF-8 text"},
		{"control", "a: 1\nb: \x1b[1m\n", "2:4: error: control character U+001B"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems, _ := load(t, row.text, nil, Options{})
			expect(t, problems, row.want)
		})
	}
	t.Run("root is a list", func(t *testing.T) {
		_, problems, _ := load(t, "- a\n", nil, Options{})
		if problems[0] != `1:1: error: the file must be a mapping of keys to values, such as "version: 1"` {
			t.Error(problems)
		}
	})
}

func TestEnvironmentProblems(t *testing.T) {
	for _, row := range []struct{ name, set, want string }{
		{"misspelt", "LANYARD_SESION__IDLE=5m", "LANYARD_SESION__IDLE (environment): error: unknown key, did you mean LANYARD_SESSION__IDLE?"},
		{"one underscore", "LANYARD_LISTENERS_PUBLIC_ADDRESS=:1", "LANYARD_LISTENERS_PUBLIC_ADDRESS (environment): error: unknown key, did you mean LANYARD_LISTENERS__PUBLIC__ADDRESS?"},
		{"small letters", "LANYARD_issuer=x", "LANYARD_issuer (environment): error: unknown key, did you mean LANYARD_ISSUER?"},
		{"nothing like it", "LANYARD_ZZZZZZZZZZZZ=x", "LANYARD_ZZZZZZZZZZZZ (environment): error: unknown key"},
		{"service link", "LANYARD_PORT_443_TCP_ADDR=10.0.0.1", "LANYARD_PORT_443_TCP_ADDR (environment): error: unknown key; Kubernetes sets it for a service called lanyard: set enableServiceLinks to false"},
		{"value", "LANYARD_SESSION__IDLE=15", `LANYARD_SESSION__IDLE (environment): error: session.idle: "15" has no unit, write "15m"`},
		{"empty", "LANYARD_DATA=", "LANYARD_DATA (environment): error: data: is empty"},
		{"authenticator", "LANYARD_AUTHENTICATORS=fido2,card", `LANYARD_AUTHENTICATORS (environment): error: authenticators: "card" is not one of fido2, smartcard`},
		{"secret value", "LANYARD_STORE__DSN=postgres://u:hunter2@h", "LANYARD_STORE__DSN (environment): error: store.dsn: the sqlite driver has no connection string, write driver: postgres or delete this key"},
		{"absent secret file", "LANYARD_STORE__DSN_FILE=no", "LANYARD_STORE__DSN_FILE (environment): error: store.dsn_file: DIR/no: no such file or directory"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, problems, _ := load(t, minimal, []string{row.set}, Options{})
			expect(t, problems, row.want)
		})
	}
	t.Run("value and file", func(t *testing.T) {
		_, problems, _ := load(t, minimal+"store: { driver: postgres, dsn_file: dsn }\n", []string{"LANYARD_STORE__DSN=x"}, Options{})
		expect(t, problems, "LANYARD_STORE__DSN (environment): error: store.dsn: store.dsn_file (9) says the same thing, keep one")
	})
}
