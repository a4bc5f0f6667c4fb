package oidc

import (
	"context"
	"errors"
	"math"
	"net"
	"net/url"
	"slices"
	"strings"
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
	claims, err := readAssertion(verified)
	if err != nil {
		return none, refuseAssertion("claims", "The claims of the client assertion are not valid: %s.", err.Error())
	}
	if why := p.judge(claims, c); why != nil {
		return none, why
	}
	expires := time.Unix(int64(math.Ceil(claims.expires)), 0).Add(assertionSkew + time.Second) // never sooner than judge refuses it
	return bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindJTI, Key: bridge.Key(c.id + "\x00" + claims.id), Expires: expires}}, nil
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

// judge checks the claims of a verified assertion.
func (p *Provider) judge(a assertion, c *client) *bridge.Refusal {
	now := float64(p.hub.Clock().UnixMilli()) / 1000
	skew := assertionSkew.Seconds()
	switch {
	case a.issuer != c.id || a.subject != c.id:
		return refuseAssertion("subject", "iss and sub of the client assertion must both be the client_id.")
	case c.profile().audience && (!a.single || a.audience[0] != p.issuer):
		return refuseAssertion("aud", "The aud of the client assertion must be %s, as a string (FAPI 2.0 Security Profile, section 5.3.2.1).", p.issuer)
	case len(a.audience) != 1 || !p.isOurs(a.audience[0]):
		return refuseAssertion("aud", "The aud of the client assertion must be %s or %s, or the endpoint for pushing or for backchannel authentication, and nothing else.", p.issuer, p.url(tokenPath))
	case a.id == "" || len(a.id) > maxJTI:
		return refuseAssertion("jti", "The client assertion needs a jti of at most %d bytes.", maxJTI)
	case a.expires <= now-skew:
		return refuseAssertion("expired", "The client assertion has expired.")
	case a.expires > now+maxAssertionLife.Seconds()+skew:
		return refuseAssertion("exp", "The exp of the client assertion is more than 5 minutes ahead.")
	case a.hasIssued && a.issued > now+skew:
		return refuseAssertion("iat", "The iat of the client assertion is in the future.")
	case a.hasSince && a.since > now+skew:
		return refuseAssertion("nbf", "The client assertion is not valid yet (nbf).")
	}
	return nil
}

// isOurs reports whether an audience is the issuer or an endpoint that a client may take for it, at either address (RFC 7523, section 3;
// RFC 9126, section 2; CIBA Core 1.0, section 7.1; RFC 8705, section 5), with or without the default port: clients differ in whether
// they keep it.
func (p *Provider) isOurs(aud string) bool {
	ours := slices.Concat([]string{p.issuer}, p.targets(tokenPath), p.targets(pushPath), p.targets(backAuthPath))
	bare := withoutDefaultPort(aud)
	return slices.ContainsFunc(ours, func(own string) bool { return bare == withoutDefaultPort(own) })
}

func withoutDefaultPort(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Port() == "" {
		return raw
	}
	if u.Scheme == "https" && u.Port() == "443" || u.Scheme == "http" && u.Port() == "80" {
		host := u.Hostname()
		if net.ParseIP(host) != nil && strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return strings.Replace(raw, u.Host, host, 1)
	}
	return raw
}
