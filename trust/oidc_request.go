package trust

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// OIDCRequestDocument is what the OIDC part says about authorization requests and their answers.
type OIDCRequestDocument struct {
	PAR              bool      `yaml:"par,omitempty"`
	RequestObject    string    `yaml:"request_object,omitempty"`
	RequestObjectAlg string    `yaml:"request_object_alg,omitempty"`
	ResponseModes    []string  `yaml:"response_modes,omitempty"`
	ResponseAlg      string    `yaml:"response_alg,omitempty"`
	DefaultMaxAge    *Duration `yaml:"default_max_age,omitempty"`
	DefaultPrompt    string    `yaml:"default_prompt,omitempty"`
	Frames           bool      `yaml:"frames,omitempty"`
}

// RequestTerms say how a client asks at the authorization endpoint, and how it is answered there.
type RequestTerms struct {
	Pushed            bool           // only what was pushed before is taken (RFC 9126, section 6)
	Signed            bool           // only signed request objects are taken (RFC 9101, section 10.5)
	Algorithm         string         // of request objects; empty: any that is offered
	Modes             []string       // response modes it may ask for; the first answers a request that names none, if query is not among them
	ResponseAlgorithm string         // of answers by JWT
	MaxAge            *time.Duration // of a request that names none; nil: none
	Prompt            string         // of a request that names none
	Frames            bool           // a frame of another site may ask with prompt=none
	URIs              []string       // from which its request objects may be fetched (OpenID Connect Core 1.0, section 6.2)
}

// Response modes (OAuth 2.0 Multiple Response Types, section 2.1; OAuth 2.0 Form Post Response Mode; JARM, section 2.3).
const (
	ModeQuery       = "query"
	ModeFragment    = "fragment"
	ModeForm        = "form_post"
	ModeJWT         = "jwt"
	ModeQueryJWT    = "query.jwt"
	ModeFragmentJWT = "fragment.jwt"
	ModeFormJWT     = "form_post.jwt"
)

// ResponseModes are all of them.
func ResponseModes() []string {
	return []string{ModeQuery, ModeForm, ModeFragment, ModeJWT, ModeQueryJWT, ModeFormJWT, ModeFragmentJWT}
}

// standardModes are those of a client whose terms name none. A code in a fragment is for clients that cannot do otherwise.
func standardModes() []string {
	return []string{ModeQuery, ModeForm, ModeJWT, ModeQueryJWT, ModeFormJWT}
}

// DefaultMode is the response mode of a request that names none.
func (t RequestTerms) DefaultMode() string {
	if len(t.Modes) == 0 || slices.Contains(t.Modes, ModeQuery) {
		return ModeQuery
	}
	return t.Modes[0]
}

// RequestAlgorithms are the ways a client may sign a request object: asymmetric ones (RFC 9101, section 10.1).
func RequestAlgorithms() []string {
	return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
}

// requests compiles the terms of authorization requests. It comes after profile and keys.
func (b *builder) requests(d OIDCRequestDocument, t *OIDCTerms) {
	r := RequestTerms{
		Pushed: d.PAR || t.Profile == ProfileFAPI2, Signed: d.RequestObject == "required", Algorithm: d.RequestObjectAlg, Modes: d.ResponseModes,
		ResponseAlgorithm: d.ResponseAlg, MaxAge: (*time.Duration)(d.DefaultMaxAge), Prompt: d.DefaultPrompt, Frames: d.Frames,
	}
	b.oneOf("oidc.request_object", d.RequestObject, "optional", "required")
	b.oneOf("oidc.default_prompt", d.DefaultPrompt, "login", "consent", "select_account")
	b.oneOf("oidc.request_object_alg", r.Algorithm, RequestAlgorithms()...)
	if r.Signed && len(t.JWKS) == 0 && t.JWKSURI == "" {
		b.fail("oidc.request_object is required, and there are no oidc.jwks to verify it with")
	}
	if len(r.Modes) == 0 {
		r.Modes = standardModes()
	}
	for _, m := range r.Modes {
		b.oneOf("oidc.response_modes", m, ResponseModes()...)
	}
	if r.ResponseAlgorithm == "" {
		r.ResponseAlgorithm = t.Algorithm
	} else {
		b.oneOf("oidc.response_alg", r.ResponseAlgorithm, algorithmNames()...)
		b.signs(r.ResponseAlgorithm)
	}
	t.Request = r
}

// Limits of the addresses that request objects are fetched from.
const (
	maxRequestURIs = 20
	maxRequestURI  = 512 // characters (RFC 9101, section 5.2)
)

// requestURIs compiles the addresses that request objects may be fetched from. It comes after requests.
func (b *builder) requestURIs(uris []string, t *OIDCTerms) {
	t.Request.URIs = uris
	switch {
	case len(uris) == 0:
		return
	case len(uris) > maxRequestURIs:
		b.fail("oidc.request_uris: more than %d", maxRequestURIs)
	case t.Request.Pushed || t.Profile == ProfileCIS2:
		b.fail("oidc.request_uris is not for clients that push their requests, nor for the profile cis2")
	case len(t.JWKS) == 0 && t.JWKSURI == "":
		b.fail("oidc.request_uris needs oidc.jwks or oidc.jwks_uri: request objects are signed")
	}
	for _, uri := range uris {
		if err := CheckRequestURI(uri, b.o.Lab); err != nil {
			b.fail("oidc.request_uris: %v", err)
		}
	}
}

// CheckRequestURI refuses what no request object is fetched from. It may have a fragment, which changes when the content does (OpenID Connect
// Core 1.0, section 6.2).
func CheckRequestURI(raw string, lab bool) error {
	address, _, _ := strings.Cut(raw, "#")
	if len(raw) > maxRequestURI {
		return fmt.Errorf("%q has more than %d characters", raw, maxRequestURI)
	}
	return CheckAddress(address, lab)
}

// signs refuses an algorithm that no active key of the hub signs with.
func (b *builder) signs(algorithm string) {
	if b.o.Keys == nil {
		return
	}
	if _, err := b.o.Keys.Signing(keyring.Algorithm(algorithm)); err != nil {
		b.fail("no active key in keys.signing_file signs with %s", algorithm)
	}
}

// redirect checks an address that the browser is sent to with an answer.
func (b *builder) redirect(t *OIDCTerms, raw string) {
	if err := CheckRedirect(raw, t.Native, b.o.Lab); err != nil {
		b.fail("oidc redirect %v", err)
	}
}

// CheckRedirect refuses what no browser is sent to with an answer. Apps on a device may also be reached on the device itself.
func CheckRedirect(raw string, native, lab bool) error {
	if _, _, ok := loopback(raw); native && (ok || privateUse(raw)) {
		return nil
	}
	return CheckAddress(raw, lab)
}

// loopback takes an http address of the device itself apart, around its port (RFC 8252, section 7.3). localhost is not one: what it
// stands for is up to the device (section 8.3).
func loopback(raw string) (host, rest string, ok bool) {
	for _, host = range [...]string{"http://127.0.0.1", "http://[::1]"} {
		after, found := strings.CutPrefix(raw, host)
		if !found {
			continue
		}
		if digits, port := strings.CutPrefix(after, ":"); port {
			end := strings.IndexAny(digits, "/?#")
			if end < 0 {
				end = len(digits)
			}
			if n, err := strconv.ParseUint(digits[:end], 10, 16); err != nil || n == 0 {
				return "", "", false
			}
			after = digits[end:]
		}
		u, err := url.Parse(raw)
		if err != nil || u.User != nil || strings.Contains(raw, "#") || after != "" && after[0] != '/' && after[0] != '?' {
			return "", "", false
		}
		return host, after, true
	}
	return "", "", false
}

// privateUse reports whether raw is of a scheme that an app can claim as its own: a domain name backwards (RFC 8252, section 7.1).
func privateUse(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && strings.Contains(u.Scheme, ".") && u.Opaque == "" && u.User == nil && strings.HasPrefix(raw, u.Scheme+":/") && !strings.Contains(raw, "#")
}

// RedirectURI reports whether uri is registered, compared as an exact string (RFC 9700, section 2.1); of a loopback address of an
// app on a device the port may differ (RFC 8252, section 7.3).
func (t OIDCTerms) RedirectURI(uri string) bool {
	if slices.Contains(t.RedirectURIs, uri) {
		return true
	}
	host, rest, ok := loopback(uri)
	return ok && t.Native && slices.ContainsFunc(t.RedirectURIs, func(registered string) bool {
		h, r, ok := loopback(registered)
		return ok && h == host && r == rest
	})
}
