package trust

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// CompileOptions say what this hub permits.
type CompileOptions struct {
	Lab  bool // permit http and *.localhost addresses: demo and tests
	Now  time.Time
	SAML SAMLDefaults
	Keys *keyring.Ring // of the hub; nil: not known, and terms that need a key are not checked against them
	// Stored: the document was applied before. Metadata that has expired since is no mistake of it: the partner is known, so that it is told
	// why it is refused, and its sessions can be ended.
	Stored bool
}

// SAMLDefaults are for partners whose terms do not say. Empty: when-key-present and RS256.
type SAMLDefaults struct {
	Encrypt        string         // when-key-present, always or never
	Algorithm      string         // one of the nine of keyring
	Contexts       []ContextClass // nil: DefaultContexts
	Emergency      string         // class of emergency access, which no terms can make another; empty: there is none
	RequestsSigned bool           // unsigned requests are refused whatever terms and metadata say
	Refused        []string       // URIs of algorithms that no terms and no metadata make the hub use
}

// Compile turns a resolved document, and the metadata of a SAML partner, into a Partner. Everything that
// is wrong is reported at once; every error wraps ErrInvalid.
func (c Compiler) Compile(d Document, entityXML []byte, o CompileOptions) (Partner, error) {
	b := builder{c: c, o: o, d: d}
	p := Partner{ID: d.Partner, Name: d.Name, Protocol: d.Protocol, Stage: d.Stage, URL: d.URL}
	if p.Stage == "" {
		p.Stage = Draft
	}
	b.identity(p)
	switch d.Protocol {
	case SAML2:
		p.SAML = b.saml(entityXML)
	case OIDC:
		p.OIDC = b.oidc()
	case Ticket:
		p.Ticket = b.ticket()
	default:
		b.fail("protocol %q is not saml2, oidc or ticket", d.Protocol)
	}
	b.c = b.c.about(p)
	p.Terms = b.terms()
	if p.Name == "" && p.SAML != nil {
		p.Name = p.SAML.Entity.DisplayName
	}
	if p.Name == "" {
		p.Name = p.ID
	}
	if p.Stranger() {
		p.Name += unapproved
	}
	return p, errors.Join(b.errs...)
}

// unapproved follows the name of a client that registered itself, wherever people read it, until an administrator takes it live.
const unapproved = " (not approved yet)"

type builder struct {
	c    Compiler
	o    CompileOptions
	d    Document
	errs []error
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf("%w: partner %s: %s", ErrInvalid, b.d.Partner, fmt.Sprintf(format, args...)))
}

func (b *builder) identity(p Partner) {
	if p.ID == "" || len(p.ID) > 1024 || strings.ContainsFunc(p.ID, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		b.fail("partner must be an identifier without spaces, at most 1024 characters")
	}
	if !slices.Contains([]Stage{Draft, Test, Live, SuspendedAt}, p.Stage) {
		b.fail("stage %q is not draft, test, live or suspended", p.Stage)
	}
	if p.URL != "" {
		b.address("url", p.URL)
	}
	for section, given := range map[Protocol]bool{SAML2: b.d.SAML != nil, OIDC: b.d.OIDC != nil, Ticket: b.d.Ticket != nil} {
		if given && section != p.Protocol {
			b.fail("has a section %s but speaks %s", section, p.Protocol)
		}
	}
}

// address checks a URL that browsers or the hub will be sent to.
func (b *builder) address(what, raw string) {
	if err := CheckAddress(raw, b.o.Lab); err != nil {
		b.fail("%s %v", what, err)
	}
}

// CheckAddress refuses what browsers or the hub are not sent to. Lab permits http and *.localhost: demo and tests.
func CheckAddress(raw string, lab bool) error {
	u, err := url.Parse(raw)
	var host string
	if err == nil {
		host = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	}
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.HasSuffix(raw, "#"):
		return fmt.Errorf("%q is not an absolute URL without user and fragment", raw)
	case u.Scheme != "https" && (u.Scheme != "http" || !lab):
		return fmt.Errorf("%q must be https", raw)
	case !lab && (strings.HasSuffix(host, ".localhost") || host == "localhost"):
		return fmt.Errorf("%q is a demonstration address", raw)
	}
	return nil
}

// target checks a RelayState that a sign-on may be begun with: an address, a path on the partner's own host, or a token that is
// neither.
func (b *builder) target(what, text string) {
	switch {
	case text == "" || len(text) > maxTarget || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7F || r == '\\' }):
		b.fail("%s: a target is 1 to %d characters, without control characters and backslashes", what, maxTarget)
	case strings.Contains(text, ":") || strings.HasPrefix(text, "//"):
		b.address(what, text)
	}
}

// maxTarget is the length of a RelayState that is taken and given anywhere in the hub, in bytes.
const maxTarget = 1024

func (b *builder) terms() Terms {
	d := b.d
	t := Terms{Identity: d.Require.Identity, RoleNeeded: d.Require.Role, Subject: d.Subject, Idle: time.Duration(d.Session.Idle), OnCardRemoval: Removal(d.Session.OnCardRemoval)}
	b.oneOf("session.on_card_removal", d.Session.OnCardRemoval, string(RemovalLogout), string(RemovalLock), string(RemovalIgnore))
	switch d.Require.Assurance {
	case "":
	case "AAL1", "AAL2", "AAL3":
		t.Assurance = int(d.Require.Assurance[3] - '0')
	default:
		b.fail("require.assurance %q is not AAL1, AAL2 or AAL3", d.Require.Assurance)
	}
	if t.Identity < 0 || t.Identity > 3 {
		b.fail("require.identity %d is not 0 to 3", t.Identity)
	}
	if t.Subject == "" {
		t.Subject = SubjectUID
	}
	kinds := []SubjectKind{SubjectUID, SubjectPairwise, SubjectTransient, SubjectEmail}
	if !slices.Contains(kinds, t.Subject) && !(t.Subject == SubjectNone && d.Protocol == SAML2) {
		b.fail("subject %q is not uid, pairwise, transient or email, nor none for saml2", t.Subject)
	}
	t.When = b.condition("require.when", d.Require.When)
	t.Release = b.rules("release", b.d.Release)
	t.Emergency = b.emergency()
	return t
}

func (b *builder) condition(what, source string) *Clause {
	if source == "" {
		return nil
	}
	clause, err := b.c.Condition(source)
	if err != nil {
		b.fail("%s: %v", what, err)
	}
	return clause
}

// rules compiles a release list. A name released twice is an error: which rule wins would be a guess.
func (b *builder) rules(list string, release []Release) []Rule {
	var out []Rule
	seen := map[string]string{}
	for i, r := range release {
		id := fmt.Sprintf("%s[%d]", list, i)
		if r.Set != "" {
			id = "set " + r.Set
		}
		members, err := r.expand(b.d.Protocol)
		if err == nil && r.Format != "" {
			b.oneOf(id+".format", r.Format, "uri", "basic", "unspecified")
			if b.d.Protocol != SAML2 {
				err = fmt.Errorf("%w: format is for saml2", ErrInvalid)
			}
		}
		if err != nil {
			b.fail("%s: %v", id, err)
			continue
		}
		for _, m := range b.based(members) {
			if first, ok := seen[m.Name]; ok {
				b.fail("%s: %s is released by %s already", id, m.Name, first)
				continue
			}
			seen[m.Name] = id
			if b.d.Protocol == OIDC && ReservedClaim(m.Name) {
				b.fail("%s: %s is a claim that the protocol fills itself", id, m.Name)
			}
			value, err := b.c.Value(m.Value)
			if err != nil {
				b.fail("%s: value of %s: %v", id, m.Name, err)
				continue
			}
			out = append(out, Rule{ID: id, Name: m.Name, Friendly: m.Friendly, Format: m.Format, Value: value, When: b.condition(id+".when", m.When)})
		}
	}
	return out
}

func (b *builder) saml(entityXML []byte) *SAMLTerms {
	d := b.d.SAML
	if d == nil {
		d = &SAMLDocument{}
	}
	t := &SAMLTerms{
		Sign: d.Sign, Encrypt: d.Encrypt, Algorithm: d.Algorithm, Key: d.SigningKey, RequestsSigned: d.SignedRequests || b.o.SAML.RequestsSigned,
		AllowCBC: d.AllowCBC, AsyncLogout: d.AsyncLogout, EncryptNameID: d.EncryptNameID, EncryptWith: d.EncryptWith, AllowInclusiveC14N: d.AllowInclusiveC14N,
		AllowSignedInside: d.AllowSignedInside, AllowPlainEntityID: d.AllowPlainEntityID, LaunchTargets: d.LaunchTargets,
	}
	for _, target := range d.LaunchTargets {
		b.target("saml.launch_targets", target)
	}
	b.oneOf("saml.sign", t.Sign, "assertion", "response", "both")
	b.oneOf("saml.encrypt", t.Encrypt, "when-key-present", "always", "never")
	b.oneOf("saml.encrypt_with", t.EncryptWith, contentNames()...)
	if strings.HasSuffix(t.EncryptWith, "-cbc") && !t.AllowCBC {
		b.fail("saml.encrypt_with: %s needs saml.allow_cbc: true", t.EncryptWith)
	}
	b.oneOf("saml.algorithm", t.Algorithm, algorithmNames()...)
	t.Encrypt = cmp.Or(t.Encrypt, b.o.SAML.Encrypt, "when-key-present")
	t.Algorithm = cmp.Or(t.Algorithm, b.o.SAML.Algorithm, "RS256")
	b.contexts(t, d)
	entity, err := readEntity(entityXML, b.d.Partner, d)
	if err != nil {
		b.fail("metadata: %v", err)
		return t
	}
	if entity.ID != b.d.Partner {
		b.fail("metadata is that of %q", entity.ID)
	}
	t.Entity = entity
	var lint []metadata.LintOption
	if b.o.Lab {
		lint = append(lint, metadata.Lab)
	}
	if d.Encrypt == "never" { // said of this partner, not by the configuration of all
		lint = append(lint, metadata.Keyless)
	}
	for _, f := range t.Lint(b.o.Now, lint...) {
		if f.Severity == metadata.Error && !(b.o.Stored && f.Code == metadata.Expired) {
			b.fail("metadata: %s: %s", f.Code, f.Message)
		}
	}
	b.encryption(t)
	b.requested(t)
	b.signing(t, d.Algorithm)
	return t
}

// requested refuses terms by which nothing could ever be released.
func (b *builder) requested(t *SAMLTerms) {
	if t.RequestedOnly && (t.Entity.SP == nil || len(t.Entity.SP.Services) == 0) {
		b.fail("saml.requested_only needs an AttributeConsumingService in the metadata, and there is none")
	}
}

// encryption allows AES-CBC where the terms do, and refuses a partner whose every answer would be refused for want of a method.
func (b *builder) encryption(t *SAMLTerms) {
	if t.Entity.SP == nil {
		return
	}
	usable := false
	for i := range t.Entity.SP.EncryptionKeys {
		key := &t.Entity.SP.EncryptionKeys[i]
		key.AllowCBC, key.Refused = t.AllowCBC, b.o.SAML.Refused
		key.Methods = encryptWith(t.EncryptWith, key.Methods)
		usable = usable || key.Usable()
	}
	if !usable && t.EncryptNameID {
		b.fail("saml.encrypt_name_id: the metadata has no key that can be encrypted to")
	}
	if !usable && len(t.Entity.SP.EncryptionKeys) > 0 && t.Encrypt != "never" {
		b.fail("metadata lists no encryption method that is made here (AES-GCM with RSA-OAEP, or with ECDH-ES for an EC key); saml.allow_cbc: true permits AES-CBC%s", b.refusals())
	}
}

// refusals names what the configuration takes away.
func (b *builder) refusals() string {
	if len(b.o.SAML.Refused) == 0 {
		return ""
	}
	return "; saml.refuse_algorithms of the configuration takes away " + strings.Join(b.o.SAML.Refused, ", ")
}

// oneOf refuses a value that is given and is none of these.
func (b *builder) oneOf(what, value string, allowed ...string) {
	if value != "" && !slices.Contains(allowed, value) {
		b.fail("%s %q is not one of %s", what, value, strings.Join(allowed, ", "))
	}
}

// hash reads a SHA-256 in hex.
func (b *builder) hash(what, text string) (out [sha256.Size]byte) {
	sum, err := hex.DecodeString(text)
	if err != nil || len(sum) != len(out) {
		b.fail("%s is not 64 hex digits", what)
		return out
	}
	copy(out[:], sum)
	return out
}

func (b *builder) ticket() *TicketTerms {
	d := b.d.Ticket
	if d == nil {
		b.fail("has no section ticket")
		return &TicketTerms{}
	}
	t := &TicketTerms{ReturnURLs: d.ReturnURLs, Deliver: d.Deliver, Life: time.Duration(d.Life), Rechecks: d.Rechecks, Sign: d.Sign}
	if t.Deliver == "" {
		t.Deliver = "post"
	}
	b.oneOf("ticket.deliver", t.Deliver, "post", "query")
	for _, u := range t.ReturnURLs {
		b.address("ticket.return_urls", u)
	}
	for _, n := range d.Networks {
		prefix, err := netip.ParsePrefix(n)
		if err != nil {
			b.fail("ticket.networks: %q is not a network such as 10.0.8.0/24", n)
			continue
		}
		t.Networks = append(t.Networks, prefix.Masked())
	}
	if d.CertificateSHA256 != "" {
		sum := b.hash("ticket.certificate_sha256", d.CertificateSHA256)
		t.CertificateHash = sum[:]
	}
	if len(t.Networks) == 0 && t.CertificateHash == nil {
		b.fail("ticket needs networks, certificate_file or both: a ticket must be bound to the system it is for")
	}
	return t
}
