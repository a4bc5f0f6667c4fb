package metadata

import (
	"errors"
	"fmt"
	"time"
)

// ErrDescriptor: the description of the hub is incomplete, so that its metadata would not be schema valid.
var ErrDescriptor = errors.New("metadata: incomplete description of the hub")

// Descriptor is the hub's own metadata: what it can do, and what those who run it say of it.
type Descriptor struct {
	EntityID               string
	ID                     string // XML ID of the document, an NCName, fresh for every publication
	ValidFor               time.Duration
	CacheFor               time.Duration   // how soon a partner should fetch it again, to the second; 0: not said
	SigningMethods         []SigningMethod // what is verified and made here, the one to prefer first
	DigestMethods          []string
	Refused                []string // URIs of encryption methods that are left out
	SigningCertificates    [][]byte // DER: active first, then next; at least one
	EncryptionCertificates [][]byte // DER: of the keys that partners may encrypt to
	IdP                    IdentityProvider
	Authority              *AttributeAuthority // nil: no such role
	About
}

// IdentityProvider is the IDPSSODescriptor (SAML Metadata 2.4.3).
type IdentityProvider struct {
	WantAuthnRequestsSigned bool
	ErrorURL                string     // where a partner may send a person whom it cannot help; empty: not said
	SSO                     []Endpoint // at least one
	SLO                     []Endpoint
	AsyncLogout             bool // every SLO endpoint says that a sender may want no answer
	ArtifactResolution      []IndexedEndpoint
	NameIDFormats           []string
	Profiles                []string    // attribute profiles
	Attributes              []Attribute // that may be told; none: not said
}

// AttributeAuthority is the AttributeAuthorityDescriptor (SAML Metadata 2.4.7): it signs and decrypts by the hub's keys.
type AttributeAuthority struct {
	Services      []Endpoint // attribute services, at least one
	NameIDFormats []string
	Profiles      []string
	Attributes    []Attribute
}

// About is what those who run the hub say of it. Every field may be empty.
type About struct {
	UI           UI
	Hints        Hints
	Scopes       []string // Shibboleth drops scoped attributes outside of these
	Organization Organization
	Contacts     []Contact
	Attributes   []Attribute // entity attributes
	Registration Registration
	Publisher    string // of mdrpi:PublicationInfo
}

// Localized is a text, or an address, in one language (BCP 47).
type Localized struct{ Language, Text string }

// UI is mdui:UIInfo (SAML V2.0 Metadata Extensions for Login and Discovery User Interface 1.0, 2.1).
type UI struct {
	DisplayNames, Descriptions, Keywords []Localized // Keywords: one text a language, parted by spaces, + within a keyword
	InformationURLs, PrivacyURLs         []Localized
	Logos                                []Logo
}

// Logo is a picture for people; Language may be empty.
type Logo struct {
	URL, Language string
	Width, Height int // pixels
}

// Hints is mdui:DiscoHints (2.2): which people are likely to sign in here.
type Hints struct {
	Networks  []string // CIDR
	Domains   []string
	Locations []string // geo: URIs (RFC 5870)
}

// Organization is who runs a party.
type Organization struct{ Names, DisplayNames, URLs []Localized }

func (o Organization) empty() bool { return len(o.Names)+len(o.DisplayNames)+len(o.URLs) == 0 }

// Contact is a ContactPerson. Type is technical, support, administrative, billing or other, or [Security].
type Contact struct {
	Type, Company, GivenName, Surname string
	Emails                            []string // without mailto:
	Phones                            []string
}

// Security is the type of a contact for security incidents (REFEDS Security Contact Metadata Extension 1.0).
const Security = "security"

// Attribute is a saml:Attribute: one that may be told, or an entity attribute with its values.
type Attribute struct {
	Name, NameFormat, FriendlyName string
	Values                         []string
}

// Registration is mdrpi:RegistrationInfo (SAML V2.0 Metadata Extensions for Registration and Publication Information 1.0).
type Registration struct {
	Authority string // empty: not registered
	At        time.Time
	Policies  []Localized
}

// check finds what would make the metadata invalid against the schema.
func (d Descriptor) check() error {
	lacks := func(what string) error { return fmt.Errorf("%w: %s needed", ErrDescriptor, what) }
	o := d.Organization
	switch {
	case d.EntityID == "":
		return lacks("an entity ID is")
	case d.ValidFor <= 0:
		return lacks("a validity is")
	case len(d.IdP.SSO) == 0:
		return lacks("a sign-on service is")
	case len(d.SigningCertificates) == 0:
		return lacks("a signing certificate is")
	case d.Authority != nil && len(d.Authority.Services) == 0:
		return lacks("an attribute service is")
	case !o.empty() && (len(o.Names) == 0 || len(o.DisplayNames) == 0 || len(o.URLs) == 0):
		return lacks("a name, a display name and a URL of an organisation are")
	}
	return nil
}
