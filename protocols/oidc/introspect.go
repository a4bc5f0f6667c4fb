package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// introspection is RFC 7662, section 2.2.
type introspection struct {
	Active  bool   `json:"active"`
	Scope   string `json:"scope,omitempty"`
	Client  string `json:"client_id,omitempty"`
	Type    string `json:"token_type,omitempty"`
	Expires int64  `json:"exp,omitempty"`
	Issued  int64  `json:"iat,omitempty"`
	Subject string `json:"sub,omitempty"`
	Issuer  string `json:"iss,omitempty"`
	SID     string `json:"sid,omitempty"`

	Confirmation binding `json:"cnf,omitzero"` // of a bound token (RFC 8705, section 3.2; RFC 9449, section 6.2)
}

// introspect tells a client with credentials whether an access token of its own is good now. Of any other
// token it says no more than that it is not active.
func (p *Provider) introspect(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	switch token := form.Get("token"); {
	case c.public():
		err = bridge.Refuse(bridge.BadClient, "Introspection needs a client that authenticates.").WithCode("auth_method")
	case token == "":
		err = bridge.Refuse(bridge.BadRequest, "token is missing.")
	default:
		err = p.spend(r.Context(), c)
	}
	if err != nil {
		p.refuseCall(w, r, c.id, "", err)
		return
	}
	var g *grant
	var iss bridge.Issuance
	t, err := p.readAccess(form.Get("token"))
	if err == nil {
		g, iss, err = p.access(r.Context(), t, []string{})
	}
	if refusal := bridge.AsRefusal(err); err != nil && (refusal.Reason == bridge.Internal || refusal.Reason == bridge.Unavailable) {
		p.refuseCall(w, r, c.id, "", err)
		return
	}
	if err != nil || g.Client != c.id {
		writeJSON(w, http.StatusOK, introspection{})
		return
	}
	writeJSON(w, http.StatusOK, introspection{
		Active: true, Scope: joined(g.Scopes), Client: g.Client, Type: t.Bound.tokenType(), Confirmation: t.Bound, Expires: t.Expires, Issued: t.Issued,
		Subject: g.Subject, Issuer: p.issuer, SID: iss.Index,
	})
}
