package metadata

import (
	"crypto"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// Bindings (SAML Bindings 2.0).
const (
	BindingRedirect   = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPOST       = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	BindingSimpleSign = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign"
	BindingArtifact   = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"
	BindingSOAP       = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
	BindingPAOS       = "urn:oasis:names:tc:SAML:2.0:bindings:PAOS"
)

// NameID formats (SAML Core 8.3).
const (
	NameIDUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	NameIDEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	NameIDPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	NameIDTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	NameIDEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// Namespaces.
const (
	space          = "urn:oasis:names:tc:SAML:2.0:metadata"
	spaceDsig      = "http://www.w3.org/2000/09/xmldsig#"
	spaceDsig11    = "http://www.w3.org/2009/xmldsig11#"
	spaceXenc11    = "http://www.w3.org/2009/xmlenc11#"
	spaceUI        = "urn:oasis:names:tc:SAML:metadata:ui"
	spaceShib      = "urn:mace:shibboleth:metadata:1.0"
	spaceAlg       = "urn:oasis:names:tc:SAML:metadata:algsupport"
	spaceAttribute = "urn:oasis:names:tc:SAML:metadata:attribute"
	spaceRPI       = "urn:oasis:names:tc:SAML:metadata:rpi"
	spaceAsync     = "urn:oasis:names:tc:SAML:2.0:protocol:ext:async-slo"
	spaceREFEDS    = "http://refeds.org/metadata"
	spaceAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	spaceXML       = "http://www.w3.org/XML/1998/namespace"
)

const nameFormatURI = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"

// contactSecurity is the value of remd:contactType on a contact for security incidents.
const contactSecurity = "http://refeds.org/metadata/contactType/security"

// Protocol is the protocol support enumeration value of SAML 2.0.
const Protocol = "urn:oasis:names:tc:SAML:2.0:protocol"

// Entity is the verified metadata of one party: a typed view over the retained bytes.
type Entity struct {
	ID           string    // entityID, compared byte for byte
	Raw          []byte    // the EntityDescriptor as a document of its own
	ValidUntil   time.Time // the earliest validUntil from the root down; zero if none is given
	SP           *ServiceProvider
	DisplayName  string   // mdui:DisplayName, else ServiceName, else OrganizationDisplayName; English first
	Scopes       []string // shibmd:Scope values that are not regular expressions
	Requested    []RequestedAttribute
	Attributes   map[string][]string // entity attributes by name
	UI           UI
	Organization Organization
	Contacts     []Contact
	Notes        []Finding // what Parse passed over and an administrator should know
}

// ServiceProvider is the SPSSODescriptor with SAML 2.0 in its protocol support enumeration.
type ServiceProvider struct {
	AuthnRequestsSigned  bool
	ErrorURL             string // where people may be sent whom the partner cannot help; empty: not said
	WantAssertionsSigned bool
	ACS                  []IndexedEndpoint
	SLO                  []Endpoint
	ArtifactResolution   []IndexedEndpoint      // where it hands over messages that it sends by artifact
	SigningKeys          []crypto.PublicKey     // use="signing" or no use
	EncryptionKeys       []xmlsec.EncryptionKey // use="encryption", or RSA and no use; RSA first
	Certificates         [][]byte               // DER: in which keys came; they decide nothing
	NameIDFormats        []string
	Services             []AttributeService
	SigningMethods       []SigningMethod // alg:SigningMethod in its order; empty: not said
	DigestMethods        []string        // alg:DigestMethod URIs in its order; empty: not said
}

// AttributeService is an AttributeConsumingService: attributes that a request asks for by its index (SAML Metadata 2.4.4.2).
type AttributeService struct {
	Index               int
	Default             bool // what a request without an index means; true for exactly one
	Names, Descriptions []Localized
	Requested           []RequestedAttribute
}

// Endpoint is where a service listens. ResponseLocation is empty when responses go to Location as well.
type Endpoint struct {
	Binding          string
	Location         string
	ResponseLocation string
}

// IndexedEndpoint is an assertion consumer service or an artifact resolution service.
type IndexedEndpoint struct {
	Binding  string
	Location string
	Index    int
	Default  bool // what a request without URL and index means (SAML Metadata 2.4.4.1); true for exactly one
}

// RequestedAttribute is an attribute that the partner says it wants. It grants nothing.
type RequestedAttribute struct {
	Name         string
	NameFormat   string
	FriendlyName string
	Required     bool
	Values       []string // the only ones it wants; none: any
}
