package oidc

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
)

// check is one rule over an authorization request. It notes in the request what it understood.
type check struct {
	name   string
	clause string
	run    func(p *Provider, a *authorization) *bridge.Refusal
}

// proofs come first: until they pass nobody knows where an answer may go, and the person sees a page.
var proofs = [...]check{
	{"parameters sent once", "RFC 6749, 3.1", checkOnce},
	{"client registered and answered", "RFC 6749, 4.1.2.1", checkClient},
	{"redirect URI registered, exactly", "OpenID Connect Core, 3.1.2.1; RFC 9700, 2.1", checkRedirect},
}

// checks are all other rules. Their refusals go to the client, with state and iss.
var checks = [...]check{
	{"state and nonce of sensible length", "OpenID Connect Core, 3.1.2.1", checkEchoes},
	{"response mode can be served", "OAuth 2.0 Multiple Response Types, 2.1", checkMode},
	{"no request object", "OpenID Connect Core, 6", checkRequestObject},
	{"response type is code", "RFC 9700, 2.1.2", checkResponseType},
	{"scopes allowed by the terms", "OpenID Connect Core, 3.1.2.1", checkScope},
	{"code challenge", "RFC 7636, 4.2", checkChallenge},
	{"prompt", "OpenID Connect Core, 3.1.2.1", checkPrompt},
	{"max_age", "OpenID Connect Core, 3.1.2.1", checkMaxAge},
	{"claims parameter", "OpenID Connect Core, 5.5", checkClaims},
	{"acr can be met", "OpenID Connect Core, 5.5.1.1", checkACR},
	{"ID token hint is ours", "OpenID Connect Core, 3.1.2.1", checkHint},
}

func run(p *Provider, table []check, a *authorization) *bridge.Refusal {
	for i := range table {
		if why := table[i].run(p, a); why != nil {
			return why
		}
	}
	return nil
}

func checkOnce(_ *Provider, a *authorization) *bridge.Refusal {
	why := once(a.form)
	omitEmpty(a.form)
	return why
}

func checkClient(p *Provider, a *authorization) *bridge.Refusal {
	id := a.get("client_id")
	if id == "" {
		return bridge.Refuse(bridge.UnknownPartner, "The app did not say who it is.")
	}
	c, err := p.partner(id)
	if err != nil {
		return bridge.AsRefusal(err)
	}
	a.client = c
	return nil
}

func checkRedirect(_ *Provider, a *authorization) *bridge.Refusal {
	a.Redirect = a.get("redirect_uri")
	if !a.client.terms.RedirectURI(a.Redirect) {
		return bridge.Refuse(bridge.BadReplyAddress, "The app asked for an answer at an address that is not registered for it.")
	}
	a.State, a.Mode = a.get("state"), modeQuery
	if a.get("response_mode") == modeForm {
		a.Mode = modeForm
	}
	return nil
}

// Lengths in bytes.
const (
	maxState  = 4096
	maxNonce  = 1024
	maxClaims = 4096
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
	switch a.get("response_mode") {
	case "", modeQuery, modeForm:
		return nil
	}
	return bridge.Refuse(bridge.UnsupportedBinding, "response_mode must be query or form_post.")
}

func checkRequestObject(_ *Provider, a *authorization) *bridge.Refusal {
	for _, o := range [...]struct{ parameter, code string }{{"request", codeRequest}, {"request_uri", codeRequestURI}, {"registration", codeRegistration}} {
		if a.form.Has(o.parameter) {
			return bridge.Refuse(bridge.UnsupportedRequest, "The parameter %s is not supported.", o.parameter).WithCode(o.code)
		}
	}
	return nil
}

func checkResponseType(_ *Provider, a *authorization) *bridge.Refusal {
	switch kind := a.get("response_type"); kind {
	case "code":
		return nil
	case "":
		return bridge.Refuse(bridge.BadRequest, "response_type is missing.").WithCode("no_response_type")
	}
	return bridge.Refuse(bridge.UnsupportedRequest, "response_type must be code.").WithCode(codeResponseType)
}

func checkScope(p *Provider, a *authorization) *bridge.Refusal {
	for _, scope := range words(a.get("scope")) {
		switch {
		case slices.Contains(a.client.scopes, scope):
			if !slices.Contains(a.Scopes, scope) {
				a.Scopes = append(a.Scopes, scope)
			}
		case p.scopes.known(scope):
			return bridge.Refuse(bridge.UnsupportedRequest, "The scope %s is not allowed for this client.", scope).WithCode(codeInvalidScope)
		}
	}
	if !slices.Contains(a.Scopes, scopeOpenID) {
		return bridge.Refuse(bridge.UnsupportedRequest, "The scope openid is missing.").WithCode(codeInvalidScope)
	}
	return nil
}

const methodS256 = "S256" // the one code_challenge_method (RFC 9700, section 2.1.1)

func checkChallenge(p *Provider, a *authorization) *bridge.Refusal {
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

// Values of prompt.
const (
	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
	promptSelect  = "select_account"
)

func checkPrompt(_ *Provider, a *authorization) *bridge.Refusal {
	a.prompt = words(a.get("prompt"))
	for _, v := range a.prompt {
		switch v {
		case promptNone:
			if len(a.prompt) > 1 {
				return bridge.Refuse(bridge.BadRequest, "prompt=none cannot be combined with another value.").WithCode("prompt")
			}
		case promptLogin, promptConsent, promptSelect:
		default:
			return bridge.Refuse(bridge.BadRequest, "prompt may hold none, login, consent and select_account.").WithCode("prompt")
		}
	}
	return nil
}

func checkMaxAge(_ *Provider, a *authorization) *bridge.Refusal {
	if !a.form.Has("max_age") {
		return nil
	}
	seconds, err := strconv.ParseUint(a.get("max_age"), 10, 31)
	if err != nil {
		return bridge.Refuse(bridge.BadRequest, "max_age must be a number of seconds, 0 or more.").WithCode("max_age")
	}
	age := time.Duration(seconds) * time.Second
	a.maxAge = &age
	return nil
}

// claimsRequest is the part of the claims parameter that is understood: an essential acr, and the subject.
type claimsRequest struct {
	IDToken struct {
		ACR *struct {
			Essential bool     `json:"essential"`
			Value     string   `json:"value"`
			Values    []string `json:"values"`
		} `json:"acr"`
		Sub *struct {
			Value string `json:"value"`
		} `json:"sub"`
	} `json:"id_token"`
}

// checkClaims looks for what must not be ignored. All else of the parameter is not supported, as discovery says.
func checkClaims(_ *Provider, a *authorization) *bridge.Refusal {
	raw := a.get("claims")
	if raw == "" {
		return nil
	}
	if len(raw) > maxClaims {
		return bridge.Refuse(bridge.BadRequest, "claims is longer than %d bytes.", maxClaims).WithCode("claims")
	}
	var c claimsRequest
	if err := json.Unmarshal([]byte(raw), &c); err != nil {
		return bridge.Refuse(bridge.BadRequest, "claims is not a JSON object of the expected form.").WithCode("claims")
	}
	if acr := c.IDToken.ACR; acr != nil && acr.Essential {
		a.ACR = append(a.ACR, acr.Values...)
		if acr.Value != "" {
			a.ACR = append(a.ACR, acr.Value)
		}
	}
	if c.IDToken.Sub != nil {
		a.Subject = c.IDToken.Sub.Value
	}
	return nil
}

// checkACR takes the essential acr if there was one, else acr_values, else the terms' own.
func checkACR(p *Provider, a *authorization) *bridge.Refusal {
	if len(a.ACR) == 0 {
		a.ACR = words(a.get("acr_values"))
	}
	if len(a.ACR) == 0 {
		a.ACR = a.client.terms.DefaultACR
	}
	asked := len(a.ACR) > 0
	if a.ACR = p.known(a.ACR); asked && len(a.ACR) == 0 {
		return bridge.Refuse(bridge.AssuranceTooLow, "None of the acr values asked for can be met here.")
	}
	return nil
}

func checkHint(p *Provider, a *authorization) *bridge.Refusal {
	hint := a.get("id_token_hint")
	if hint == "" {
		return nil
	}
	own, err := p.verifyOwn(hint)
	if err != nil {
		return bridge.Refuse(bridge.BadSignature, "id_token_hint is not an ID token of this provider.").WithCode("id_token_hint").Because(err)
	}
	if own.Audience != a.client.id {
		return bridge.Refuse(bridge.BadRequest, "id_token_hint was issued to another client.").WithCode("id_token_hint")
	}
	if a.Subject != "" && a.Subject != own.Subject {
		return bridge.Refuse(bridge.UnknownSubject, "The request names two different people.")
	}
	a.Subject = own.Subject
	return nil
}

// understand runs the tables over the parameters of a request. provenly tells whether the reply address was
// proven when a refusal came: only then may it be sent there.
func (p *Provider) understand(form url.Values) (a *authorization, provenly bool, why *bridge.Refusal) {
	a = &authorization{form: form}
	if why := run(p, proofs[:], a); why != nil {
		return a, false, why
	}
	return a, true, run(p, checks[:], a)
}

// sameSubject compares the person a request named, as the client knows them, with the one signed in.
func sameSubject(d pending, iss bridge.Issuance) bool {
	return d.Subject == "" || d.Subject == iss.Subject
}
