package config

// checkCardAuthorities looks at what belongs together in each of authenticators.smartcard.authorities.
func (l *loader) checkCardAuthorities() {
	const all = "authenticators.smartcard.authorities"
	for _, a := range l.cfg.Authenticators.Smartcard.Authorities {
		path := join(all, a.Name)
		l.checkAuthorities(path+".certificate_file", a.Certificates)
		l.checkIdentifier(path+".identifier", a.Identifier)
		l.checkLadder(path+".revocation", a.Ladder)
	}
	if l.given("listeners.card.client_ca") && l.root.find(all).child(SimpleAuthority) != nil {
		l.fail(l.keyOf(join(all, SimpleAuthority)), "%s: the name %q is that of the authorities in listeners.card.client_ca", all, SimpleAuthority)
	}
}

// SimpleAuthority is what the authorities of listeners.card.client_ca are called together, in the audit record and in metrics.
const SimpleAuthority = "card"

func (l *loader) checkIdentifier(path string, i CardIdentifier) {
	if !l.good(path+".from", path+".oid", path+".prefix", path+".suffix") {
		return
	}
	needs := i.From == "subject" || i.From == "san_other"
	switch {
	case needs && i.OID == "":
		l.fail(l.where(path+".from"), "%s.oid is missing: %s needs it", path, i.From)
	case !needs && i.OID != "":
		l.fail(l.where(path+".oid"), "%s.oid: says nothing with from: %s", path, i.From)
	case i.From == "none" && (i.Prefix != "" || i.Suffix != ""):
		l.fail(l.where(path+".from"), "%s: says nothing with from: none", path)
	}
}

func (l *loader) checkLadder(path string, r AuthorityRevocation) {
	if !l.good(path+".mode", path+".fresh", path+".stale", path+".crl_files", path+".crl_url", path+".ocsp_url") {
		return
	}
	if r.Mode == "off" {
		if l.opts.Production {
			l.warn(l.where(path+".mode"), "%s.mode: a revoked card can sign in", path)
		}
		return
	}
	lists := len(r.Files) > 0 || len(r.Lists) > 0
	switch {
	case r.Stale != 0 && r.Stale < r.Fresh:
		l.fail(l.where(path+".stale"), "%s.stale: is shorter than fresh (%s)", path, formatDuration(r.Fresh))
	case r.Mode == "crl" && !lists:
		l.warn(l.where(path+".mode"), "%s: neither crl_files nor crl_url: every card will be refused", path)
	case r.Mode == "crl" && r.Responder != "":
		l.fail(l.where(path+".ocsp_url"), "%s.ocsp_url: is not asked with mode: crl, write crl+ocsp", path)
	case r.Mode == "ocsp" && r.Responder == "":
		l.warn(l.where(path+".mode"), "%s: no ocsp_url: only cards whose handshake carries an OCSP answer can sign in", path)
	case r.Mode == "crl+ocsp" && (!lists || r.Responder == ""):
		l.fail(l.where(path+".mode"), "%s.mode: crl+ocsp needs a list (crl_files or crl_url) and ocsp_url", path)
	}
	if len(r.Deltas) > 0 && !lists {
		l.fail(l.where(path+".delta_url"), "%s.delta_url: a delta says nothing without its list, set crl_files or crl_url", path)
	}
	if r.StaleAssurance > 2 && r.Stale > 0 && l.opts.Production {
		l.warn(l.where(path+".stale_assurance"), "%s.stale_assurance: stale evidence is as good as fresh", path)
	}
}
