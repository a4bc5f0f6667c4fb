package metadata

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Severity orders findings.
type Severity int

// The severities: an error blocks the import.
const (
	Warning Severity = iota + 1
	Error
)

// Finding is one thing that an administrator should know about an entity.
type Finding struct {
	Severity Severity
	Code     string // stable
	Message  string // plain words
}

// LintOption changes what Lint lets pass.
type LintOption int

const (
	// Lab permits http and endpoints on loopback addresses and *.localhost, and a partner without keys. It is for the demo and for
	// tests; production never sets it.
	Lab LintOption = iota + 1
	// Keyless permits a partner without keys: its terms say that it is told in clear.
	Keyless
	// PlainID permits an entityID that is a name and no absolute URI (SAML Core 1.3.2), as some services have that are sold to
	// everybody.
	PlainID
)

// Expired is the code of the one finding that an entity earns by growing old.
const Expired = "expired"

const (
	maxEntityID = 1024 // characters; SAML Core 8.3.6
	maxKeys     = 64
	usualText   = 256 // characters
	soon        = 30 * 24 * time.Hour
	maxValidity = 2 * 365 * 24 * time.Hour // metadata that is good for longer deserves a look
)

// Lint checks an entity for use as a partner and returns what Parse noted together with what it finds itself.
func Lint(e Entity, now time.Time, options ...LintOption) []Finding {
	l := linter{
		findings: slices.Clone(e.Notes),
		lab:      slices.Contains(options, Lab), keyless: slices.Contains(options, Keyless), plain: slices.Contains(options, PlainID),
	}
	l.entityID(e.ID)
	l.validity(e.ValidUntil, now)
	if e.SP == nil {
		l.fail("no_role", "there is no SAML 2.0 service provider role")
		return l.findings
	}
	l.keys(e.SP)
	l.certificates(e.SP, now)
	l.acs(e.SP)
	l.artifactResolution(e.SP)
	l.slo(e.SP)
	l.services(e.SP)
	l.formats(e.SP)
	l.algorithms(e.SP)
	return l.findings
}

func (l *linter) entityID(id string) {
	switch absolute := absoluteURI(id); {
	case len([]rune(id)) > maxEntityID || strings.ContainsFunc(id, notPrintable) || dotSegments(id):
		l.fail("entity_id", "the entityID has more than 1024 characters, or spaces, control characters or dot segments")
	case !absolute && !l.plain:
		l.fail("entity_id", "the entityID is not an absolute URI; saml.allow_plain_entity_id: true permits a name like this one")
	case !absolute:
		l.warn("entity_id_plain", "the entityID is not an absolute URI (SAML Core 1.3.2), so that others may have the same one")
	case len([]rune(id)) > usualText: // SAML2int v2, SDP-G02
		l.warn("entity_id_long", "the entityID has more than 256 characters, and other software may cut or refuse it")
	}
}

// validity looks at how long the whole is good.
func (l *linter) validity(until, now time.Time) {
	switch left := until.Sub(now); {
	case until.IsZero():
	case left <= 0:
		l.fail(Expired, "the metadata's validUntil has passed")
	case left < soon:
		l.warn("expires_soon", "the metadata's validUntil is "+until.Format("2006-01-02 15:04 MST")+": from then on the partner is refused, until newer metadata is applied")
	case left > maxValidity:
		l.warn("valid_too_long", "the metadata's validUntil is more than two years away")
	}
}

// Blocking reports whether any of the findings blocks the import.
func Blocking(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

type linter struct {
	findings []Finding
	lab      bool
	keyless  bool
	plain    bool
}

func (l *linter) fail(code, message string) {
	l.findings = append(l.findings, Finding{Error, code, message})
}

func (l *linter) warn(code, message string) {
	l.findings = append(l.findings, Finding{Warning, code, message})
}

func (l *linter) endpoint(what, binding, location string) {
	switch binding {
	case BindingRedirect, BindingPOST, BindingSimpleSign, BindingArtifact, BindingSOAP, BindingPAOS:
	default:
		l.warn("endpoint_binding", what+" has a binding that we do not know")
	}
	u, err := url.Parse(location)
	if err != nil || u.Host == "" || u.Opaque != "" || strings.ContainsFunc(location, notPrintable) {
		l.fail("endpoint_url", what+" is not an absolute https URL")
		return
	}
	if u.Scheme != "https" && !(l.lab && u.Scheme == "http") {
		l.fail("endpoint_scheme", what+" is not https")
	}
	if u.User != nil {
		l.fail("endpoint_credentials", what+" has credentials in its URL")
	}
	if strings.Contains(location, "#") {
		l.fail("endpoint_url", what+" has a fragment in its URL")
	}
	l.host(what, u.Hostname())
}

// host refuses names and addresses that mean another machine to everyone who reads them.
func (l *linter) host(what, host string) {
	name := strings.TrimSuffix(strings.ToLower(host), ".")
	local := name == "localhost" || strings.HasSuffix(name, ".localhost")
	address, err := netip.ParseAddr(host)
	if err != nil && !hostName(strings.TrimSuffix(host, ".")) {
		l.fail("endpoint_host", what+" is at a host whose name is not plain letters, digits, hyphens and dots (xn-- for all others), or that browsers read as a number")
	}
	if err == nil {
		address = address.Unmap()
		local = address.IsLoopback() && address.Zone() == ""
		if !local && (address.IsPrivate() || address.IsLinkLocalUnicast() || address.IsUnspecified() || address.IsMulticast() ||
			address.Zone() != "") {
			l.fail("endpoint_address", what+" is at an address that is not public")
		}
	}
	if local && !l.lab {
		l.fail("endpoint_address", what+" is on the local machine")
	}
}

// hostName reports whether everyone reads a name as the same host: letters, digits, hyphens and, as some have it, underscores in labels
// (RFC 1123, 2.1), none of which a browser folds into others or takes for a part of an IPv4 address (WHATWG URL, 3.5).
func hostName(name string) bool {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, letters+strings.ToUpper(letters)+"0123456789-_") != "" {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(name) <= 253 && strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(strings.ToLower(last), "0x")
}

func notPrintable(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }

func absoluteURI(id string) bool {
	u, err := url.Parse(id)
	return err == nil && u.Scheme != "" && (u.Opaque != "" || u.Host != "")
}

// dotSegments finds them written plainly and escaped.
func dotSegments(id string) bool {
	u, err := url.Parse(id)
	return slices.Contains(strings.Split(id, "/"), "..") || err == nil && slices.Contains(strings.Split(u.Path, "/"), "..")
}
