package saml2

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/web"
)

// cacheLife is how long partners may keep our metadata before they look again: a new key is published longer than this before
// it signs.
const cacheLife = time.Hour

// publication is the metadata as published last.
type publication struct {
	mu   sync.Mutex
	doc  []byte
	keys string // ids of the keys in it
	made time.Time
}

// Metadata returns the hub's signed metadata. It is made again when the keys change, and when half of its life is over.
func (p *Provider) Metadata(now time.Time) ([]byte, error) {
	ring := p.Keys()
	d := metadata.Descriptor{
		EntityID: p.EntityID, ValidFor: p.MetadataLife, CacheFor: cacheLife, ErrorURL: p.Kit.URL(web.ErrorURL), DisplayName: p.DisplayName, Organization: p.Organization,
		Contacts: p.Contacts, Scopes: p.Scopes,
		SSO: []metadata.Endpoint{
			{Binding: metadata.BindingRedirect, Location: p.Kit.URL(SSOPath)},
			{Binding: metadata.BindingPOST, Location: p.Kit.URL(SSOPath)},
			{Binding: metadata.BindingSimpleSign, Location: p.Kit.URL(SSOPath)},
			{Binding: metadata.BindingArtifact, Location: p.Kit.URL(SSOPath)},
		},
		SLO: []metadata.Endpoint{
			{Binding: metadata.BindingRedirect, Location: p.Kit.URL(SLOPath)},
			{Binding: metadata.BindingPOST, Location: p.Kit.URL(SLOPath)},
			{Binding: metadata.BindingSimpleSign, Location: p.Kit.URL(SLOPath)},
			{Binding: metadata.BindingArtifact, Location: p.Kit.URL(SLOPath)},
			{Binding: metadata.BindingSOAP, Location: p.Kit.URL(SOAPPath)},
		},
		NameIDFormats: []string{ // several libraries ask for the first: with this one the terms decide
			metadata.NameIDUnspecified, metadata.NameIDPersistent, metadata.NameIDTransient, metadata.NameIDEmail,
		},
	}
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
		return p.published.doc, nil
	}
	key, err := metadataKey(ring)
	if err != nil {
		return nil, fmt.Errorf("saml2: publish metadata: %w", err)
	}
	d.ID = p.newID()
	doc, err := metadata.Publish(d, key, now, p.Rand)
	if err != nil {
		return nil, fmt.Errorf("saml2: publish metadata: %w", err)
	}
	p.published.doc, p.published.keys, p.published.made = doc, keys, now
	return doc, nil
}

// metadata serves the metadata (SAML Metadata 4.1.1).
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	doc, err := p.Metadata(p.Hub.Clock())
	if err != nil {
		p.Kit.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("Cache-Control", "public, max-age="+strconv.Itoa(int(cacheLife/time.Second)))
	_, _ = w.Write(doc) // the reader went away: nothing to do about it
}
