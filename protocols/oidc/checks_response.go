package oidc

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// asksForTokens reports whether a response type, known or not, wants a token by the browser: then nothing is answered in a query, no error
// either (OAuth 2.0 Multiple Response Types, section 5).
func asksForTokens(text string) bool {
	return slices.ContainsFunc(words(text), func(w string) bool { return w == "token" || w == "id_token" })
}

// checkResponseType takes what the hub offers, if the client is registered for it.
func checkResponseType(p *Provider, a *authorization) *bridge.Refusal {
	text := a.get("response_type")
	if text == "" {
		return bridge.Refuse(bridge.BadRequest, "response_type is missing.").WithCode("no_response_type")
	}
	kind, known := trust.ReadResponseType(text)
	switch {
	case !known || !slices.Contains(p.responses, kind):
		return refuseType(p.responses)
	case !slices.Contains(a.client.terms.Responses, kind):
		return bridge.Refuse(bridge.UnsupportedRequest, "response_type must be one that this client is registered for: %s.", listed(a.client.terms.Responses)).WithCode(codeUnauthorizedClient)
	}
	a.Type = kind
	return nil
}

func refuseType(offered []trust.ResponseType) *bridge.Refusal {
	return bridge.Refuse(bridge.UnsupportedRequest, "response_type must be %s.", listed(offered)).WithCode(codeResponseType)
}

func listed(types []trust.ResponseType) string { return strings.Join(trust.ResponseNames(types), ", ") }

// checkNonce wants what ties an ID token to the app's own session where no code does.
func checkNonce(_ *Provider, a *authorization) *bridge.Refusal {
	if a.kind().IDToken() && a.Nonce == "" {
		return bridge.Refuse(bridge.BadRequest, "nonce is missing: it is required where the answer holds an ID token (OpenID Connect Core, sections 3.2.2.1 and 3.3.2.11).").WithCode("nonce_missing")
	}
	return nil
}

// checkFront refuses tokens by the browser where they would be weaker than what the client asks for: bound to a key, or good for clinical data.
func checkFront(_ *Provider, a *authorization) *bridge.Refusal {
	switch {
	case !a.kind().Front():
		return nil
	case a.kind().Token() && a.form.Has("dpop_jkt"):
		return bridge.Refuse(bridge.BadRequest, "dpop_jkt binds what a code is redeemed for: an access token in the answer would be bound to nothing. Take token out of response_type.").WithCode("front_key")
	case a.kind().IDToken() && !slices.Contains(a.Scopes, scopeOpenID):
		return bridge.Refuse(bridge.UnsupportedRequest, "The scope openid is missing: without it there is no ID token.").WithCode(codeInvalidScope)
	case slices.ContainsFunc(a.Scopes, func(s string) bool { return ofSmart(s) && s != trust.ScopeFHIRUser && s != trust.ScopeOnline }):
		return bridge.Refuse(bridge.UnsupportedRequest, "Clinical scopes and launches are for response_type code (SMART App Launch 2.2, Obtain authorization code).").WithCode(codeResponseType)
	}
	return nil
}
