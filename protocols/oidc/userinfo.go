package oidc

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// userinfo answers with the released claims of the granted scopes (OpenID Connect Core 1.0, section 5.3).
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, err := bearer(r)
	if err != nil {
		p.refuseResource(w, r, "", "", err)
		return
	}
	g, iss, _, err := p.access(r.Context(), token, nil)
	if err == nil && !slices.Contains(g.Scopes, scopeOpenID) {
		err = bridge.Refuse(bridge.BadGrant, "The access token is not for userinfo.").WithCode(codeInsufficientScope)
	}
	if err != nil {
		partner, ref := "", ""
		if g != nil {
			partner, ref = g.Client, g.Ref
		}
		p.refuseResource(w, r, partner, ref, err)
		return
	}
	claims := p.userinfoClaims(iss, g.Subject, g.Scopes)
	if p.hub.Recorder != nil {
		p.hub.Recorder.Trace(g.Ref, "userinfo", "partner", g.Client, "claims", strconv.Itoa(len(claims)), "withheld", strconv.Itoa(len(iss.Withheld)))
	}
	writeJSON(w, http.StatusOK, claims)
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
