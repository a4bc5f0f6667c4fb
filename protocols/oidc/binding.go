package oidc

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// binding is what a token is bound to: without that key or certificate it opens nothing. It is the claim cnf (RFC 7800, section 3.1).
// The zero value is of a bearer token.
type binding struct {
	Key         string `json:"jkt,omitempty"`      // thumbprint of the key that signs DPoP proofs (RFC 9449, section 6.1)
	Certificate string `json:"x5t#S256,omitempty"` // SHA-256 of the client's certificate (RFC 8705, section 3.1)
}

// heldBy reports whether a request that proved to hold other may use what is bound so. What is bound to nothing anybody may use.
func (b binding) heldBy(other binding) bool {
	return (b.Key == "" || b.Key == other.Key) && (b.Certificate == "" || b.Certificate == other.Certificate)
}

// tokenType says how an access token is presented (RFC 6749, section 7.1; RFC 9449, section 5).
func (b binding) tokenType() string {
	if b.Key != "" {
		return schemeDPoP
	}
	return schemeBearer
}

// Schemes of the Authorization header that present an access token.
const (
	schemeBearer = "Bearer" // RFC 6750
	schemeDPoP   = "DPoP"   // RFC 9449, section 7.1
)

// holding is what a request proved to hold beside the client's credentials.
type holding struct {
	binding
	mark *bridge.PutArtifact // that the DPoP proof was used; to be committed, once
}

// holds finds out what a token request proves to hold. It is refused without what the client's terms demand: then every token of
// the client is bound, whatever the grant.
func (p *Provider) holds(w http.ResponseWriter, r *http.Request, c caller) (holding, error) {
	h, err := p.proveKey(w, r, c.client, tokenPath)
	if err != nil {
		return h, err
	}
	if c.terms.Bind == trust.BindDPoP && h.Key == "" {
		return h, refuseProof("missing", "This client must send a DPoP proof with every token request (RFC 9449, section 5).")
	}
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
