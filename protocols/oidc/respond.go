package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/web"
)

// respond sends an authorization response to the client's proven address, always with state and iss
// (RFC 9207). A redirect is 303, never 307 (RFC 9700, section 4.12).
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, name string, d pending, fields url.Values) {
	if d.State != "" {
		fields.Set("state", d.State)
	}
	fields.Set("iss", p.issuer)
	if d.Mode == modeForm {
		var hidden []web.Field
		for _, n := range []string{"code", "error", "error_description", "state", "iss"} {
			if fields.Has(n) {
				hidden = append(hidden, web.Field{Name: n, Value: fields.Get(n)})
			}
		}
		p.kit.PostPage(w, r, d.Redirect, name, hidden...)
		return
	}
	joint := "?"
	if strings.Contains(d.Redirect, "?") {
		joint = "&"
	}
	w.Header().Set("Location", d.Redirect+joint+fields.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
}

// writeJSON answers with JSON that nobody may cache.
func writeJSON(w http.ResponseWriter, status int, body any) {
	noStore(w)
	write(w, status, body)
}

// writePublic answers with JSON that anyone may keep for a short while. Clients fetch a new key before its
// first use: it stands in the set as next for longer than this.
func writePublic(w http.ResponseWriter, body any) {
	w.Header().Set("Cache-Control", "public, max-age=300")
	write(w, http.StatusOK, body)
}

func write(w http.ResponseWriter, status int, body any) {
	if w.Header().Get("Retry-After") == "" && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		w.Header().Set("Retry-After", "30") // seconds
	}
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the client went away: nothing to do about it
}
