package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// heldBy reports whether a request that proved to hold h may use what is bound so. What is bound to nothing anybody may use.
func (c *confirmation) heldBy(h holding) bool {
	return c == nil || (c.Thumbprint == "" || c.Thumbprint == h.Thumbprint) && (c.Certificate == "" || c.Certificate == h.Certificate)
}

// Schemes of the Authorization header that present an access token.
const (
	schemeBearer = "Bearer" // RFC 6750
	schemeDPoP   = "DPoP"   // RFC 9449, section 7.1
)

// holding is what a request proved to hold beside the client's credentials.
type holding struct {
	confirmation
	mark *bridge.PutArtifact // that the DPoP proof was used; to be committed, once
}

// confirm is what a token is bound to that is issued now; nil: to nothing.
func (h holding) confirm() *confirmation {
	if h.confirmation == (confirmation{}) {
		return nil
	}
	return &h.confirmation
}

// holds finds out what a token request proves to hold. It is refused without what the client's terms demand: then every token of
// the client is bound, whatever the grant.
func (p *Provider) holds(w http.ResponseWriter, r *http.Request, c caller) (holding, error) {
	h, err := p.proveKey(w, r, c.client, tokenPath)
	if err != nil {
		return h, err
	}
	if c.terms.Bind == trust.BindDPoP && h.Thumbprint == "" {
		return h, refuseProof("missing", "This client must send a DPoP proof with every token request (RFC 9449, section 5).")
	}
	if c.terms.Bind != trust.BindMTLS {
		return h, nil
	}
	shown, err := p.certificates(r)
	switch {
	case err != nil:
		return h, err
	case len(shown) == 0:
		return h, bridge.Refuse(bridge.BadRequest, "The tokens of this client are bound to its certificate: it has to show one with every token request, at the address that discovery names in mtls_endpoint_aliases (RFC 8705, sections 3 and 5).").WithCode("certificate_none")
	}
	h.Certificate = certificateHash(shown[0])
	return h, nil
}

// marks are what the request used up: to be committed with what comes of it.
func (c caller) marks() []bridge.Write {
	var out []bridge.Write
	for _, m := range [...]*bridge.PutArtifact{c.mark, c.holds.mark} {
		if m != nil {
			out = append(out, *m)
		}
	}
	return out
}
