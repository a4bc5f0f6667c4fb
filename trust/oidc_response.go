package trust

import (
	"slices"
	"strings"
)

// ResponseType is what a client may ask the authorization endpoint for (OAuth 2.0 Multiple Response Type Encoding Practices), its words in the
// order of that document.
type ResponseType string

// The response types. token alone is none of OpenID Connect: whoever gets it learns from nobody whose it is.
const (
	ResponseCode             ResponseType = "code"
	ResponseIDToken          ResponseType = "id_token"
	ResponseIDTokenToken     ResponseType = "id_token token"
	ResponseCodeIDToken      ResponseType = "code id_token"
	ResponseCodeToken        ResponseType = "code token"
	ResponseCodeIDTokenToken ResponseType = "code id_token token"
	ResponseNone             ResponseType = "none"
)

// ResponseTypes are all of them.
func ResponseTypes() []ResponseType {
	return []ResponseType{ResponseCode, ResponseIDToken, ResponseIDTokenToken, ResponseCodeIDToken, ResponseCodeToken, ResponseCodeIDTokenToken, ResponseNone}
}

// ResponseNames are response types as they are written.
func ResponseNames(types []ResponseType) []string {
	out := make([]string, len(types))
	for i, r := range types {
		out[i] = string(r)
	}
	return out
}

// ReadResponseType reads a response type; the order of its words means nothing (OAuth 2.0 Multiple Response Type Encoding Practices, section 5).
func ReadResponseType(text string) (ResponseType, bool) {
	words := strings.Split(text, " ")
	slices.Sort(words)
	kind := ResponseType(strings.Join(words, " "))
	return kind, slices.Contains(ResponseTypes(), kind)
}

// Code reports whether the answer holds a code.
func (r ResponseType) Code() bool { return r.has("code") }

// IDToken reports whether the answer holds an ID token.
func (r ResponseType) IDToken() bool { return r.has("id_token") }

// Token reports whether the answer holds an access token, which then passes through the browser (RFC 9700, section 2.1.2).
func (r ResponseType) Token() bool { return r.has("token") }

// Front reports whether a token of any kind passes through the browser.
func (r ResponseType) Front() bool { return r.IDToken() || r.Token() }

func (r ResponseType) has(word string) bool {
	return slices.Contains(strings.Split(string(r), " "), word)
}

// Grants are the grant types that go with it (OpenID Connect Dynamic Client Registration 1.0, section 2).
func (r ResponseType) Grants() []string {
	var out []string
	if r.Code() {
		out = append(out, GrantCode)
	}
	if r.Front() {
		out = append(out, GrantImplicit)
	}
	return out
}

// Responses are the response types that a document names, in the order of the standard; without any, code for whoever has that grant.
func (o OIDCDocument) Responses() []ResponseType {
	if len(o.ResponseTypes) == 0 {
		if slices.Contains(o.Grants, GrantCode) {
			return []ResponseType{ResponseCode}
		}
		return nil
	}
	var out []ResponseType
	for _, text := range o.ResponseTypes {
		if kind, ok := ReadResponseType(text); ok {
			out = append(out, kind)
		}
	}
	slices.SortFunc(out, func(a, b ResponseType) int {
		return slices.Index(ResponseTypes(), a) - slices.Index(ResponseTypes(), b)
	})
	return slices.Compact(out)
}

// SignsOn reports whether people are sent here to sign on to the client.
func (o OIDCDocument) SignsOn() bool {
	return slices.Contains(o.Grants, GrantCode) || slices.Contains(o.Grants, GrantImplicit)
}

// responses compiles the response types. It comes after the grants.
func (b *builder) responses(d OIDCDocument, t *OIDCTerms) {
	for _, text := range d.ResponseTypes {
		if _, ok := ReadResponseType(text); !ok {
			b.fail("oidc.response_types: %q is not known", text)
		}
	}
	d.Grants = t.Grants
	t.Responses = d.Responses()
	for _, why := range MisfitGrants(t.Responses, t.Grants) {
		b.fail("%s", why)
	}
	if t.Bind != BindNone && slices.ContainsFunc(t.Responses, ResponseType.Token) {
		b.fail("oidc.bind: an access token that passes through the browser is bound to nothing: take token out of oidc.response_types")
	}
}

// MisfitGrants say where response types and grant types do not go together (OpenID Connect Dynamic Client Registration 1.0, section 2).
func MisfitGrants(types []ResponseType, grants []string) []string {
	var out, needed []string
	for _, kind := range types {
		for _, g := range kind.Grants() {
			needed = append(needed, g)
			if !slices.Contains(grants, g) {
				out = append(out, "the response type "+string(kind)+" goes with the grant type "+g)
			}
		}
	}
	for _, g := range []string{GrantCode, GrantImplicit} {
		if slices.Contains(grants, g) && !slices.Contains(needed, g) {
			out = append(out, "the grant type "+g+" goes with a response type that needs it")
		}
	}
	return out
}

// hints are what an administrator should know of an OIDC client's terms.
func (t OIDCTerms) hints() []string {
	out := t.logoutHints()
	if slices.ContainsFunc(t.Responses, ResponseType.Token) {
		out = append(out, "its access tokens pass through the browser, where scripts, extensions and history can read them (RFC 9700, section 2.1.2): prefer the response type code, with PKCE")
	}
	return out
}
