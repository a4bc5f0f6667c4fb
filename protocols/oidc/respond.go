package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

// answerLife is how long an answer by JWT may be used (JARM, section 2.1: 10 minutes at most).
const answerLife = 5 * time.Minute

// respond sends an authorization response to the client's proven address, always with state and iss
// (RFC 9207; in an answer by JWT they stand inside). A redirect is 303, never 307 (RFC 9700, section 4.12).
func (p *Provider) respond(w http.ResponseWriter, r *http.Request, c *client, d pending, fields url.Values) {
	if d.State != "" {
		fields.Set("state", d.State)
	}
	fields.Set("iss", p.issuer)
	mode, byJWT := strings.CutSuffix(d.Mode, ".jwt")
	if byJWT {
		token, err := p.signAnswer(c, fields)
		if err != nil {
			p.refusePage(w, r, c.id, "", err)
			return
		}
		fields = url.Values{"response": {token}}
	}
	if mode == trust.ModeForm {
		var hidden []web.Field
		for _, n := range []string{"response", "code", "access_token", "token_type", "expires_in", "scope", "id_token", "error", "error_description", "state", "iss", "session_state"} {
			if fields.Has(n) {
				hidden = append(hidden, web.Field{Name: n, Value: fields.Get(n)})
			}
		}
		p.kit.PostPage(w, r, d.who, d.Redirect, c.name, hidden...)
		return
	}
	joint := "?"
	switch {
	case mode == trust.ModeFragment:
		joint = "#"
	case strings.Contains(d.Redirect, "?"):
		joint = "&"
	}
	if d.framed {
		web.AllowFrame(w)
	}
	w.Header().Set("Location", d.Redirect+joint+fields.Encode())
	w.WriteHeader(http.StatusSeeOther)
}

// signAnswer puts an answer into a JWT for this client (JARM, section 2.1). It has no typ, and so is never taken for an ID token.
func (p *Provider) signAnswer(c *client, fields url.Values) (string, error) {
	claims := map[string]any{"aud": c.id, "exp": p.hub.Clock().Add(answerLife).Unix()}
	for name := range fields {
		claims[name] = fields.Get(name)
	}
	return p.sign(keyring.Algorithm(c.terms.Request.ResponseAlgorithm), "", claims)
}

// noStore keeps an answer out of caches, in both ways that RFC 6749 5.1 requires of tokens.
func noStore(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
}

// writeJSON answers with JSON that nobody may cache.
func writeJSON(w http.ResponseWriter, status int, body any) {
	noStore(w)
	write(w, status, body)
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
