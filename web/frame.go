package web

import "net/http"

// AllowFrame lets the answer be loaded in a frame. It is for redirects to registered addresses alone, never for a page.
func AllowFrame(w http.ResponseWriter) { w.Header().Del("X-Frame-Options") }
