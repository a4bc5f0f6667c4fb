package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strings"
)

//go:embed static/*
var staticFiles embed.FS

// asset is one embedded file, ready to send.
type asset struct {
	kind    string // content type
	data    []byte
	gzipped []byte
}

// assetURLs and assets are built once from the embedded files and never change.
var assetURLs, assets = indexAssets()

func indexAssets() (urls map[string]string, byURL map[string]asset) {
	urls, byURL = map[string]string{}, map[string]asset{}
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		panic("web: embedded files: " + err.Error()) // cannot happen: the folder is compiled in
	}
	z := gzip.NewWriter(io.Discard) // one for all: each costs a megabyte
	for _, e := range entries {
		data, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			panic("web: embedded file: " + err.Error())
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(e.Name())
		url := "/static/" + strings.TrimSuffix(e.Name(), ext) + "-" + hex.EncodeToString(sum[:6]) + ext
		urls[e.Name()] = url
		byURL[url] = asset{kind: contentType(ext), data: data, gzipped: squeeze(z, data)}
	}
	return urls, byURL
}

func squeeze(z *gzip.Writer, data []byte) []byte {
	var buf bytes.Buffer
	z.Reset(&buf)
	if _, err := z.Write(data); err != nil {
		panic("web: compress in memory: " + err.Error())
	}
	if err := z.Close(); err != nil {
		panic("web: compress in memory: " + err.Error())
	}
	return buf.Bytes()
}

// contentType does not ask the machine's mime tables, which differ from host to host.
func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// Asset is the path of an embedded file, with a hash of its content in the name so that it may be cached for ever.
func Asset(name string) string {
	if url, ok := assetURLs[name]; ok {
		return url
	}
	return "/static/missing"
}

func (k *Kit) serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := assets[r.URL.Path]
	if !ok {
		k.notFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	body := a.data
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.gzipped
	}
	_, _ = w.Write(body) // the browser went away: nothing to do about it
}
