package trust

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// OIDCClientDocument is what a client says about itself (OpenID Connect Dynamic Client Registration 1.0, section 2), beyond what
// decides about its requests.
type OIDCClientDocument struct {
	AuthAlg          string                `yaml:"auth_alg,omitempty"`
	UserinfoAlg      string                `yaml:"userinfo_alg,omitempty"`
	SectorURI        string                `yaml:"sector_identifier_uri,omitempty"`
	RequestURIs      []string              `yaml:"request_uris,omitempty"`
	InitiateLoginURI string                `yaml:"initiate_login_uri,omitempty"`
	ClientURI        string                `yaml:"client_uri,omitempty"`
	LogoURI          string                `yaml:"logo_uri,omitempty"`
	LogoFile         string                `yaml:"logo_file,omitempty"`
	Logo             string                `yaml:"logo,omitempty"` // base64
	PolicyURI        string                `yaml:"policy_uri,omitempty"`
	TermsURI         string                `yaml:"tos_uri,omitempty"`
	Contacts         []string              `yaml:"contacts,omitempty"`
	Registration     *RegistrationDocument `yaml:"registration,omitempty"`
}

// RegistrationDocument says how a client came here by itself. Whoever takes it out of a partner's document makes the partner an
// administrator's own: its token opens nothing any more.
type RegistrationDocument struct {
	TokenSHA256 string `yaml:"token_sha256"`         // of its registration access token, 64 hex digits
	Invitation  string `yaml:"invitation,omitempty"` // id; empty: it came without one
	Issued      string `yaml:"issued"`               // when, RFC 3339
}

// About is what people and administrators may be told about a client.
type About struct {
	InitiateLoginURI string // where a sign-on can be begun (OpenID Connect Core 1.0, section 4)
	ClientURI        string
	LogoURI          string
	Logo             *Logo // nil: none is shown
	PolicyURI        string
	TermsURI         string
	Contacts         []string
}

// Registration is how a client came here by itself (RFC 7591), and by what it may change what it said (RFC 7592).
type Registration struct {
	Token      [sha256.Size]byte
	Invitation string
	Issued     time.Time
}

// Bounds of what a client says about itself.
const (
	maxContacts = 10
	maxContact  = 254 // bytes
)

func (b *builder) client(d OIDCClientDocument, t *OIDCTerms) {
	t.AuthAlgorithm, t.UserinfoAlgorithm = d.AuthAlg, d.UserinfoAlg
	if d.UserinfoAlg != "" {
		b.oneOf("oidc.userinfo_alg", d.UserinfoAlg, algorithmNames()...)
		b.signs(d.UserinfoAlg)
	}
	b.oneOf("oidc.auth_alg", d.AuthAlg, RequestAlgorithms()...)
	if d.AuthAlg != "" && t.ClientAuth != AuthPrivateKeyJWT {
		b.fail("oidc.auth_alg is for oidc.auth private_key_jwt alone")
	}
	t.About = About{
		InitiateLoginURI: d.InitiateLoginURI, ClientURI: d.ClientURI, LogoURI: d.LogoURI, Logo: b.logo(d.Logo), PolicyURI: d.PolicyURI, TermsURI: d.TermsURI, Contacts: d.Contacts,
	}
	for what, u := range map[string]string{
		"oidc.initiate_login_uri": d.InitiateLoginURI, "oidc.client_uri": d.ClientURI, "oidc.logo_uri": d.LogoURI,
		"oidc.policy_uri": d.PolicyURI, "oidc.tos_uri": d.TermsURI,
	} {
		if u != "" {
			b.address(what, u)
		}
	}
	if len(d.Contacts) > maxContacts || slices.ContainsFunc(d.Contacts, func(c string) bool { return c == "" || len(c) > maxContact }) {
		b.fail("oidc.contacts: at most %d, of 1 to %d bytes each", maxContacts, maxContact)
	}
	b.sector(d, t)
	b.registration(d.Registration, t)
}

// sector is the host of the document that lists the redirect URIs of all its clients, where there is one (OpenID Connect Core 1.0,
// section 8.1). That it lists them is seen when terms are applied, not here.
func (b *builder) sector(d OIDCClientDocument, t *OIDCTerms) {
	if d.SectorURI == "" {
		return
	}
	b.address("oidc.sector_identifier_uri", d.SectorURI)
	host := sectorHost(d.SectorURI)
	if t.Sector != "" && t.Sector != host {
		b.fail("oidc.sector %q is not the host of oidc.sector_identifier_uri", t.Sector)
	}
	t.Sector = host
}

// CheckSector refuses a document of a sector that does not list every one of the redirect URIs (OpenID Connect Core 1.0, section 8.1).
func CheckSector(document []byte, redirects []string) error {
	var listed []string
	if err := json.Unmarshal(document, &listed); err != nil {
		return fmt.Errorf("%w: the document of sector_identifier_uri is not a JSON array of strings", ErrInvalid)
	}
	for _, uri := range redirects {
		if !slices.Contains(listed, uri) {
			return fmt.Errorf("%w: the document of sector_identifier_uri does not list %s", ErrInvalid, uri)
		}
	}
	return nil
}

// sectorHost is the host of a URL as a sector of pairwise identifiers; empty if it has none.
func sectorHost(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func (b *builder) registration(d *RegistrationDocument, t *OIDCTerms) {
	if d == nil {
		return
	}
	r := &Registration{Invitation: d.Invitation, Token: b.hash("oidc.registration.token_sha256", d.TokenSHA256)}
	var err error
	if r.Issued, err = time.Parse(time.RFC3339, d.Issued); err != nil {
		b.fail("oidc.registration.issued is not a time such as 2026-11-25T09:00:00Z")
	}
	t.Registration = r
}

// Stranger reports whether the partner registered itself and no administrator has made it live since: what it names as addresses
// of its own is then nobody's word but its own.
func (p Partner) Stranger() bool {
	return p.OIDC != nil && p.OIDC.Registration != nil && p.Stage != Live
}
