package oidc

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// AssertionRules are what an issuer asks of the claims of a client assertion, beside its signature. The zero value is what any issuer asks of
// any client.
type AssertionRules struct {
	Client    string   // the client_id; empty: whoever iss says
	Issuer    string   // empty: not known, and any one audience will do
	Endpoints []string // that it may be for instead of the issuer, the token endpoint first
	Alone     bool     // it must be for the issuer alone, as a string
}

// assertionCheck is one rule over the claims of a client assertion.
type assertionCheck struct {
	name, clause string
	check        func(r AssertionRules, a assertion, now float64) *bridge.Refusal
}

// assertionChecks are the rules, in the order in which they are told.
var assertionChecks = [...]assertionCheck{
	{"iss and sub are the client", "RFC 7523, 3", checkAssertionSubject},
	{"aud is the issuer alone, where the profile says so", "FAPI 2.0 Security Profile, 5.3.2.1", checkAssertionAlone},
	{"aud is the issuer or one of its endpoints", "RFC 7523, 3; RFC 9126, 2; CIBA Core, 7.1; RFC 8705, 5", checkAssertionAudience},
	{"jti is there, and short", "OpenID Connect Core, 9", checkAssertionID},
	{"not expired, and not for long", "RFC 7523, 3", checkAssertionExpiry},
	{"not from the future", "RFC 7523, 3", checkAssertionBegin},
}

// Judge says of every rule that is broken why, as a refused client is told of the first; none: the claims are fine.
func (r AssertionRules) Judge(claims jose.Claims, now time.Time) (broken []string) {
	a, err := readAssertion(claims)
	if err != nil {
		return []string{refuseClaims(err).Detail}
	}
	for _, c := range assertionChecks {
		if why := c.check(r, a, seconds(now)); why != nil {
			broken = append(broken, why.Detail)
		}
	}
	return broken
}

// first is why an assertion is refused; nil if it is not.
func (r AssertionRules) first(a assertion, now time.Time) *bridge.Refusal {
	for i := range assertionChecks {
		if why := assertionChecks[i].check(r, a, seconds(now)); why != nil {
			return why
		}
	}
	return nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func checkAssertionSubject(r AssertionRules, a assertion, _ float64) *bridge.Refusal {
	if a.issuer == "" || a.issuer != a.subject || r.Client != "" && a.issuer != r.Client {
		return refuseAssertion("subject", "iss and sub of the client assertion must both be the client_id.")
	}
	return nil
}

func checkAssertionAlone(r AssertionRules, a assertion, _ float64) *bridge.Refusal {
	if r.Alone && (!a.single || a.audience[0] != r.Issuer) {
		return refuseAssertion("aud", "The aud of the client assertion must be %s, as a string (FAPI 2.0 Security Profile, section 5.3.2.1).", r.Issuer)
	}
	return nil
}

func checkAssertionAudience(r AssertionRules, a assertion, _ float64) *bridge.Refusal {
	switch {
	case r.Alone || len(a.audience) == 1 && (r.Issuer == "" || r.isOurs(a.audience[0])):
		return nil
	case r.Issuer == "" || len(r.Endpoints) == 0:
		return refuseAssertion("aud", "The aud of the client assertion must be the issuer, and nothing else.")
	}
	return refuseAssertion("aud", "The aud of the client assertion must be %s or %s, or the endpoint for pushing or for backchannel authentication, and nothing else.", r.Issuer, r.Endpoints[0])
}

func checkAssertionID(_ AssertionRules, a assertion, _ float64) *bridge.Refusal {
	if a.id == "" || len(a.id) > maxJTI {
		return refuseAssertion("jti", "The client assertion needs a jti of at most %d bytes.", maxJTI)
	}
	return nil
}

func checkAssertionExpiry(_ AssertionRules, a assertion, now float64) *bridge.Refusal {
	switch skew := assertionSkew.Seconds(); {
	case a.expires <= now-skew:
		return refuseAssertion("expired", "The client assertion has expired.")
	case a.expires > now+maxAssertionLife.Seconds()+skew:
		return refuseAssertion("exp", "The exp of the client assertion is more than 5 minutes ahead.")
	}
	return nil
}

func checkAssertionBegin(_ AssertionRules, a assertion, now float64) *bridge.Refusal {
	switch skew := assertionSkew.Seconds(); {
	case a.hasIssued && a.issued > now+skew:
		return refuseAssertion("iat", "The iat of the client assertion is in the future.")
	case a.hasSince && a.since > now+skew:
		return refuseAssertion("nbf", "The client assertion is not valid yet (nbf).")
	}
	return nil
}

// isOurs reports whether an audience is the issuer or an endpoint that a client may take for it, with or without the default port: clients
// differ in whether they keep it.
func (r AssertionRules) isOurs(aud string) bool {
	bare := withoutDefaultPort(aud)
	same := func(own string) bool { return bare == withoutDefaultPort(own) }
	return same(r.Issuer) || slices.ContainsFunc(r.Endpoints, same)
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

// AssertionRules are those of a face for a client of a profile, at the hub's address and, where there is one, at that for certificates.
func (f Face) AssertionRules(client string, profile trust.Profile, hub, mutual *url.URL) AssertionRules {
	r := AssertionRules{Client: client, Issuer: f.issuer(hub), Alone: profileOf(profile).audience}
	for _, path := range [...]string{tokenPath, pushPath, backAuthPath} {
		r.Endpoints = append(r.Endpoints, f.targets(path, r.Issuer, mutual)...)
	}
	return r
}

// Knows reports whether clients of a profile belong to this face.
func (f Face) Knows(profile trust.Profile) bool { return f.knows(profile) }
