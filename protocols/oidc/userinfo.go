package oidc

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// userinfo answers with the released claims of the granted scopes (OpenID Connect Core 1.0, section 5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	p.interaction(w, r)
	shown, err := present(r)
	if err != nil {
		p.refuseResource(w, r, shown.scheme, "", "", err)
		return
	}
	var g *grant
	var iss bridge.Issuance
	t, err := p.heldAccess(w, r, shown)
	if err == nil {
		g, iss, err = p.access(r.Context(), t)
	}
	if err != nil {
		partner, ref := t.Client, ""
		if g != nil {
			partner, ref = g.Client, g.Ref
		}
		p.refuseResource(w, r, shown.scheme, partner, ref, err)
		return
	}
	claims := p.userinfoClaims(iss, g)
	if p.hub.Recorder != nil {
		p.hub.Recorder.Trace(g.Ref, "userinfo", "partner", g.Client, "claims", strconv.Itoa(len(claims)), "withheld", strconv.Itoa(len(iss.Withheld)))
	}
	p.answerUserinfo(w, r, shown.scheme, g.Client, claims)
}

// answerUserinfo writes claims as the terms say: as JSON, or as a JWT for this client (OpenID Connect Core 1.0, section 5.3.2). The JWT
// has no exp: it is no ID token, and no hint.
func (p *Provider) answerUserinfo(w http.ResponseWriter, r *http.Request, scheme, partner string, claims map[string]any) {
	c, err := p.partner(partner)
	if err != nil {
		p.refuseResource(w, r, scheme, partner, "", err)
		return
	}
	if c.terms.UserinfoAlgorithm == "" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	claims["iss"], claims["aud"] = p.issuer, c.id
	token, err := p.sign(keyring.Algorithm(c.terms.UserinfoAlgorithm), typJWT, claims)
	if err != nil {
		p.refuseResource(w, r, scheme, partner, "", err)
		return
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/jwt")
	_, _ = w.Write([]byte(token)) // the client went away: nothing to do about it
}

// refuseResource audits and answers as RFC 6750, section 3, and RFC 9449, section 7.1: both schemes are offered, and the error is
// named with the one that was used. Without a token no error is named.
func (p *Provider) refuseResource(w http.ResponseWriter, r *http.Request, scheme, partner, ref string, err error) {
	refusal := p.hub.RefuseRequest(r.Context(), ledger.TokenRefused, partner, p.ref(r, ref), err)
	p.logFailure(r, refusal)
	name, status := resourceError(refusal)
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		if errors.Is(refusal, errNoToken) {
			scheme = ""
		}
		p.challenge(w, scheme, name)
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

// challenge says how access tokens are presented here; the scheme that was used, if any, goes first and carries the error.
func (p *Provider) challenge(w http.ResponseWriter, used, name string) {
	offered := [...]struct{ scheme, text string }{
		{schemeBearer, `Bearer realm="` + p.issuer + `"`},
		{schemeDPoP, `DPoP realm="` + p.issuer + `", algs="` + strings.Join(algorithmNames(jose.Algorithms()), " ") + `"`},
	}
	if used == schemeDPoP {
		offered[0], offered[1] = offered[1], offered[0]
	}
	for _, o := range offered {
		if o.scheme == used {
			o.text += `, error="` + name + `"`
		}
		w.Header().Add("WWW-Authenticate", o.text)
	}
}
