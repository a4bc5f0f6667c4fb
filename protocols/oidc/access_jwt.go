package oidc

import (
	"encoding/json"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// tokenID is the sealed content of the jti of a JWT access token: what the hub has to know and nobody else, for the same token goes
// to parties who must not find out that they were told of one person.
type tokenID struct {
	Grant    string   `json:"i"`
	Partners []string `json:"a,omitempty"` // of the audience, in its order; none: the client itself
	Own      bool     `json:"o,omitempty"`
}

// jwtAccess is what is read back from a JWT access token (RFC 9068, section 2.2).
type jwtAccess struct {
	Issuer   string        `json:"iss"`
	Audience texts         `json:"aud"`
	Expires  int64         `json:"exp"`
	Issued   int64         `json:"iat"`
	ID       string        `json:"jti"`
	Client   string        `json:"client_id"`
	Scope    string        `json:"scope"`
	Confirm  *confirmation `json:"cnf"`
}

// texts is a JSON string, or an array of them.
type texts []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *texts) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*t = make(texts, 1)
		return json.Unmarshal(data, &(*t)[0])
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// openJWT reads a JWT access token of this hub, of any face. No other token of ours has its typ.
func (p *Provider) openJWT(token string) (accessToken, bool) {
	v, err := jose.Verify(token, jose.OwnKeys(p.keys().Published()), jose.Rules{Algorithms: keyring.Algorithms(), Types: []string{typAccess}})
	if err != nil {
		return accessToken{}, false
	}
	var said jwtAccess
	var id tokenID
	if json.Unmarshal(v.Payload, &said) != nil || !p.sealer.open(sealTokenID, said.ID, &id) {
		return accessToken{}, false
	}
	t := accessToken{
		Grant: id.Grant, Client: said.Client, Scopes: words(said.Scope), Issued: said.Issued, Expires: said.Expires, Own: id.Own, Confirm: said.Confirm, Issuer: said.Issuer, id: said.ID,
	}
	if len(id.Partners) > 0 {
		if len(id.Partners) != len(said.Audience) {
			return accessToken{}, false
		}
		for i, resource := range said.Audience {
			t.Audience = append(t.Audience, audience{id.Partners[i], resource})
		}
	}
	return t, true
}

// sayAccess makes a JWT access token for its one reader (RFC 9068). iss is what the reader may be told of the person, and g the grant;
// nil for a token of the client itself. The subject is the reader's own name for the person, never the client's.
func (p *Provider) sayAccess(to *client, t accessToken, g *grant, iss bridge.Issuance) (string, error) {
	id := tokenID{Grant: t.Grant, Own: t.Own}
	for _, a := range t.Audience {
		id.Partners = append(id.Partners, a.Partner)
	}
	jti, err := p.sealer.seal(sealTokenID, id)
	if err != nil {
		return "", err
	}
	heard := t.Scopes
	if t.isFor(to.id) { // where the token is for userinfo too, it has more
		heard = to.hears(heard)
	}
	claims := map[string]any{}
	if g != nil {
		claims = p.readerClaims(to, iss, heard)
		claims["sub"], claims["auth_time"], claims["acr"], claims["sid"] = iss.Subject, g.AuthnAt, acrOf(g.asProven(iss)), iss.Index
		if act := g.act(); act != nil {
			claims["act"] = act
		}
		g.Context.into(claims, heard)
	} else {
		claims = p.readerClaims(to, bridge.Issuance{}, heard)
		claims["sub"] = t.Client
	}
	for name, value := range map[string]any{
		"iss": p.issuer, "aud": names(t.Client, t.Audience), "exp": t.Expires, "iat": t.Issued, "jti": jti, "client_id": t.Client, "scope": joined(t.Scopes),
	} {
		claims[name] = value
	}
	if t.Confirm != nil {
		claims["cnf"] = t.Confirm
	}
	token, err := p.sign(to.alg, typAccess, claims)
	if err == nil && len(token) > maxToken {
		err = refuseTarget("What %s may be told does not fit into a token of %d bytes: ask for fewer scopes.", to.name, maxToken)
	}
	return token, err
}

// readerClaims are the claims that a reader's terms release, as far as the scopes of the token ask for them.
func (p *Provider) readerClaims(to *client, iss bridge.Issuance, scopes []string) map[string]any {
	claims := p.userinfoClaims(iss, &grant{Scopes: scopes})
	delete(claims, "sub")
	if role := selectedRole(iss, scopes); role != "" {
		claims[claimSelectedRole] = role
	}
	if extension := to.iua(iss, scopes, p.purpose); extension != nil {
		claims["extensions"] = extension
	}
	return claims
}
