package oidc

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

func checkRedirect(_ *Provider, a *authorization) *bridge.Refusal {
	a.Redirect = a.get("redirect_uri")
	if !a.client.terms.RedirectURI(a.Redirect) {
		return bridge.Refuse(bridge.BadReplyAddress, "The app asked for an answer at an address that is not registered for it.")
	}
	a.front = asksForTokens(a.get("response_type"))
	a.State, a.Mode = a.get("state"), a.client.mode("", a.front)
	if asked := a.get("response_mode"); a.mayAsk(asked) {
		a.Mode = a.client.mode(asked, a.front)
	}
	return nil
}

// Lengths in bytes.
const (
	maxState = 4096
	maxNonce = 1024
)

func checkEchoes(_ *Provider, a *authorization) *bridge.Refusal {
	if len(a.State) > maxState {
		a.State = ""
		return bridge.Refuse(bridge.BadRequest, "state is longer than %d bytes.", maxState)
	}
	if a.Nonce = a.get("nonce"); len(a.Nonce) > maxNonce {
		return bridge.Refuse(bridge.BadRequest, "nonce is longer than %d bytes.", maxNonce)
	}
	return nil
}

func checkMode(_ *Provider, a *authorization) *bridge.Refusal {
	asked := a.get("response_mode")
	switch {
	case a.mayAsk(asked):
		return nil
	case a.front && strings.HasPrefix(asked, trust.ModeQuery):
		return bridge.Refuse(bridge.UnsupportedBinding, "response_mode %s cannot carry tokens: leave it out, or ask for fragment or form_post (OAuth 2.0 Multiple Response Types, section 5).", clip(asked))
	case a.client.lists(asked, a.front):
		return bridge.Refuse(bridge.UnsupportedBinding, "No form can be posted to an app by a scheme of its own: response_mode must be another one.")
	}
	return bridge.Refuse(bridge.UnsupportedBinding, "response_mode must be one of those allowed for this client: %s.", strings.Join(a.client.terms.Request.Modes, ", "))
}

const maxScopes = 128 // in one request

// readScopes are those that a request asks for. A clinical one can become several, and each is compared with all others.
func readScopes(text string) ([]string, *bridge.Refusal) {
	asked := words(text)
	if len(asked) > maxScopes {
		return nil, bridge.Refuse(bridge.UnsupportedRequest, "More than %d scopes.", maxScopes).WithCode(codeInvalidScope)
	}
	return asked, nil
}

func checkScope(p *Provider, a *authorization) *bridge.Refusal {
	asked, why := readScopes(a.get("scope"))
	if why != nil {
		return why
	}
	for _, scope := range asked {
		switch {
		case ofSmart(scope):
			a.Scopes = addScopes(a.Scopes, a.client.smartGrant(scope)...)
		case slices.Contains(a.client.scopes, scope):
			a.Scopes = addScopes(a.Scopes, scope)
		case p.scopes.known(scope):
			return bridge.Refuse(bridge.UnsupportedRequest, "The scope %s is not allowed for this client.", scope).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(a.Scopes, scopeOpenID) && !a.withoutOpenID() {
		return bridge.Refuse(bridge.UnsupportedRequest, "The scope openid is missing.").WithCode(codeInvalidScope)
	}
	return nil
}

const methodS256 = "S256" // the one code_challenge_method (RFC 9700, section 2.1.1)

func checkChallenge(p *Provider, a *authorization) *bridge.Refusal {
	if !a.kind().Code() {
		return nil
	}
	a.Challenge = a.get("code_challenge")
	method := a.get("code_challenge_method")
	switch {
	case a.Challenge == "" && method == "":
		if p.pkce || a.client.terms.PKCE || a.client.public() {
			return bridge.Refuse(bridge.BadRequest, "code_challenge is missing: this client must use PKCE.").WithCode("pkce_required")
		}
	case method != methodS256:
		return bridge.Refuse(bridge.BadRequest, "code_challenge_method must be S256.").WithCode("pkce_method")
	case len(a.Challenge) < 43 || len(a.Challenge) > 128 || !unreserved(a.Challenge):
		return bridge.Refuse(bridge.BadRequest, "code_challenge must be 43 to 128 characters of A-Z, a-z, 0-9, -, ., _ and ~.").WithCode("pkce_challenge")
	}
	return nil
}

// unreserved reports whether s holds only the characters of RFC 3986, section 2.3.
func unreserved(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' && c != '~' {
			return false
		}
	}
	return true
}
