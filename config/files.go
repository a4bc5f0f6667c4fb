package config

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"strings"
)

// checkFiles looks at every file a key names: whether it is there, is what it
// should be, and is closed to others when it holds a secret.
func (l *loader) checkFiles() {
	if l.opts.SkipFiles {
		return
	}
	l.checkInline()
	for _, f := range l.root.leaves() {
		if f.shorthand || f.fromFile || !f.fileNames() || !l.good(f.target) {
			continue
		}
		for _, name := range l.names(f) {
			l.checkFile(f, name)
		}
	}
	l.checkCertificate(publicTLS, l.cfg.Listeners.Public.TLS, l.publicHosts()...)
	if l.cfg.Authenticators.Smartcard.Enabled {
		l.checkCertificate(cardTLS, l.cfg.Listeners.Card.TLS, seenAs(l.cfg.Listeners.Card.ClientCert, l.cfg.Listeners.Card.HostPattern))
	}
	if l.given(ticketTLS + ".cert") {
		l.checkCertificate(ticketTLS, l.cfg.Listeners.Ticket.TLS, "")
	}
	if u, err := url.Parse(l.cfg.Listeners.MTLS.URL); err == nil && l.given("listeners.mtls.address") {
		l.checkCertificate(mtlsTLS, l.cfg.Listeners.MTLS.TLS, seenAs(l.cfg.Listeners.MTLS.ClientCert, u.Hostname()))
	}
	l.checkAuthorities("listeners.mtls.client_ca", l.cfg.Listeners.MTLS.ClientCA)
	l.checkAuthorities("listeners.card.client_ca", l.cfg.Listeners.Card.ClientCA)
	models := l.cfg.Authenticators.FIDO2.Attestation
	l.checkAuthorities("authenticators.fido2.attestation.metadata_roots", models.MetadataRoots)
	l.checkAuthorities("authenticators.fido2.attestation.roots", models.Roots)
	l.checkAuthorities("listeners.ticket.client_ca", l.cfg.Listeners.Ticket.ClientCA)
	for _, name := range l.cfg.Listeners.Card.ProxyCert {
		l.checkAuthorities("listeners.card.proxy_cert", name)
	}
	for _, name := range l.cfg.Listeners.MTLS.ProxyCert {
		l.checkAuthorities("listeners.mtls.proxy_cert", name)
	}
	l.checkKeys("keys.signing_file", l.cfg.Keys.Signing)
	l.checkKeys("keys.encryption_file", l.cfg.Keys.Encryption)
}

// names returns the file names a leaf holds. Certificates that were taken over
// from the public listener are looked at there.
func (l *loader) names(f *field) []string {
	v := l.value(f)
	if f.list() {
		return v.Interface().([]string)
	}
	if v.String() == "" || !l.given(f.target) && f.derived == "" {
		return nil
	}
	return []string{v.String()}
}

func (l *loader) checkFile(f *field, name string) {
	at := l.keyOf(f.target)
	info, err := os.Stat(name)
	switch {
	case os.IsNotExist(err) && (f.format == "path" || f.format == "newkeyfile"):
	case err != nil && !l.given(f.target):
	case err != nil:
		l.fail(at, "%s: %s: %s", l.written(f.target), name, plain(err))
	case f.target == "data" && !info.IsDir():
		l.fail(at, "data: %s is not a directory", name)
	case f.target == "data":
	case info.IsDir():
		l.fail(at, "%s: %s is a directory", l.written(f.target), name)
	case f.secretFile():
		l.checkMode(at, l.written(f.target), name)
	}
}

// keyOf is the place of a key, or the nearest when it is not set.
func (l *loader) keyOf(path string) place {
	if s, ok := l.cfg.settings[path]; ok {
		return s.key
	}
	return l.near(l.root.find(path))
}

// checkMode warns of a secret file that others than its owner may use.
func (l *loader) checkMode(at place, key, name string) {
	if who, mode := exposed(name); who != "" {
		l.warn(at, "%s is %s (%04o), use 0600", key, who, mode)
	}
}

// exposed says who but the owner may use a file, and its mode.
func exposed(name string) (string, os.FileMode) {
	info, err := os.Stat(name)
	if err != nil {
		return "", 0
	}
	mode := info.Mode().Perm()
	switch {
	case mode&0o004 != 0:
		return "readable by others", mode
	case mode&0o002 != 0:
		return "writable by others", mode
	case mode&0o040 != 0:
		return "readable by group", mode
	case mode&0o020 != 0:
		return "writable by group", mode
	default:
		return "", mode
	}
}

// checkInline judges secrets written into a configuration file that others
// can read: refused in production, else a warning.
func (l *loader) checkInline() {
	who, mode := exposed(l.path)
	if who == "" {
		return
	}
	for _, f := range l.root.leaves() {
		s := l.cfg.settings[f.target]
		if !f.secret || s.written != f.path || s.key.layer != layerFile {
			continue
		}
		severity := Warning
		if l.opts.Production {
			severity = Error
		}
		l.add(Problem{Severity: severity, Source: s.key.source, Line: s.key.line, Col: s.key.col,
			Message: fmt.Sprintf("%s: a secret in a file that is %s (%04o), use %s_file", f.path, who, mode, f.path)})
	}
}

// checkCertificate reads a pair as the listener will, and looks at its dates
// and its host. Files that cannot be read were reported before.
func (l *loader) checkCertificate(group string, pair TLS, patterns ...string) {
	cert, errCert := readBounded(pair.Cert)
	key, errKey := readBounded(pair.Key)
	if errCert != nil || errKey != nil || !l.good(group+".cert", group+".key_file") {
		return
	}
	path := l.written(group + ".cert")
	at := l.keyOf(group + ".cert")
	chain, err := tls.X509KeyPair(cert, key)
	if err != nil {
		if l.given(group + ".cert") {
			l.fail(at, "%s: %s", path, strings.TrimPrefix(err.Error(), "tls: "))
		}
		return
	}
	leaf, err := x509.ParseCertificate(chain.Certificate[0])
	if err != nil {
		return
	}
	if now := l.opts.Now; !now.IsZero() && l.given(group+".cert") {
		if now.After(leaf.NotAfter) {
			l.fail(at, "%s: expired on %s", path, leaf.NotAfter.UTC().Format("2 January 2006"))
		} else if now.Before(leaf.NotBefore) {
			l.fail(at, "%s: not valid before %s", path, leaf.NotBefore.UTC().Format("2 January 2006"))
		}
	}
	for _, pattern := range patterns {
		// Any one label will do where the star is.
		if pattern != "" && leaf.VerifyHostname(strings.Replace(pattern, "*", "a", 1)) != nil {
			l.warn(at, "%s: the certificate is not for %s", path, pattern)
		}
	}
}

// checkAuthorities asks for at least one certificate.
func (l *loader) checkAuthorities(path, name string) {
	if b, err := readBounded(name); err == nil && l.good(path) && !x509.NewCertPool().AppendCertsFromPEM(b) {
		l.fail(l.keyOf(path), "%s: %s holds no certificate in PEM", path, name)
	}
}

// checkKeys asks for at least one private key; the key store reads it all.
func (l *loader) checkKeys(path, name string) {
	b, err := readBounded(name)
	if err != nil || !l.good(path) {
		return
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") && !strings.HasPrefix(block.Type, "ENCRYPTED") {
			return
		}
	}
	l.fail(l.keyOf(path), "%s: %s holds no private key in PEM", path, name)
}
