package saml2

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/sha1"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// asked is a GET with headers "Name: value".
func (w *world) asked(method, path string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, issuerURL+path, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	if r.Header.Get("Proto") != "" {
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.0", 1, 0
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func sha1ID(id string) string {
	sum := sha1.Sum([]byte(id))
	return "{sha1}" + hex.EncodeToString(sum[:])
}

func TestMetadataQuery(t *testing.T) {
	w := newWorld(t)
	id := w.p.EntityID
	escaped := strings.ReplaceAll(url.QueryEscape(id), "+", "%20")
	for name, c := range map[string]struct {
		path    string
		headers []string
		want    int
	}{
		"entity ID":            {"/" + escaped, []string{"Accept: " + metadataType}, 200},
		"colon as it is":       {"/" + strings.ReplaceAll(id, "/", "%2F"), []string{"Accept: " + metadataType}, 200},
		"decoded on its way":   {"/" + id, nil, 200},
		"SHA-1":                {"/" + url.PathEscape(sha1ID(id)), []string{"Accept: " + metadataType}, 200},
		"all":                  {"", []string{"Accept: " + metadataType}, 200},
		"no Accept":            {"/" + escaped, nil, 200},
		"Accept anything":      {"/" + escaped, []string{"Accept: text/html, */*;q=0.1"}, 200},
		"Accept application":   {"/" + escaped, []string{"Accept: application/*"}, 200},
		"two Accept headers":   {"/" + escaped, []string{"Accept: text/html", "Accept: application/SAMLmetadata+xml; q=0.5"}, 200},
		"Accept something":     {"/" + escaped, []string{"Accept: text/html"}, 406},
		"Accept all but this":  {"/" + escaped, []string{"Accept: */*, " + metadataType + ";q=0"}, 406},
		"unreadable weight":    {"/" + escaped, []string{"Accept: " + metadataType + ";q=x"}, 406},
		"another entity":       {"/https:%2F%2Fpas.example%2Fsp", []string{"Accept: " + metadataType}, 404},
		"another, no Accept":   {"/https:%2F%2Fpas.example%2Fsp", []string{"Accept: text/html"}, 404},
		"another SHA-1":        {"/" + url.PathEscape(sha1ID("https://pas.example/sp")), nil, 404},
		"SHA-1 in capitals":    {"/" + url.PathEscape("{sha1}"+strings.ToUpper(sha1ID(id)[6:])), nil, 404},
		"SHA-1 cut":            {"/" + url.PathEscape(sha1ID(id)[:45]), nil, 404},
		"SHA-256":              {"/" + url.PathEscape(strings.Replace(sha1ID(id), "sha1", "sha256", 1)), nil, 404},
		"nothing":              {"/", nil, 404},
		"a prefix":             {"/" + escaped[:len(escaped)-1], nil, 404},
		"more behind":          {"/" + escaped + "%2F..", nil, 404},
		"up and down":          {"/x%2F..%2F" + escaped, nil, 404},
		"twice escaped":        {"/" + url.QueryEscape(escaped), nil, 404},
		"long":                 {"/" + strings.Repeat("a", 4096), nil, 404},
		"not an escape":        {"/" + escaped + "%00", nil, 404},
		"HTTP/1.0":             {"/" + escaped, []string{"Proto: 1.0"}, 505},
		"a query is no matter": {"/" + escaped + "?x=1", nil, 200},
	} {
		t.Run(name, func(t *testing.T) {
			rec := w.asked(http.MethodGet, MDQPath+c.path, c.headers...)
			if rec.Code != c.want {
				t.Fatalf("status %d, want %d: %.200s", rec.Code, c.want, rec.Body)
			}
			h := rec.Header()
			if c.want == http.StatusNotFound && h.Get("Cache-Control") != "public, max-age=3600" {
				t.Errorf("a caller cannot remember that there is nothing: %v", h)
			}
			if c.want != http.StatusOK {
				return
			}
			if h.Get("Content-Type") != metadataType || h.Get("ETag") == "" || h.Get("Cache-Control") != "public, max-age=3600" || !strings.Contains(h.Get("Vary"), "Accept") || h.Get("Last-Modified") == "" {
				t.Errorf("headers %v", h)
			}
			v, err := xmlsec.VerifyEnveloped(rec.Body.Bytes(), xmlsec.MetadataLimits(), []crypto.PublicKey{keys().hub.Public()})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := v.Root().Attr("entityID"); got != id || v.Root().Local != "EntityDescriptor" {
				t.Errorf("%s of %q", v.Root().Local, got)
			}
		})
	}
	if rec := w.asked(http.MethodPost, MDQPath+"/"+escaped); rec.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", rec.Code)
	}
}

// TestMetadataAgain: whoever has the metadata is not sent it again, until it changes (RFC 9110, 13.1.2).
func TestMetadataAgain(t *testing.T) {
	for _, path := range []string{MetadataPath, MDQPath} {
		w := newWorld(t)
		plain := w.asked(http.MethodGet, path)
		tag := plain.Header().Get("ETag")
		for name, header := range map[string]string{"tag": tag, "list": `"x", ` + tag, "any": "*", "weak": "W/" + tag} {
			if rec := w.asked(http.MethodGet, path, "If-None-Match: "+header); rec.Code != http.StatusNotModified || rec.Body.Len() > 0 || rec.Header().Get("ETag") != tag {
				t.Errorf("%s: %s: %d", path, name, rec.Code)
			}
		}
		if rec := w.asked(http.MethodGet, path, `If-None-Match: "x"`); rec.Code != http.StatusOK {
			t.Errorf("%s: another tag: %d", path, rec.Code)
		}
		if rec := w.asked(http.MethodHead, path); rec.Code != http.StatusOK || rec.Body.Len() > 0 || rec.Header().Get("ETag") != tag {
			t.Errorf("%s: HEAD: %d", path, rec.Code)
		}
		squeezed := w.asked(http.MethodGet, path, "Accept-Encoding: br, gzip;q=0.8")
		z, err := gzip.NewReader(squeezed.Body)
		if err != nil {
			t.Fatal(path, err)
		}
		if doc, err := io.ReadAll(z); err != nil || !bytes.Equal(doc, plain.Body.Bytes()) {
			t.Errorf("%s: compressed it is another: %v", path, err)
		}
		if got := squeezed.Header(); got.Get("Content-Encoding") != "gzip" || got.Get("ETag") == tag || got.Get("Vary") == "" {
			t.Errorf("%s: compressed: %v", path, got)
		}
		for _, refused := range []string{"gzip;q=0", "identity", "*;q=0"} {
			if rec := w.asked(http.MethodGet, path, "Accept-Encoding: "+refused); rec.Header().Get("Content-Encoding") != "" {
				t.Errorf("%s: compressed in spite of %s", path, refused)
			}
		}
		w.now = w.now.Add(w.p.MetadataLife/2 + time.Second)
		if rec := w.asked(http.MethodGet, path, "If-None-Match: "+tag); rec.Code != http.StatusOK || rec.Header().Get("ETag") == tag {
			t.Errorf("%s: new metadata: %d", path, rec.Code)
		}
	}
}
