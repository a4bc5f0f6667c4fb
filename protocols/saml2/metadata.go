package saml2

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

// cacheLife is how long partners may keep our metadata before they look again: a new key is published longer than this before
// it signs.
const cacheLife = time.Hour

// publication is the metadata as published last.
type publication struct {
	doc, squeezed []byte // squeezed: by gzip
	tag           string // opaque part of the entity tag of doc (RFC 9110, 8.8.3)
	keys          string // ids of the keys in it
	made          time.Time
}

// service is one line of the table of what we listen to.
type service struct{ binding, path string }

// ssoServices, sloServices and the rest are the table. Answers to a sign-out go where requests go, so that no line has a
// ResponseLocation. Artifact resolution services keep their index for ever: it is inside every artifact.
func ssoServices() []service {
	return []service{
		{metadata.BindingRedirect, SSOPath}, {metadata.BindingPOST, SSOPath}, {metadata.BindingSimpleSign, SSOPath},
		{metadata.BindingArtifact, SSOPath},
	}
}

func sloServices() []service {
	return []service{
		{metadata.BindingRedirect, SLOPath}, {metadata.BindingPOST, SLOPath}, {metadata.BindingSimpleSign, SLOPath},
		{metadata.BindingArtifact, SLOPath}, {metadata.BindingSOAP, SOAPPath},
	}
}

func artifactServices() []service { return []service{{metadata.BindingSOAP, ArtifactPath}} }

// attributeServices are those of the attribute authority.
func attributeServices() []service { return []service{{metadata.BindingSOAP, AttributesPath}} }

func (p *Provider) endpoints(table []service) []metadata.Endpoint {
	var out []metadata.Endpoint
	for _, s := range table {
		out = append(out, metadata.Endpoint{Binding: s.binding, Location: p.Kit.URL(s.path)})
	}
	return out
}

// ecpServices are where enhanced clients go: first to the one that any of them can use, with a client certificate.
func (p *Provider) ecpServices() []metadata.Endpoint {
	if p.Clients == nil {
		return nil
	}
	own := metadata.Endpoint{Binding: metadata.BindingSOAP, Location: p.Kit.URL(ECPPath)}
	if p.CardECP == "" {
		return []metadata.Endpoint{own}
	}
	return []metadata.Endpoint{{Binding: metadata.BindingSOAP, Location: p.CardECP}, own}
}

// descriptor is what the metadata says, but for the keys.
func (p *Provider) descriptor() metadata.Descriptor {
	formats := []string{ // several libraries ask for the first: with this one the terms decide
		metadata.NameIDUnspecified, metadata.NameIDPersistent, metadata.NameIDTransient, metadata.NameIDEmail,
	}
	d := metadata.Descriptor{
		EntityID: p.EntityID, ValidFor: p.MetadataLife, CacheFor: cacheLife, About: p.About,
		DigestMethods: []string{xmlsec.SHA256, xmlsec.SHA384, xmlsec.SHA512}, Refused: p.Refused,
		IdP: metadata.IdentityProvider{
			ErrorURL: p.Kit.URL(web.ErrorURL), SSO: append(p.endpoints(ssoServices()), p.ecpServices()...), SLO: p.endpoints(sloServices()), AsyncLogout: true,
			NameIDFormats: formats,
			Attributes:    p.Attributes, WantAuthnRequestsSigned: p.WantSigned,
		},
	}
	for _, alg := range p.algorithms() {
		d.SigningMethods = append(d.SigningMethods, metadata.SigningMethod{Algorithm: trust.SignatureURI(alg)})
	}
	for i, e := range p.endpoints(artifactServices()) {
		d.IdP.ArtifactResolution = append(d.IdP.ArtifactResolution, metadata.IndexedEndpoint{
			Binding: e.Binding, Location: e.Location, Index: i, Default: i == 0,
		})
	}
	if services := p.endpoints(attributeServices()); len(services) > 0 {
		d.Authority = &metadata.AttributeAuthority{Services: services, NameIDFormats: formats, Attributes: p.Attributes}
	}
	return d
}

// Metadata returns the hub's signed metadata. It is made again when the keys change, and when half of its life is over.
func (p *Provider) Metadata(now time.Time) ([]byte, error) {
	m, err := p.publish(now)
	return m.doc, err
}

func (p *Provider) publish(now time.Time) (publication, error) {
	ring := p.Keys().ForSAML()
	d := p.descriptor()
	var ids []string
	for _, k := range published(ring, p.Algorithm) {
		ids = append(ids, k.ID)
		d.SigningCertificates = append(d.SigningCertificates, k.Certificate.Raw)
	}
	for _, k := range ring.Receiving() {
		ids = append(ids, k.ID)
		d.EncryptionCertificates = append(d.EncryptionCertificates, k.Certificate.Raw)
	}
	keys := strings.Join(ids, " ")
	p.publishing.Lock()
	defer p.publishing.Unlock()
	age := now.Sub(p.published.made)
	if p.published.keys == keys && age >= 0 && age < p.MetadataLife/2 {
		return p.published, nil
	}
	key, err := p.metadataKey(ring)
	if err != nil {
		return publication{}, fmt.Errorf("saml2: publish metadata: %w", err)
	}
	d.ID = p.newID()
	doc, err := metadata.Publish(d, key, now, p.Rand)
	if err != nil {
		return publication{}, fmt.Errorf("saml2: publish metadata: %w", err)
	}
	squeezed, err := squeeze(doc)
	if err != nil {
		return publication{}, err
	}
	sum := sha256.Sum256(doc)
	p.published = publication{
		doc: doc, squeezed: squeezed, tag: base64.RawURLEncoding.EncodeToString(sum[:18]), keys: keys, made: now,
	}
	return p.published, nil
}
