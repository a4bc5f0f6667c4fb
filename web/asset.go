package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static/*
var staticFiles embed.FS

// Asset is the URL of an embedded file, with a hash of its content in the name so that it may be cached for ever.
func Asset(name string) string {
	data, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		return "/static/missing"
	}
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	return "/static/" + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	names, err := fs.Glob(staticFiles, "static/*")
	if err != nil {
		http.NotFound(w, r)
		return
	}
	for _, name := range names {
		base := strings.TrimPrefix(name, "static/")
		if Asset(base) != r.URL.Path {
			continue
		}
		data, err := staticFiles.ReadFile(name)
		if err != nil {
			break
		}
		h := w.Header()
		h.Set("Content-Type", mime.TypeByExtension(path.Ext(base)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(data) // the browser went away: nothing to do about it
		return
	}
	http.NotFound(w, r)
}
