package decode

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge/agent"
	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// encrypted is a JWE: its five parts hide what is inside.
func (r *Report) encrypted(name, text string, _ Options) bool {
	parts := strings.Split(text, ".")
	if len(parts) != 5 || strings.ContainsAny(text, " <>{}\n") {
		return false
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil || !json.Valid(head) {
		return false
	}
	r.Parts = append(r.Parts, Part{Name: name, Kind: "encrypted JWT (JWE)", Facts: []Fact{{0, "header", string(head), ""}},
		Open: []string{"only its receiver can open it; the hub neither makes nor takes encrypted tokens"}})
	return true
}

// token is a signed JWT.
func (r *Report) token(name, text string, o Options) bool {
	parts := strings.Split(strings.TrimPrefix(text, "Bearer "), ".")
	if len(parts) != 3 || strings.ContainsAny(parts[0], " <>{}\n") {
		return false
	}
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	if err != nil {
		return false
	}
	header, err := jose.ReadClaims(head)
	if err != nil {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	part := Part{Name: name, Kind: "JWT"}
	for n, raw := range header.All() {
		part.fact(n+" (header)", plain(raw), meaning(n))
	}
	claims, err := jose.ReadClaims(payload)
	if err != nil {
		part.problem("its claims are not a JSON object as RFC 7519 wants it: %s", err)
		r.Parts = append(r.Parts, part)
		return true
	}
	part.Kind = kindOf(header, claims)
	for n, raw := range claims.All() {
		part.fact(n, plain(raw), note(n, raw, o.Now))
	}
	part.judgeTimes(claims, o.Now)
	part.judgeKind(header, claims, o)
	part.judgeSignature(strings.Join(parts, "."), header, claims, o)
	r.Parts = append(r.Parts, part)
	return true
}

// Kinds of tokens, by what sets them apart.
const (
	kindProof     = "DPoP proof (RFC 9449)"
	kindLogout    = "logout token (OpenID Connect Back-Channel Logout 1.0)"
	kindAccess    = "access token (RFC 9068)"
	kindRequest   = "request object (RFC 9101)"
	kindIntro     = "introspection response (RFC 9701)"
	kindID        = "ID token (OpenID Connect Core 1.0)"
	kindAssertion = "client assertion (RFC 7523)"
	kindJARM      = "authorization response (JARM)"
	kindAgent     = "message of a workstation's agent to the hub"
	kindOffline   = "offline proof of a workstation's agent"
)

func kindOf(header, claims jose.Claims) string {
	typ, _ := header.Text("typ")
	switch strings.TrimPrefix(strings.ToLower(typ), "application/") {
	case "dpop+jwt":
		return kindProof
	case "logout+jwt":
		return kindLogout
	case "at+jwt":
		return kindAccess
	case "oauth-authz-req+jwt":
		return kindRequest
	case "token-introspection+jwt":
		return kindIntro
	case "lanyard-agent+jwt":
		return kindAgent
	case "lanyard-proof+jwt":
		return kindOffline
	case "client-authentication+jwt":
		return kindAssertion
	}
	iss, _ := claims.Text("iss")
	sub, _ := claims.Text("sub")
	switch {
	case claims.Has("events"):
		return kindLogout
	case claims.Has("htm") && claims.Has("htu"):
		return kindProof
	case claims.Has("response_type") || claims.Has("redirect_uri"):
		return kindRequest
	case iss != "" && iss == sub:
		return kindAssertion
	case claims.Has("code") || claims.Has("error"):
		return kindJARM
	case claims.Has("auth_time") || claims.Has("nonce") || claims.Has("at_hash") || claims.Has("acr"):
		return kindID
	}
	return "JWT"
}

// judgeTimes compares the times of a token with the clock.
func (p *Part) judgeTimes(claims jose.Claims, now time.Time) {
	at := func(name string) (time.Time, bool) {
		s, err := claims.Seconds(name)
		if err != nil {
			if !errors.Is(err, jose.ErrMissing) {
				p.problem("%s", err)
			}
			return time.Time{}, false
		}
		return time.Unix(int64(s), 0), true
	}
	if exp, ok := at("exp"); ok {
		if now.Before(exp) {
			p.good("not expired: %s left", exp.Sub(now).Round(time.Second))
		} else {
			p.problem("expired %s", distance(exp, now))
		}
	}
	if nbf, ok := at("nbf"); ok && now.Before(nbf) {
		p.problem("not valid yet: nbf is %s", distance(nbf, now))
	}
	if iat, ok := at("iat"); ok && iat.After(now.Add(10*time.Second)) {
		p.problem("issued in the future: iat is %s; the clock of whoever made it is ahead", distance(iat, now))
	}
}

// judgeKind checks what the receiver of each kind refuses most often.
func (p *Part) judgeKind(header, claims jose.Claims, o Options) {
	switch p.Kind {
	case kindAssertion:
		p.judgeAssertion(claims, o)
	case kindLogout:
		if claims.Has("nonce") {
			p.problem("holds a nonce, which a logout token must not (section 2.4)")
		}
		if !claims.Has("sid") && !claims.Has("sub") {
			p.problem("names neither sid nor sub (section 2.4)")
		}
	case kindAgent, kindOffline:
		p.judgeAgent(header, claims, o.Now)
	case kindProof:
		if !header.Has("jwk") {
			p.problem("has no jwk in its header (RFC 9449, 4.2)")
		}
	}
	if alg, _ := header.Text("alg"); strings.EqualFold(alg, "none") || strings.HasPrefix(alg, "HS") {
		p.problem("alg %s is never accepted here", alg)
	}
}

// judgeAgent checks what an agent signed: a message by the hub's own rules, an offline proof by what apps refuse.
func (p *Part) judgeAgent(header, claims jose.Claims, now time.Time) {
	kid, _ := header.Text("kid")
	if alg, _ := header.Text("alg"); alg != "ES256" {
		p.problem("alg must be ES256")
	}
	if p.Kind == kindAgent {
		for _, why := range agent.Judge(claims, kid, now) {
			p.problem("%s", strings.TrimSuffix(why, "."))
		}
		return
	}
	if iss, _ := claims.Text("iss"); iss == "" || kid != iss {
		p.problem("kid and iss must both be the id of the workstation")
	}
	if !claims.Has("sub") || !claims.Has("sid") {
		p.problem("names no sub or no sid: nobody knows whose session it is about")
	}
	iat, err1 := claims.Whole("iat")
	exp, err2 := claims.Whole("exp")
	if err1 != nil || err2 != nil || exp <= iat || exp-iat > mostOffline {
		p.problem("exp must be within %d s after iat", mostOffline)
	}
	if seen, err := claims.Whole("seen"); err == nil && err1 == nil {
		p.open("the agent had last heard from the hub %s before it made this", time.Duration(iat-seen)*time.Second)
	}
}

// mostOffline is the longest life of an offline proof, in seconds.
const mostOffline = 30

// judgeAssertion applies the provider's own rules, those of its token endpoint and of every other that clients authenticate at.
func (p *Part) judgeAssertion(claims jose.Claims, o Options) {
	var rules oidc.AssertionRules
	if iss, err := claims.Text("iss"); err == nil && o.Assertions != nil {
		rules = o.Assertions(iss)
	}
	for _, why := range rules.Judge(claims, o.Now) {
		p.problem("%s", why)
	}
}

func (p *Part) judgeSignature(token string, header, claims jose.Claims, o Options) {
	if p.Kind == kindProof {
		return
	}
	iss, _ := claims.Text("iss")
	if o.Keys == nil {
		p.open("signature not checked: no keys were given")
		return
	}
	keys, whose, ok := o.Keys.Of(iss)
	if !ok {
		p.open("signature not checked: no keys of %q are known", iss)
		return
	}
	typ, _ := header.Text("typ")
	if _, err := jose.Verify(token, keys, jose.Rules{Algorithms: jose.Algorithms(), Types: []string{typ}, MaxBytes: MaxInput}); err != nil {
		p.problem("signature: %s (checked with %s)", err, whose)
		return
	}
	p.good("signature valid, with %s", whose)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// plain prints a JSON value: a text without its quotes.
func plain(raw json.RawMessage) string {
	if s := unquote(raw); s != "" {
		return s
	}
	return string(raw)
}

func unquote(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}

// note is what a claim means, and for a time how far it is away.
func note(name string, raw json.RawMessage, now time.Time) string {
	var seconds float64
	switch name {
	case "exp", "iat", "nbf", "auth_time":
		if json.Unmarshal(raw, &seconds) == nil {
			at := time.Unix(int64(seconds), 0).UTC()
			return meaning(name) + ": " + at.Format(time.RFC3339) + ", " + distance(at, now)
		}
	}
	return meaning(name)
}
