package oidc

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// Limits of client assertions.
const (
	maxAssertionLife = 5 * time.Minute
	assertionSkew    = 30 * time.Second // clocks of clients may differ by this
	maxJTI           = 256              // bytes
)

func refuseAssertion(code, format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, format, args...).WithCode("assertion_" + code)
}

func refuseClaims(err error) *bridge.Refusal {
	return refuseAssertion("claims", "The claims of the client assertion are not valid: %s.", err.Error())
}

// assertionRules are those for one client of this face.
func (p *Provider) assertionRules(c *client) AssertionRules {
	return p.face.AssertionRules(c.id, c.terms.Profile, p.kit.Issuer, p.mutual.address())
}

// checkAssertion verifies a private_key_jwt. It returns the mark that makes its jti unusable again, for this client.
func (p *Provider) checkAssertion(ctx context.Context, c *client, token string) (bridge.PutArtifact, error) {
	none := bridge.PutArtifact{}
	if c.broken != nil {
		return none, refuseAssertion("keys", "The keys registered for this client cannot be used.").Because(c.broken)
	}
	verified, err := p.verifyAssertion(ctx, c, token)
	if err != nil {
		return none, err
	}
	claims, err := verified.Claims()
	if err != nil {
		return none, refuseClaims(err)
	}
	a, err := readAssertion(claims)
	if err != nil {
		return none, refuseClaims(err)
	}
	if why := p.assertionRules(c).first(a, p.hub.Clock()); why != nil {
		return none, why
	}
	expires := time.Unix(int64(math.Ceil(a.expires)), 0).Add(assertionSkew + time.Second) // never sooner than the rules refuse it
	return bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindJTI, Key: bridge.Key(c.id + "\x00" + a.id), Expires: expires}}, nil
}

// verifyAssertion checks header and signature.
func (p *Provider) verifyAssertion(ctx context.Context, c *client, token string) (jose.Verified, error) {
	v, err := p.verifyOf(ctx, c, token, jose.Rules{Algorithms: c.signsWith(c.terms.AuthAlgorithm), Types: assertionTypes[:]})
	if errors.Is(err, errNoKeys) || errors.Is(err, errKeysBusy) {
		return v, keysRefusal(err)
	}
	if err != nil {
		return v, refuseAssertion(assertionCode(err), "The client assertion was refused: %s.", err.Error()).Because(err)
	}
	return v, nil
}

// assertionTypes are the values of typ: none and JWT (RFC 7523 does not ask for it), and that of its revision.
var assertionTypes = [...]string{"", typJWT, "client-authentication+jwt"}

// assertionCode names on record what was wrong with the token around the claims.
func assertionCode(err error) string {
	for _, c := range [...]struct {
		rule error
		code string
	}{
		{jose.ErrAlgorithm, "alg"}, {jose.ErrExtension, "crit"}, {jose.ErrType, "typ"}, {jose.ErrKeyID, "kid"}, {jose.ErrSignature, "signature"},
	} {
		if errors.Is(err, c.rule) {
			return c.code
		}
	}
	return "malformed"
}
