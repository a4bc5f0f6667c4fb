package oidc

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// tokenResponse is RFC 6749, section 5.1, with OpenID Connect Core 1.0, section 3.1.3.3.
type tokenResponse struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires int64  `json:"expires_in"` // seconds
	Refresh string `json:"refresh_token,omitempty"`
	ID      string `json:"id_token,omitempty"`
	Scope   string `json:"scope"`
	Issued  string `json:"issued_token_type,omitempty"` // RFC 8693, section 2.2.1
	*launchContext
}

// token exchanges a code or a refresh token (RFC 6749, sections 4.1.3 and 6).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	var answer *tokenResponse
	ref := ""
	if c.holds, err = p.holds(w, r, c); err == nil {
		answer, ref, err = p.exchange(r.Context(), c, form)
	} else {
		err = p.refusedAfter(r.Context(), c, err)
	}
	if err != nil {
		p.refuseCall(w, r, c.id, ref, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// call reads and authenticates a request of a client to a back-channel endpoint. On error it has answered.
func (p *Provider) call(w http.ResponseWriter, r *http.Request) (caller, url.Values, error) {
	var c caller
	claimed := ""
	form, err := callForm(r)
	if err == nil {
		c, claimed, err = p.authenticate(r, form)
	}
	if err != nil {
		p.refuseCall(w, r, claimed, "", err)
	}
	return c, form, err
}

func callForm(r *http.Request) (url.Values, error) {
	if r.URL.RawQuery != "" {
		return nil, bridge.Refuse(bridge.BadRequest, "Send parameters in the body, not in the query.").WithCode("query_parameters")
	}
	form, err := readForm(r)
	if err != nil {
		return nil, err
	}
	if why := once(form); why != nil {
		return nil, why
	}
	omitEmpty(form)
	return form, nil
}

// refuseCall audits a refusal of a back-channel endpoint and answers it as JSON (RFC 6749, section 5.2).
func (p *Provider) refuseCall(w http.ResponseWriter, r *http.Request, partner, ref string, err error) {
	refusal := bridge.AsRefusal(err)
	if !ordinary(refusal) {
		refusal = p.hub.RefuseRequest(r.Context(), ledger.TokenRefused, partner, p.ref(r, ref), err)
	}
	p.logFailure(r, refusal)
	name, status := tokenError(refusal)
	if status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="`+p.issuer+`"`)
	}
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

// turnAway answers a client that was not admitted (RFC 6749, section 5.2, has no code for it; RFC 6585, section 4, has the status).
func turnAway(w http.ResponseWriter, _ *http.Request, refusal *bridge.Refusal) {
	name, status := tokenError(refusal)
	writeJSON(w, status, oauthError{Error: name, Description: describe(refusal.Detail)})
}

type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description,omitempty"`
}
