package oidc

import (
	"errors"
	"slices"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// objectRule is one rule over a request object whose signature is verified.
type objectRule struct {
	name, clause string
	check        func(o requestObject, p *Provider, a *authorization) *bridge.Refusal
}

// objectRules are those of authorization requests.
var objectRules = [...]objectRule{
	{"iss is the client", "RFC 9101, 4", objectIssuer},
	{"aud is this hub", "RFC 9101, 4; FAPI 2.0 Message Signing, 5.3.1", objectAudience},
	{"lives, and not for long", "RFC 7519, 4.1.4; FAPI 2.0 Message Signing, 5.3.1", objectTimes},
	{"client_id and response_type are the same inside and outside", "RFC 9101, 5; OpenID Connect Core, 6.1", objectSame},
	{"holds no other request", "RFC 9101, 4; OpenID Connect Core, 6.1", objectNested},
}

func (o requestObject) judge(p *Provider, a *authorization, rules []objectRule) *bridge.Refusal {
	for i := range rules {
		if why := rules[i].check(o, p, a); why != nil {
			return why
		}
	}
	return nil
}

// strict reports whether FAPI 2.0 Message Signing applies: aud, exp and nbf are needed then.
func strict(a *authorization) bool {
	return a.client.terms.Request.Signed || a.client.profile().alone
}

func objectIssuer(o requestObject, _ *Provider, a *authorization) *bridge.Refusal {
	iss, err := o.claims.Text("iss")
	if errors.Is(err, jose.ErrMissing) {
		return nil // both standards say should
	}
	if err != nil || iss != a.client.id {
		return badObject("iss of the request object must be the client_id.")
	}
	return nil
}

func objectAudience(o requestObject, p *Provider, a *authorization) *bridge.Refusal {
	aud, err := o.claims.Texts("aud")
	if errors.Is(err, jose.ErrMissing) && !strict(a) {
		return nil
	}
	if err != nil || !slices.ContainsFunc(aud, func(s string) bool { return withoutDefaultPort(s) == withoutDefaultPort(p.issuer) }) {
		return badObject("aud of the request object must be, or contain, %s.", p.issuer)
	}
	return nil
}

func objectTimes(o requestObject, p *Provider, a *authorization) *bridge.Refusal {
	now, skew := float64(p.hub.Clock().UnixMilli())/1000, objectSkew.Seconds()
	at := map[string]float64{}
	for _, name := range [...]string{"exp", "nbf", "iat"} {
		s, err := o.claims.Seconds(name)
		switch {
		case err == nil:
			at[name] = s
		case !errors.Is(err, jose.ErrMissing):
			return badObject("The request object was refused: %s.", err.Error())
		case strict(a) && name != "iat":
			return badObject("The request object needs exp and nbf.")
		}
	}
	exp, expires := at["exp"]
	nbf, begins := at["nbf"]
	iat := at["iat"]
	switch {
	case expires && exp <= now-skew:
		return badObject("The request object has expired.")
	case begins && nbf > now+skew || iat > now+skew:
		return badObject("The request object is not valid yet: its nbf or iat is more than %.0f seconds ahead.", skew)
	case strict(a) && exp-nbf > maxObjectLife.Seconds():
		return badObject("exp of the request object is more than 60 minutes after its nbf.")
	case strict(a) && nbf < now-maxObjectLife.Seconds():
		return badObject("nbf of the request object is more than 60 minutes ago.")
	}
	return nil
}

func objectSame(o requestObject, _ *Provider, a *authorization) *bridge.Refusal {
	for _, name := range [...]string{"client_id", "response_type"} {
		inside, err := o.claims.Text(name)
		if errors.Is(err, jose.ErrMissing) && (name == "response_type" || !o.alone) {
			continue
		}
		outside := a.get(name)
		if err != nil || outside != "" && inside != outside {
			return badObject("%s of the request object must be the same as outside of it.", name)
		}
	}
	return nil
}

func objectNested(o requestObject, _ *Provider, _ *authorization) *bridge.Refusal {
	if o.claims.Has("request") || o.claims.Has("request_uri") {
		return badObject("A request object must hold neither request nor request_uri.")
	}
	return nil
}
