package metadata

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

func (l *linter) keys(sp *ServiceProvider) {
	switch {
	case len(sp.SigningKeys) > maxKeys:
		l.fail("too_many_keys", "there are more than 64 signing keys, and every one is tried on every message")
	case effort(sp.SigningKeys) > maxEffort:
		l.fail("too_many_keys", "there are so many large signing keys that to try them all, as anybody's message can have us do, takes too long")
	}
	switch {
	case len(sp.SigningKeys) == 0 && sp.AuthnRequestsSigned:
		l.fail("no_signing_key", "requests are said to be signed, but there is no key to verify them with")
	case len(sp.SigningKeys) > 0 || len(sp.EncryptionKeys) > 0:
	case l.lab || l.keyless:
		l.warn("no_keys", "there is no usable key: the partner signs nothing, and assertions pass the browser in clear")
	default:
		l.fail("no_keys", "there is no usable key; saml.encrypt: never in the terms takes a partner that neither signs nor decrypts")
	}
	if len(sp.SigningKeys) > 0 && len(sp.EncryptionKeys) == 0 { // SAML2int v2, SDP-MD05
		l.warn("no_encryption_key", "there is no key to encrypt to: assertions pass the browser in clear")
	}
	if len(sp.SigningKeys) == 0 && len(sp.SLO) > 0 {
		l.warn("slo_no_key", "there is a single logout service, but no key to verify its messages with: they will be refused")
	}
}

// maxEffort bounds what one message that names a partner, and is signed by nobody, can cost.
const maxEffort = 60 * time.Millisecond

// effort is about how long it takes to try all keys on a signature. They differ by a factor of two hundred.
func effort(keys []crypto.PublicKey) time.Duration {
	var sum time.Duration
	for _, key := range keys {
		switch k := key.(type) {
		case *rsa.PublicKey:
			size := time.Duration(k.N.BitLen()+1023) / 1024 // it grows with the third power
			sum += size * size * size * 6 * time.Microsecond
		case *ecdsa.PublicKey:
			switch bits := k.Params().BitSize; {
			case bits > 384:
				sum += 7 * time.Millisecond
			case bits > 256:
				sum += 1600 * time.Microsecond
			default:
				sum += 75 * time.Microsecond
			}
		}
	}
	return sum
}

// certificates says what other software may trip over. Here a certificate only carries a key (SAML V2.0 Metadata Interoperability
// Profile 2.6.1).
func (l *linter) certificates(sp *ServiceProvider, now time.Time) {
	for _, der := range sp.Certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil || !now.After(c.NotAfter) {
			continue
		}
		l.warn("certificate_expired", "a certificate expired on "+c.NotAfter.UTC().Format("2006-01-02")+": that changes nothing here, where it only carries a key, but other software may refuse it")
	}
}

func (l *linter) acs(sp *ServiceProvider) {
	if len(sp.ACS) == 0 {
		l.fail("no_acs", "there is no assertion consumer service")
	}
	usable := false
	for _, acs := range sp.ACS {
		l.endpoint("an assertion consumer service", acs.Binding, acs.Location)
		switch acs.Binding {
		case BindingPOST, BindingSimpleSign, BindingArtifact, BindingPAOS:
			usable = true
		case BindingRedirect, BindingSOAP:
			l.warn("acs_binding", "an assertion consumer service has a binding by which no answer may be sent (SAML Profiles 4.1.2)")
		}
	}
	if len(sp.ACS) > 0 && !usable {
		l.fail("acs_unusable", "no assertion consumer service has a binding by which answers are sent: HTTP-POST, HTTP-POST-SimpleSign, HTTP-Artifact or PAOS")
	}
	if repeated(sp.ACS) {
		l.fail("acs_index", "two assertion consumer services have the same index")
	}
}

func (l *linter) artifactResolution(sp *ServiceProvider) {
	for _, s := range sp.ArtifactResolution {
		l.endpoint("an artifact resolution service", s.Binding, s.Location)
		if s.Binding != BindingSOAP {
			l.warn("artifact_binding", "an artifact resolution service has another binding than SOAP and is passed over")
		}
	}
	if repeated(sp.ArtifactResolution) {
		l.fail("artifact_index", "two artifact resolution services have the same index")
	}
}

func repeated(all []IndexedEndpoint) bool {
	seen := map[int]bool{}
	for _, e := range all {
		if seen[e.Index] {
			return true
		}
		seen[e.Index] = true
	}
	return false
}

func (l *linter) slo(sp *ServiceProvider) {
	for _, s := range sp.SLO {
		l.endpoint("a single logout service", s.Binding, s.Location)
		if s.ResponseLocation != "" {
			l.endpoint("a single logout service", s.Binding, s.ResponseLocation)
		}
	}
}

// services looks at what the partner asks for.
func (l *linter) services(sp *ServiceProvider) {
	seen := map[int]bool{}
	for _, s := range sp.Services {
		if seen[s.Index] {
			l.warn("service_index", "two attribute consuming services have the same index; the first one counts")
		}
		seen[s.Index] = true
		if len(s.Names) == 0 {
			l.warn("service_name", "an attribute consuming service has no ServiceName, which the schema wants")
		}
		if len(s.Requested) == 0 {
			l.warn("service_empty", "an attribute consuming service asks for no attribute, which the schema does not allow")
		}
		for _, a := range s.Requested {
			if a.Name == "" {
				l.warn("attribute_name", "a requested attribute has no name")
			}
		}
	}
}

// formats finds names of NameID formats that nobody defined, above all those with the wrong version in them.
func (l *linter) formats(sp *ServiceProvider) {
	const prefix = "urn:oasis:names:tc:SAML:"
	for _, f := range sp.NameIDFormats {
		if slices.Contains(knownFormats(), f) || !strings.HasPrefix(f, prefix) {
			continue
		}
		text := "the NameID format " + shortened(f) + " does not exist"
		for _, known := range knownFormats() {
			if strings.EqualFold(known[strings.LastIndexByte(known, ':'):], f[strings.LastIndexByte(f, ':'):]) {
				text += "; " + known + " does"
			}
		}
		l.warn("nameid_format", text)
	}
}

// knownFormats are those of SAML Core 8.3 and the encrypted one of 3.4.1.1.
func knownFormats() []string {
	return []string{
		NameIDUnspecified, NameIDEmail, NameIDPersistent, NameIDTransient, NameIDEntity,
		"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName", "urn:oasis:names:tc:SAML:1.1:nameid-format:WindowsDomainQualifiedName",
		"urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos", "urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted",
	}
}

// algorithms finds lists of which nothing is made here: they count as none.
func (l *linter) algorithms(sp *ServiceProvider) {
	digest := func(uri string) bool {
		return slices.Contains([]string{xmlsec.SHA256, xmlsec.SHA384, xmlsec.SHA512}, uri)
	}
	if len(sp.DigestMethods) > 0 && !slices.ContainsFunc(sp.DigestMethods, digest) {
		l.warn("digest_methods", "none of the digest algorithms it lists is made here; it gets SHA-256")
	}
	known := func(m SigningMethod) bool { return slices.Contains(signatureMethods(), m.Algorithm) }
	if len(sp.SigningMethods) > 0 && !slices.ContainsFunc(sp.SigningMethods, known) {
		l.warn("signing_methods", "none of the signature algorithms it lists is made here; it gets the usual one")
	}
}
