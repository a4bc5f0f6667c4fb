package config

import (
	"slices"
	"strings"
)

// check applies the rules between keys. Each is one function; a rule keeps
// quiet when a key it looks at was refused already.
func (l *loader) check() {
	for _, rule := range []func(){
		l.checkVersion,
		l.checkIssuer,
		l.checkStore,
		l.checkSession,
		l.checkEmergency,
		l.checkSAML,
		l.checkCIBA,
		l.checkResponseTypes,
		l.checkAuthenticators,
		l.checkRevocation,
		l.checkKeyModels,
		l.checkCardAuthorities,
		l.checkMetadata,
		l.checkPairs,
		l.checkPublic,
		l.checkCard,
		l.checkMTLS,
		l.checkCertificateProxies,
		l.checkProxyHeaders,
		l.checkTicket,
		l.checkAgent,
		l.checkSilence,
		l.checkAddresses,
	} {
		rule()
	}
}

func (l *loader) checkVersion() {
	if l.given("version") && l.good("version") && l.cfg.Version != 1 {
		l.fail(l.where("version"), "version: %d is not known to this program, which reads version 1", l.cfg.Version)
	}
}

func (l *loader) checkIssuer() {
	if l.opts.Production && !l.opts.Lab && l.cfg.Insecure() {
		l.fail(l.where("issuer"), "issuer: %q is for trials on one machine; in production it must begin with https://", l.cfg.Issuer)
	}
}

func (l *loader) checkStore() {
	if !l.good("store.driver", "store.dsn", "store.path") {
		return
	}
	switch l.cfg.Store.Driver {
	case "postgres":
		if !l.given("store.dsn") {
			l.fail(l.where("store.driver"), "store.dsn_file is missing: the postgres driver needs a connection string")
		}
		if l.given("store.path") {
			l.fail(l.where("store.path"), "store.path: the postgres driver has no file, delete this key")
		}
	default:
		if l.given("store.dsn") {
			l.fail(l.where("store.dsn"), "%s: the sqlite driver has no connection string, write driver: postgres or delete this key", l.written("store.dsn"))
		}
	}
}

func (l *loader) checkSession() {
	s := l.cfg.Session
	if l.good("session.idle", "session.absolute") && s.Idle > s.Absolute {
		path := "session.idle"
		if !l.given(path) {
			path = "session.absolute"
		}
		l.fail(l.where(path), "%s: a session cannot be idle (%s) for longer than it lives (%s)",
			path, formatDuration(s.Idle), formatDuration(s.Absolute))
	}
}

func (l *loader) checkSAML() {
	const path = "saml.refuse_algorithms"
	if l.good(path, "saml.sign") && slices.Contains(l.cfg.SAML.Refuse, l.cfg.SAML.Sign) {
		l.fail(l.where(path), "%s: %s is what the hub signs with (saml.sign)", path, l.cfg.SAML.Sign)
	}
}

func (l *loader) checkCIBA() {
	c := l.cfg.OIDC.CIBA
	const life, longest = "oidc.ciba.life", "oidc.ciba.longest_life"
	if l.good(life, longest) && c.Life > c.Longest {
		path := life
		if !l.given(path) {
			path = longest
		}
		l.fail(l.where(path), "%s: a request that asks for nothing (%s) cannot wait for longer than one that does (%s)", path, formatDuration(c.Life), formatDuration(c.Longest))
	}
}

func (l *loader) checkResponseTypes() {
	const types = "oidc.response_types"
	if !l.good(types) {
		return
	}
	for _, kind := range l.cfg.OIDC.ResponseTypes {
		if slices.Contains(strings.Fields(kind), "token") {
			l.warn(l.where(types), "%s: %q gives access tokens to apps through the browser, where scripts, extensions and history can read them (RFC 9700, section 2.1.2)", types, kind)
		}
	}
}

func (l *loader) checkAuthenticators() {
	a := l.cfg.Authenticators
	if l.given("authenticators") && l.good("authenticators") && !a.FIDO2.Enabled && !a.Smartcard.Enabled {
		l.fail(l.where("authenticators"), "authenticators: names no way to sign in, write [%s]",
			strings.Join(l.root.find("authenticators").names(), ", "))
	}
}

func (l *loader) checkRevocation() {
	card := l.cfg.Authenticators.Smartcard
	const mode, lists = "authenticators.smartcard.revocation.mode", "listeners.card.crl"
	if !card.Enabled || !l.good(mode, lists) || !l.given("listeners.card.client_ca") && len(card.Authorities) > 0 {
		return
	}
	switch {
	case card.Revocation.Mode == "off":
		if l.opts.Production {
			l.warn(l.where(mode), "%s: a revoked card can sign in", mode)
		}
	case len(l.cfg.Listeners.Card.CRL) > 0:
	case card.Revocation.OnUnreachable == "deny":
		l.warn(l.where(lists), "%s names no list: every card will be refused", lists)
	default:
		l.warn(l.where(lists), "%s names no list: a revoked card can sign in", lists)
	}
}

// checkKeyModels: a policy that nothing could ever satisfy, or that asks for what is not checked, is a mistake.
func (l *loader) checkKeyModels() {
	const at = "authenticators.fido2.attestation."
	a := l.cfg.Authenticators.FIDO2.Attestation
	if !l.cfg.Authenticators.FIDO2.Enabled || !l.good(at+"mode", at+"models", at+"metadata", at+"metadata_roots", at+"roots") {
		return
	}
	seen := map[string]bool{}
	for _, m := range a.Models {
		id, _, _ := strings.Cut(m, " ")
		if seen[id] {
			l.fail(l.where(at+"models"), "%smodels: %s is there twice", at, id)
		}
		seen[id] = true
	}
	switch {
	case a.Metadata != "" && a.MetadataRoots == "":
		l.fail(l.where(at+"metadata"), "%smetadata_roots is missing: it says whose signature of the BLOB is believed", at)
	case a.Mode == "none" && len(a.Models) > 0:
		l.fail(l.where(at+"models"), "%smodels: with mode none no key proves its model, write mode: listed or delete this key", at)
	case a.Mode == "listed" && len(a.Models) == 0:
		l.fail(l.where(at+"mode"), "%smodels is missing: mode listed accepts no other", at)
	case a.Mode == "listed" && a.Metadata == "" && a.Roots == "":
		l.fail(l.where(at+"mode"), "%smetadata or roots is missing: by what a key would prove its model", at)
	case a.Mode == "certified" && a.Metadata == "":
		l.fail(l.where(at+"mode"), "%smetadata is missing: it says which models are certified", at)
	}
}
