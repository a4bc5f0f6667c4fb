package oidc

import "github.com/lanyard-hub/lanyard/trust/jose"

// cis2Token is what an ID token of CIS2 holds besides; its clients have been seen to read each of them.
type cis2Token struct {
	Realm     string `json:"realm"`
	TokenName string `json:"tokenName"`
	TokenType string `json:"tokenType"`
	Operation string `json:"org.forgerock.openidconnect.ops"`
	StateHash string `json:"s_hash,omitempty"`
}

// cis2Token is nil on the other face. The operation is opaque to clients: the grant's id.
func (p *Provider) cis2Token(g *grant) *cis2Token {
	if !p.face.cis2 {
		return nil
	}
	t := &cis2Token{Realm: "/NHSIdentity/Healthcare", TokenName: "id_token", TokenType: "JWTToken", Operation: g.ID}
	if g.Offer != nil {
		t.StateHash = g.Offer.StateHash
	}
	return t
}

// stateHash is carried by the code of a face whose ID tokens state it.
func (p *Provider) stateHash(c *client, state string) string {
	if !p.face.cis2 || state == "" {
		return ""
	}
	return jose.HalfHash(c.alg, state)
}
