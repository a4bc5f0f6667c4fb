package oidc

import (
	"net/http"

	"github.com/ory/fosite"

	"github.com/lanyard-hub/lanyard/bridge"
)

// revoke ends the grant of a token (RFC 7009). The answer is the same for tokens of nobody and of others.
func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	c, form, err := p.call(w, r)
	if err != nil {
		return
	}
	token := form.Get("token")
	if token == "" {
		err = bridge.Refuse(bridge.BadRequest, "token is missing.")
	} else {
		err = p.spend(r.Context(), c)
	}
	if err == nil {
		err = p.machine(c.client).revoke(r.Context(), token, fosite.TokenType(form.Get("token_type_hint")))
	}
	if err != nil {
		p.refuseCall(w, r, c.id, "", err)
		return
	}
	writeJSON(w, http.StatusOK, struct{}{})
}
