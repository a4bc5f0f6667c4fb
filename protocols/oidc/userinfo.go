package oidc

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// userinfo answers with the released claims of the granted scopes (OpenID Connect Core 1.0, section 5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, err := bearer(r)
	if err != nil {
		p.refuseResource(w, r, "", "", err)
		return
	}
	g, iss, err := p.access(r.Context(), token)
	if err != nil {
		partner, ref := "", ""
		if g != nil {
			partner, ref = g.Client, g.Ref
		}
		p.refuseResource(w, r, partner, ref, err)
		return
	}
	claims := p.userinfoClaims(iss, g)
	if p.hub.Recorder != nil {
		p.hub.Recorder.Trace(g.Ref, "userinfo", "partner", g.Client, "claims", strconv.Itoa(len(claims)), "withheld", strconv.Itoa(len(iss.Withheld)))
	}
	p.answerUserinfo(w, r, g.Client, claims)
}

// answerUserinfo writes claims as the terms say: as JSON, or as a JWT for this client (OpenID Connect Core 1.0, section 5.3.2). The JWT
// has no exp: it is no ID token, and no hint.
func (p *Provider) answerUserinfo(w http.ResponseWriter, r *http.Request, partner string, claims map[string]any) {
	c, err := p.partner(partner)
	if err != nil {
		p.refuseResource(w, r, partner, "", err)
		return
	}
	if c.terms.UserinfoAlgorithm == "" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = p.issuer, c.id
	token, err := p.sign(keyring.Algorithm(c.terms.UserinfoAlgorithm), typJWT, claims)
	if err != nil {
		p.refuseResource(w, r, partner, "", err)
		return
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(token)) // the client went away: nothing to do about it
}

// refuseResource audits and answers as RFC 6750, section 3: without a token no error is named.
func (p *Provider) refuseResource(w http.ResponseWriter, r *http.Request, partner, ref string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.TokenRefused, partner, p.ref(r, ref), err)
	p.logFailure(r, refusal)
	name, status := resourceError(refusal)
	challenge := `Bearer realm="` + p.issuer + `"`
	if !errors.Is(refusal, errNoToken) {
		challenge += `, error="` + name + `"`
	}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}
