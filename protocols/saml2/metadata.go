package saml2

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// cacheLife is how long partners may keep our metadata before they look again: a new key is published longer than this before
// it signs.
const cacheLife = time.Hour

// publication is the metadata as published last.
type publication struct {
	mu   sync.Mutex
	doc  []byte
	tag  string // entity tag of doc (RFC 9110, 8.8.3)
	keys string // ids of the keys in it
	made time.Time
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
		DigestMethods: []string{xmlsec.SHA256, xmlsec.SHA384, xmlsec.SHA512},
		IdP: metadata.IdentityProvider{
			ErrorURL: p.Kit.URL(web.ErrorURL), SSO: append(p.endpoints(ssoServices()), p.ecpServices()...), SLO: p.endpoints(sloServices()), NameIDFormats: formats,
		},
	}
	for _, alg := range keyring.Algorithms() {
		d.SigningMethods = append(d.SigningMethods, metadata.SigningMethod{Algorithm: trust.SignatureURI(alg)})
	}
	for i, e := range p.endpoints(artifactServices()) {
		d.IdP.ArtifactResolution = append(d.IdP.ArtifactResolution, metadata.IndexedEndpoint{
			Binding: e.Binding, Location: e.Location, Index: i, Default: i == 0,
		})
	}
	if services := p.endpoints(attributeServices()); len(services) > 0 {
		d.Authority = &metadata.AttributeAuthority{Services: services, NameIDFormats: formats}
	}
	return d
}

// Metadata returns the hub's signed metadata. It is made again when the keys change, and when half of its life is over.
func (p *Provider) Metadata(now time.Time) ([]byte, error) {
	doc, _, err := p.publish(now)
	return doc, err
}

// publish returns the metadata and its entity tag.
func (p *Provider) publish(now time.Time) (doc []byte, tag string, err error) {
	ring := p.Keys()
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
	p.published.mu.Lock()
	defer p.published.mu.Unlock()
	age := now.Sub(p.published.made)
	if p.published.keys == keys && age >= 0 && age < p.MetadataLife/2 {
		return p.published.doc, p.published.tag, nil
	}
	key, err := metadataKey(ring)
	if err != nil {
		return nil, "", fmt.Errorf("saml2: publish metadata: %w", err)
	}
	d.ID = p.newID()
	if doc, err = metadata.Publish(d, key, now, p.Rand); err != nil {
		return nil, "", fmt.Errorf("saml2: publish metadata: %w", err)
	}
	sum := sha256.Sum256(doc)
	tag = `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`
	p.published.doc, p.published.tag, p.published.keys, p.published.made = doc, tag, keys, now
	return doc, tag, nil
}

// metadata serves the metadata (SAML Metadata 4.1.1).
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	doc, tag, err := p.publish(p.Hub.Clock())
	if err != nil {
		p.Kit.Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml")
	h.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(cacheLife/time.Second)))
	h.Set("ETag", tag)
	_, _ = w.Write(doc) // the reader went away: nothing to do about it
}
