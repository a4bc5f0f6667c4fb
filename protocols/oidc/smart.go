package oidc

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/smart"
)

// smartScopes are the scopes of SMART App Launch 2.2 that are granted here, beside the clinical ones. offline_access is none of them:
// no token of this hub outlives its session.
func smartScopes() []string {
	return []string{trust.ScopeFHIRUser, trust.ScopeLaunch, trust.ScopeLaunchPatient, trust.ScopeLaunchEncounter, trust.ScopeOnline}
}

// ofSmart reports whether a scope is one that SMART App Launch defines.
func ofSmart(scope string) bool {
	return smart.Clinical(scope) || scope == trust.ScopeOffline || slices.Contains(smartScopes(), scope)
}

// smartGrant is what a client may have of a scope of SMART App Launch on behalf of a person: all of it, less, or nothing. What it may
// have the answer's scope says; a scope that is not granted is no error (SMART App Launch 2.2, Scopes and Launch Context).
func (c *client) smartGrant(scope string) []string {
	switch {
	case smart.Clinical(scope):
		return slices.DeleteFunc(c.clinical(scope), func(s string) bool { return levelOf(s) == smart.System })
	case scope == trust.ScopeOffline, scope == trust.ScopeOnline && !c.terms.Refresh, !slices.Contains(c.scopes, scope):
		return nil
	}
	return []string{scope}
}

// clinical is what the terms allow of a clinical scope. What is allowed whole stays as it was written, so that an app of version 1 finds
// its own words again.
func (c *client) clinical(scope string) []string { return permitted(c.terms.Smart.Clinical, scope) }

func permitted(by []smart.Scope, scope string) []string {
	s, err := smart.Parse(scope)
	if err != nil {
		return nil
	}
	parts := smart.Narrow(by, s)
	if len(parts) == 1 && parts[0].Equal(s) {
		return []string{scope}
	}
	out := make([]string, 0, len(parts))
	for _, part := range parts {
		out = append(out, part.String())
	}
	return out
}

// levelOf is the level of a clinical scope; empty if it is none.
func levelOf(scope string) smart.Level {
	if !smart.Clinical(scope) {
		return "" // as most are: nothing is written about them
	}
	s, err := smart.Parse(scope)
	if err != nil {
		return ""
	}
	return s.Level
}

// clinicalOf reads the clinical ones of some scopes.
func clinicalOf(scopes []string) []smart.Scope {
	var out []smart.Scope
	for _, scope := range scopes {
		if !smart.Clinical(scope) {
			continue
		}
		if s, err := smart.Parse(scope); err == nil {
			out = append(out, s)
		}
	}
	return out
}

// within reports whether a scope is one of those granted, or says less than some of them together.
func within(granted []string, scope string) bool {
	if slices.Contains(granted, scope) {
		return true
	}
	s, err := smart.Parse(scope)
	return err == nil && smart.Covered(clinicalOf(granted), s)
}

// addScopes adds those that are not there yet.
func addScopes(to []string, more ...string) []string {
	for _, s := range more {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// withoutOpenID reports whether an authorization request was granted something without openid: SMART App Launch 2.2 and IHE IUA (ITI-71) are
// OAuth, and leave the ID token to those who ask for it.
func (a *authorization) withoutOpenID() bool {
	return a.form.Has("response_type") && slices.ContainsFunc(a.Scopes, func(s string) bool { return ofSmart(s) || strings.HasPrefix(s, purposePrefix) })
}

// maxLaunch is the length of the parameter launch, in bytes.
const maxLaunch = 256

// checkSmart notes the launch that a request belongs to, and takes aud for the resource that its tokens are for. Whoever asks for
// clinical data or a context has to name the FHIR server, or a token would be good for another one.
func checkSmart(p *Provider, a *authorization) *bridge.Refusal {
	if slices.Contains(a.Scopes, trust.ScopeLaunch) {
		launch := a.get("launch")
		if len(launch) > maxLaunch {
			return refuseLaunch()
		}
		if launch != "" {
			a.Launch = bridge.Key(launch)
		}
	}
	if !slices.ContainsFunc(a.Scopes, func(s string) bool { return ofSmart(s) && s != trust.ScopeFHIRUser && s != trust.ScopeOnline }) {
		return nil
	}
	aud := a.get("aud")
	switch {
	case aud == "" && len(a.Resources) > 0:
		return nil
	case aud == "":
		return bridge.Refuse(bridge.BadRequest, "aud is missing: it must be the base URL of the FHIR server (SMART App Launch 2.2, Obtain authorization code).").WithCode("aud_missing")
	}
	to, why := p.audienceOf(a.client, []string{aud})
	switch {
	case why != nil:
		return refuseTarget("aud is %s, which is no FHIR server that this client may have tokens for (SMART App Launch 2.2, Obtain authorization code).", clip(aud))
	case len(a.Resources) == 0:
		a.Resources = []string{to[0].Resource}
	case !slices.Contains(a.Resources, aud):
		return refuseTarget("aud is %s, and resource does not name it.", clip(aud))
	}
	return nil
}

// fhirUser is the claim of the ID token; empty unless its scope was granted and the terms release it.
func fhirUser(iss bridge.Issuance, scopes []string) string {
	if !slices.Contains(scopes, trust.ScopeFHIRUser) {
		return ""
	}
	a, ok := iss.Attribute(trust.ScopeFHIRUser)
	if !ok || len(a.Values) != 1 {
		return ""
	}
	user, _ := a.Values[0].(string)
	return user
}
