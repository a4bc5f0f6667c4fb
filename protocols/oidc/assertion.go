package oidc

import (
	"errors"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Limits of client assertions.
const (
	maxAssertionLife = 5 * time.Minute
	assertionSkew    = 30 * time.Second // clocks of clients may differ by this
	maxKeyID         = 256              // bytes
	maxJTI           = 256
)

// assertionAlgorithms are those a client may sign with.
func assertionAlgorithms() []jose.SignatureAlgorithm {
	return []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.ES256}
}

const assertionAlgorithmNames = "RS256, RS384, RS512, PS256 or ES256"

func refuseAssertion(code, format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadClient, format, args...).WithCode("assertion_" + code)
}

// checkAssertion verifies a private_key_jwt. It returns the mark that makes its jti unusable again, for this client.
func (p *Provider) checkAssertion(c *client, token string) (bridge.PutArtifact, error) {
	none := bridge.PutArtifact{}
	if c.broken != nil {
		return none, refuseAssertion("keys", "The keys registered for this client cannot be used.").Because(c.broken)
	}
	payload, err := verifyAssertion(c, token)
	if err != nil {
		return none, err
	}
	claims, err := readAssertion(payload)
	if err != nil {
		return none, refuseAssertion("claims", "The claims of the client assertion are not valid: %s.", err.Error())
	}
	if why := p.judge(claims, c.id); why != nil {
		return none, why
	}
	expires := time.Unix(int64(claims.expires), 0).Add(assertionSkew)
	return bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindJTI, Key: bridge.Key(c.id + "\x00" + claims.id), Expires: expires}}, nil
}

// verifyAssertion checks header and signature, with registered keys only: what a header says of keys is never followed (RFC 8725, section 3.10).
func verifyAssertion(c *client, token string) ([]byte, error) {
	if token == "" || len(token) > maxToken {
		return nil, refuseAssertion("malformed", "The client assertion is empty or too long.")
	}
	jws, err := jose.ParseSignedCompact(token, assertionAlgorithms())
	if err != nil {
		if errors.As(err, new(*jose.ErrUnexpectedSignatureAlgorithm)) {
			return nil, refuseAssertion("alg", "The alg of the client assertion must be %s.", assertionAlgorithmNames)
		}
		return nil, refuseAssertion("malformed", "The client assertion is not a signed JWT.").Because(err)
	}
	header := jws.Signatures[0].Protected
	if !plainHeader(header) {
		return nil, refuseAssertion("crit", "The client assertion asks for an extension that is not supported.")
	}
	if typ, ok := header.ExtraHeaders[jose.HeaderType].(string); ok && !strings.EqualFold(typ, typJWT) && typ != "client-authentication+jwt" {
		return nil, refuseAssertion("typ", "The typ of the client assertion must be JWT or client-authentication+jwt.")
	}
	key, err := c.key(header)
	if err != nil {
		return nil, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, refuseAssertion("signature", "The signature of the client assertion is not valid.").Because(err)
	}
	return payload, nil
}

// key finds the registered key a header names; without a name, the only one that fits.
func (c *client) key(header jose.Header) (any, error) {
	if len(header.KeyID) > maxKeyID {
		return nil, refuseAssertion("kid", "The kid of the client assertion is too long.")
	}
	var fit []jose.JSONWebKey
	for _, k := range c.keys {
		if (header.KeyID == "" || k.KeyID == header.KeyID) && fits(k, header.Algorithm) {
			fit = append(fit, k)
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0].Key, nil
	case header.KeyID == "" && len(fit) > 1:
		return nil, refuseAssertion("kid", "The client assertion has no kid, and more than one key is registered.")
	}
	return nil, refuseAssertion("kid", "No registered key fits the kid and alg of the client assertion.")
}

// judge checks the claims of a verified assertion.
func (p *Provider) judge(a assertion, id string) *bridge.Refusal {
	now := float64(p.hub.Clock().UnixMilli()) / 1000
	skew := assertionSkew.Seconds()
	switch {
	case a.issuer != id || a.subject != id:
		return refuseAssertion("subject", "iss and sub of the client assertion must both be the client_id.")
	case len(a.audience) != 1 || !p.isOurs(a.audience[0]):
		return refuseAssertion("aud", "The aud of the client assertion must be %s or %s, and nothing else.", p.issuer, p.issuer+tokenPath)
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

// isOurs reports whether an audience is the issuer or the token endpoint, with or without the default port:
// clients differ in whether they keep it.
func (p *Provider) isOurs(aud string) bool {
	bare := withoutDefaultPort(aud)
	return bare == withoutDefaultPort(p.issuer) || bare == withoutDefaultPort(p.issuer+tokenPath)
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
