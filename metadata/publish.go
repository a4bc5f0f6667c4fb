package metadata

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// ErrDescriptor: the description of the hub is incomplete, so that its metadata would not be schema valid.
var ErrDescriptor = errors.New("metadata: incomplete description of the hub")

// Descriptor is what the hub says about itself as identity provider.
type Descriptor struct {
	EntityID                string
	ID                      string // XML ID of the document, an NCName, fresh for every publication
	ValidFor                time.Duration
	CacheFor                time.Duration // how soon a partner should fetch it again, to the second; 0: not said
	ErrorURL                string        // where a partner may send a person whom it cannot help; empty: not said
	SSO                     []Endpoint    // at least one
	SLO                     []Endpoint
	SigningCertificates     [][]byte // DER: active first, then next; at least one
	EncryptionCertificates  [][]byte // DER: of the keys that partners may encrypt to
	NameIDFormats           []string
	Scopes                  []string // Shibboleth drops scoped attributes outside of these
	DisplayName             string
	Organization            Organization
	Contacts                []Contact
	WantAuthnRequestsSigned bool
}

// Organization is who runs the hub; the zero value is left out.
type Organization struct{ Name, DisplayName, URL string }

// Contact is a ContactPerson; Type is technical, support, administrative, billing or other.
type Contact struct{ Type, GivenName, Email string }

// Publish writes the hub's metadata as an EntityDescriptor in canonical form, good from now for ValidFor, and signs it. The
// Signature is the first child (SAML Metadata 2.3.2). Errors match [ErrDescriptor] or those of xmlsec.
func Publish(d Descriptor, key xmlsec.SigningKey, now time.Time, rand io.Reader) ([]byte, error) {
	if d.EntityID == "" || len(d.SSO) == 0 || len(d.SigningCertificates) == 0 || d.ValidFor <= 0 {
		return nil, fmt.Errorf("%w: entity ID, validity, sign-on service and signing certificate are needed", ErrDescriptor)
	}
	w := writer{b: make([]byte, 0, 8<<10)}
	w.raw(`<md:EntityDescriptor xmlns:md="` + space + `"`)
	w.attr("ID", d.ID)
	if d.CacheFor > 0 {
		w.attr("cacheDuration", "PT"+strconv.FormatInt(int64(d.CacheFor/time.Second), 10)+"S")
	}
	w.attr("entityID", d.EntityID)
	w.attr("validUntil", now.Add(d.ValidFor).UTC().Format("2006-01-02T15:04:05Z"))
	w.raw(`>`)
	signatureAt := len(w.b)
	w.role(d)
	if err := w.organization(d.Organization); err != nil {
		return nil, err
	}
	for _, c := range d.Contacts {
		w.contact(c)
	}
	w.raw(`</md:EntityDescriptor>`)
	out, err := xmlsec.SignEnveloped(w.b, d.ID, signatureAt, key, rand)
	if err != nil {
		return nil, fmt.Errorf("sign metadata: %w", err)
	}
	return out, nil
}

// writer writes canonical XML in the order of the schema.
type writer struct{ b []byte }

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) attr(name, value string) {
	w.b = append(append(append(w.b, ' '), name...), `="`...)
	w.b = append(xmlsec.EscapeAttr(w.b, value), '"')
}

func (w *writer) text(open, value, end string) {
	w.b = append(w.b, open...)
	w.b = append(xmlsec.EscapeText(w.b, value), end...)
}

func (w *writer) role(d Descriptor) {
	w.raw(`<md:IDPSSODescriptor`)
	if d.WantAuthnRequestsSigned {
		w.attr("WantAuthnRequestsSigned", "true")
	}
	if d.ErrorURL != "" {
		w.attr("errorURL", d.ErrorURL)
	}
	w.attr("protocolSupportEnumeration", Protocol)
	w.raw(`>`)
	w.extensions(d)
	w.keys(d)
	for _, s := range d.SLO {
		w.endpoint("SingleLogoutService", s)
	}
	for _, f := range d.NameIDFormats {
		w.text(`<md:NameIDFormat>`, f, `</md:NameIDFormat>`)
	}
	for _, s := range d.SSO {
		w.endpoint("SingleSignOnService", s)
	}
	w.raw(`</md:IDPSSODescriptor>`)
}

func (w *writer) extensions(d Descriptor) {
	if len(d.Scopes) == 0 && d.DisplayName == "" {
		return
	}
	w.raw(`<md:Extensions>`)
	for _, s := range d.Scopes {
		w.text(`<shibmd:Scope xmlns:shibmd="`+spaceShib+`" regexp="false">`, s, `</shibmd:Scope>`)
	}
	if d.DisplayName != "" {
		w.text(`<mdui:UIInfo xmlns:mdui="`+spaceUI+`"><mdui:DisplayName xml:lang="en">`, d.DisplayName,
			`</mdui:DisplayName></mdui:UIInfo>`)
	}
	w.raw(`</md:Extensions>`)
}

func (w *writer) endpoint(name string, e Endpoint) {
	w.raw(`<md:` + name)
	w.attr("Binding", e.Binding)
	w.attr("Location", e.Location)
	if e.ResponseLocation != "" {
		w.attr("ResponseLocation", e.ResponseLocation)
	}
	w.raw(`></md:` + name + `>`)
}

func (w *writer) organization(o Organization) error {
	if o == (Organization{}) {
		return nil
	}
	if o.Name == "" || o.URL == "" {
		return fmt.Errorf("%w: an organisation needs a name and a URL", ErrDescriptor)
	}
	if o.DisplayName == "" {
		o.DisplayName = o.Name
	}
	w.text(`<md:Organization><md:OrganizationName xml:lang="en">`, o.Name, `</md:OrganizationName>`)
	w.text(`<md:OrganizationDisplayName xml:lang="en">`, o.DisplayName, `</md:OrganizationDisplayName>`)
	w.text(`<md:OrganizationURL xml:lang="en">`, o.URL, `</md:OrganizationURL></md:Organization>`)
	return nil
}

func (w *writer) contact(c Contact) {
	w.raw(`<md:ContactPerson`)
	w.attr("contactType", c.Type)
	w.raw(`>`)
	if c.GivenName != "" {
		w.text(`<md:GivenName>`, c.GivenName, `</md:GivenName>`)
	}
	if c.Email != "" {
		w.text(`<md:EmailAddress>mailto:`, strings.TrimPrefix(c.Email, "mailto:"), `</md:EmailAddress>`)
	}
	w.raw(`</md:ContactPerson>`)
}
