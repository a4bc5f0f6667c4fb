package oidc

import (
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// Values of prompt.
const (
	promptNone    = "none"
	promptLogin   = "login"
	promptConsent = "consent"
	promptSelect  = "select_account"
)

func checkPrompt(_ *Provider, a *authorization) *bridge.Refusal {
	a.prompt = words(a.get("prompt"))
	if len(a.prompt) == 0 {
		a.prompt = words(a.client.terms.Request.Prompt)
	}
	for _, v := range a.prompt {
		switch v {
		case promptNone:
			if len(a.prompt) > 1 {
				return bridge.Refuse(bridge.BadRequest, "prompt=none cannot be combined with another value.").WithCode("prompt")
			}
		case promptLogin, promptConsent, promptSelect:
		default:
			return bridge.Refuse(bridge.BadRequest, "prompt may hold none, login, consent and select_account. Nobody can register here by themselves.").WithCode("prompt")
		}
	}
	return nil
}

func checkMaxAge(_ *Provider, a *authorization) *bridge.Refusal {
	if !a.form.Has("max_age") {
		a.maxAge = a.client.terms.Request.MaxAge
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

// checkACR takes the acr that the claims parameter calls essential if there is one, else what was merely asked for, else the terms'
// own. The first and the last are demands. What was merely asked for is a demand too as far as it can be met here at all; in the
// profile cis2 always.
func checkACR(p *Provider, a *authorization) *bridge.Refusal {
	demand, asked := true, a.ACR
	if len(asked) == 0 {
		asked = append(words(a.get("acr_values")), a.wishedACR...)
		demand = len(asked) == 0 || a.client.terms.Profile == trust.ProfileCIS2
	}
	if len(asked) == 0 {
		asked = a.client.terms.DefaultACR
	}
	a.ACR = p.reachable(asked)
	if demand && len(asked) > 0 && len(a.ACR) == 0 {
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
	a.hinted = own
	return a.expect(own.Subject)
}

// expect notes who must be signed in. A request that names two people cannot be answered.
func (a *authorization) expect(subject string) *bridge.Refusal {
	if a.Subject != "" && a.Subject != subject {
		return bridge.Refuse(bridge.UnknownSubject, "The request names two different people.")
	}
	a.Subject = subject
	return nil
}

// sameSubject compares the person a request named, as the client knows them, with the one signed in.
func sameSubject(d pending, iss bridge.Issuance) bool {
	return d.Subject == "" || d.Subject == iss.Subject
}
