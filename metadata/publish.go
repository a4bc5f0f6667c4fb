package metadata

import (
	"io"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// Descriptor is what the hub says about itself as identity provider.
type Descriptor struct {
	EntityID                string
	ID                      string // XML ID of the document, an NCName, fresh for every publication
	ValidFor                time.Duration
	SSO                     []Endpoint
	SLO                     []Endpoint
	SigningCertificates     [][]byte // DER: active first, then next
	NameIDFormats           []string
	Scopes                  []string
	DisplayName             string
	Organization            Organization
	Contacts                []Contact
	WantAuthnRequestsSigned bool
}

// Organization is who runs the hub.
type Organization struct{ Name, DisplayName, URL string }

// Contact is a ContactPerson; Type is technical, support, administrative, billing or other.
type Contact struct{ Type, GivenName, Email string }

// Publish writes the hub's metadata as an EntityDescriptor in canonical form and signs it.
func Publish(d Descriptor, key xmlsec.SigningKey, now time.Time, rand io.Reader) ([]byte, error) {
	return nil, ErrNotMetadata
}
