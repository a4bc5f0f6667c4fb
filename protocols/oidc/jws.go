package oidc

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lanyard-hub/lanyard/trust/jose"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

var b64 = base64.RawURLEncoding.Strict()

// Types of the tokens this hub signs.
const (
	typJWT    = "JWT"
	typLogout = "logout+jwt"
	typAccess = "at+jwt" // RFC 9068, section 2.1
)

const maxToken = jose.MaxToken // bytes of any token a client sends

// sign makes a JWT of claims with the active key of alg.
func (p *Provider) sign(alg keyring.Algorithm, typ string, claims any) (string, error) {
	key, err := p.keys().Signing(alg)
	if err != nil {
		return "", fmt.Errorf("oidc: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("oidc: write claims: %w", err)
	}
	return jose.Sign(key, alg, typ, payload)
}

var errNotOurs = errors.New("oidc: not a token of this hub")

// ownClaims are those of an ID token that comes back, as a hint or to be exchanged.
type ownClaims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Audience string `json:"aud"`
	SID      string `json:"sid"`
	Tracking string `json:"auditTrackingId"`
	Expires  int64  `json:"exp"`
	AuthTime int64  `json:"auth_time"`
	ACR      string `json:"acr"`
	Role     string `json:"selected_roleid"`
	ID       string `json:"jti"`
}

// verifyOwn reads an ID token that this hub signed, expired or not: a hint names, it does not authorise. A logout token is none,
// and neither is signed userinfo, which never expires.
func (p *Provider) verifyOwn(token string) (ownClaims, error) {
	var claims ownClaims
	own := jose.OwnKeys(p.keys().Published())
	v, err := jose.Verify(token, own, jose.Rules{Algorithms: keyring.Algorithms(), Types: []string{typJWT}})
	if err != nil {
		return claims, fmt.Errorf("%w: %w", errNotOurs, err)
	}
	if err := json.Unmarshal(v.Payload, &claims); err != nil || claims.Issuer != p.issuer || claims.Expires == 0 {
		return ownClaims{}, errNotOurs
	}
	return claims, nil
}
