package oidc

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// publishedAge is how long anyone may keep what is published. Clients fetch a new key before its first use: it stands in the set as
// next for longer than this.
const publishedAge = "public, max-age=300"

// published is a document that changes only with the keys. It is made once for each ring.
type published struct {
	current atomic.Pointer[document]
}

// document is what is sent, header values included.
type document struct {
	ring keyring.Ring
	body []byte
	tag  string
	// age, tags and kind are header values, made once: net/http does not change them.
	age, tags, kind []string
}

// of returns the document of a ring.
func (d *published) of(ring keyring.Ring, body func() any) (*document, error) {
	if now := d.current.Load(); now != nil && now.ring.Same(ring) {
		return now, nil
	}
	data, err := json.Marshal(body())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	tag := `"` + b64.EncodeToString(sum[:18]) + `"`
	made := &document{ring: ring, body: data, tag: tag, age: []string{publishedAge}, tags: []string{tag}, kind: []string{"application/json"}}
	d.current.Store(made)
	return made, nil
}

// publish sends a document, or says that it is the one that is known already (RFC 9110, section 13.1.2).
func (p *Provider) publish(w http.ResponseWriter, r *http.Request, d *published, body func() any) {
	doc, err := d.of(p.keys(), body)
	if err != nil {
		p.log.ErrorContext(r.Context(), "document not made", "path", r.URL.Path, "error", err.Error())
		writeJSON(w, http.StatusInternalServerError, oauthError{Error: errServer})
		return
	}
	h := w.Header()
	h["Etag"], h["Cache-Control"] = doc.tags, doc.age
	if known(r.Header.Values("If-None-Match"), doc.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = doc.kind
	_, _ = w.Write(doc.body) // the client went away: nothing to do about it
}

// known reports whether a tag is among those of If-None-Match, strong or weak.
func known(headers []string, tag string) bool {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
			if part == tag || part == "*" {
				return true
			}
		}
	}
	return false
}

// discovery says what works (OpenID Connect Discovery 1.0, section 4).
func (p *Provider) discovery(w http.ResponseWriter, r *http.Request) {
	p.publish(w, r, &p.described, func() any { return p.describe() })
}

// jwks publishes the keys that sign, will sign and have signed (RFC 7517).
func (p *Provider) jwks(w http.ResponseWriter, r *http.Request) {
	p.publish(w, r, &p.keySet, func() any { return jose.PublicSet(p.keys().Published()) })
}
