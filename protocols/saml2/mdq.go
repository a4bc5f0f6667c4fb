package saml2

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // the transformed identifier is SHA-1 by its definition; nothing is trusted for it
	"encoding/hex"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const metadataType = "application/samlmetadata+xml"

// metadata serves the metadata at the entity's own address (SAML Metadata 4.1.1). Whoever asks gets it, whatever it accepts.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) { p.serveMetadata(w, r) }

// answerMDQ answers the Metadata Query Protocol (draft-young-md-query and its SAML profile) about the one entity known here.
func (p *Provider) answerMDQ(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Vary", "Accept, Accept-Encoding")
	switch {
	case !r.ProtoAtLeast(1, 1):
		http.Error(w, "HTTP/1.1 is needed.", http.StatusHTTPVersionNotSupported)
	case !p.isAbout(r):
		h.Set("Cache-Control", maxAge())
		http.Error(w, "No metadata under this identifier.", http.StatusNotFound)
	case !accepts(r.Header.Values("Accept"), metadataType):
		http.Error(w, "There is only "+metadataType+".", http.StatusNotAcceptable)
	default:
		p.serveMetadata(w, r)
	}
}

// isAbout reports whether a query asks for all entities, or for us by entity ID or by its SHA-1.
func (p *Provider) isAbout(r *http.Request) bool {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), MDQPath)
	if !ok {
		return false
	}
	if rest == "" {
		return true
	}
	id, err := url.PathUnescape(strings.TrimPrefix(rest, "/")) // + stays +
	if err != nil {
		return false
	}
	sum := sha1.Sum([]byte(p.EntityID)) //nolint:gosec // see above
	return id == p.EntityID || id == "{sha1}"+hex.EncodeToString(sum[:])
}

func maxAge() string { return "public, max-age=" + strconv.Itoa(int(cacheLife/time.Second)) }

func (p *Provider) serveMetadata(w http.ResponseWriter, r *http.Request) {
	m, err := p.publish(p.Hub.Clock())
	if err != nil {
		p.Kit.Refuse(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", metadataType)
	h.Set("Cache-Control", maxAge())
	if h.Get("Vary") == "" {
		h.Set("Vary", "Accept-Encoding")
	}
	body, tag := m.doc, m.tag
	if accepts(r.Header.Values("Accept-Encoding"), "gzip") && r.Header.Get("Accept-Encoding") != "" {
		h.Set("Content-Encoding", "gzip")
		body, tag = m.squeezed, m.tag+"-gzip"
	}
	h.Set("ETag", `"`+tag+`"`)
	http.ServeContent(w, r, "", m.made, bytes.NewReader(body)) // If-None-Match and the like
}

// squeeze compresses a document.
func squeeze(doc []byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(doc); err != nil {
		return nil, fmt.Errorf("saml2: compress metadata: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("saml2: compress metadata: %w", err)
	}
	return b.Bytes(), nil
}

// accepts reads an Accept or Accept-Encoding header: whether its most specific range for what is on offer has a weight above
// zero (RFC 9110, 12.4.2 and 12.5). No header, and one that says nothing, accepts everything.
func accepts(headers []string, offer string) bool {
	kind, _, _ := strings.Cut(offer, "/")
	best, weight, said := -1, 1.0, false
	for _, item := range strings.Split(strings.Join(headers, ","), ",") {
		if strings.TrimSpace(item) == "" {
			continue
		}
		said = true
		name, parameters, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		rank := -1
		switch name {
		case offer:
			rank = 2
		case kind + "/*":
			rank = 1
		case "*/*", "*":
			rank = 0
		}
		if rank <= best {
			continue
		}
		best, weight = rank, 1
		if q, ok := parameters["q"]; ok {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				weight = 0
			}
		}
	}
	return !said || best >= 0 && weight > 0
}
