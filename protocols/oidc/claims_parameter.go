package oidc

import (
	"encoding/json"
	"errors"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

const maxClaims = 4096 // bytes of the claims parameter

// wish is what a request says about one claim (OpenID Connect Core 1.0, section 5.5.1). values are those it would have; none: any.
type wish struct {
	essential bool
	values    []json.RawMessage
}

func badClaims(format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, format, args...).WithCode("claims")
}

// checkClaims reads the claims parameter: acr and sub bear on the sign-on, everything else on what is told afterwards. What the
// terms do not release is not kept; a claim that nobody knows is no error.
func checkClaims(_ *Provider, a *authorization) *bridge.Refusal {
	raw := a.get("claims")
	if raw == "" {
		return nil
	}
	if len(raw) > maxClaims {
		return badClaims("claims is longer than %d bytes.", maxClaims)
	}
	all, err := jose.ReadClaims([]byte(raw))
	if err != nil {
		return badClaims("claims is not a JSON object: %s.", err.Error())
	}
	var kept askedClaims
	for _, place := range [...]struct {
		name string
		to   *asked
	}{{"id_token", &kept.IDToken}, {"userinfo", &kept.Userinfo}} {
		wishes, why := readWishes(all, place.name)
		if why == nil {
			why = a.heed(place.name, wishes)
		}
		if why != nil {
			return why
		}
		*place.to = a.client.released(wishes)
	}
	if len(kept.IDToken)+len(kept.Userinfo) > 0 {
		a.Claims = &kept
	}
	a.asksUserinfo = all.Raw("userinfo") != nil
	return nil
}

// checkUserinfoClaims refuses to take down what could never be asked for.
func checkUserinfoClaims(_ *Provider, a *authorization) *bridge.Refusal {
	if a.asksUserinfo && !a.kind().Code() && !a.kind().Token() {
		return badClaims("userinfo in claims needs a response_type that leads to an access token (OpenID Connect Core, section 5.5).")
	}
	return nil
}

// readWishes reads one member of the claims parameter.
func readWishes(all jose.Claims, place string) (map[string]wish, *bridge.Refusal) {
	if raw := all.Raw(place); raw == nil || string(raw) == "null" {
		return nil, nil
	}
	members, err := all.Object(place)
	if err != nil {
		return nil, badClaims("%s in claims is not a JSON object.", place)
	}
	out := map[string]wish{}
	for name, raw := range members.All() {
		if string(raw) == "null" {
			out[name] = wish{}
			continue
		}
		said, err := members.Object(name)
		if err != nil {
			return nil, badClaims("Each claim in claims must be null or an object (OpenID Connect Core, section 5.5.1).")
		}
		if out[name], err = readWish(said); err != nil {
			return nil, badClaims("claims: %s.", err.Error())
		}
	}
	return out, nil
}

// readWish reads essential, value and values; other members are for others.
func readWish(said jose.Claims) (wish, error) {
	var w wish
	var err error
	if w.essential, err = said.Bool("essential"); err != nil && !errors.Is(err, jose.ErrMissing) {
		return w, err
	}
	if one := said.Raw("value"); one != nil {
		w.values = append(w.values, one)
	}
	if many := said.Raw("values"); many != nil {
		var list []json.RawMessage
		if err := json.Unmarshal(many, &list); err != nil {
			return w, errors.New("values is not an array")
		}
		w.values = append(w.values, list...)
	}
	return w, nil
}

// heed takes what bears on the sign-on itself: who must be signed in, and how.
func (a *authorization) heed(place string, wishes map[string]wish) *bridge.Refusal {
	if sub, ok := wishes["sub"]; ok && len(sub.values) > 0 {
		var names []string
		for _, v := range sub.values {
			var name string
			if json.Unmarshal(v, &name) != nil || name == "" {
				return badClaims("The value of sub in claims is not a string.")
			}
			names = append(names, name)
		}
		for _, name := range names {
			if why := a.expect(name); why != nil {
				return why
			}
		}
	}
	acr, ok := wishes["acr"]
	if !ok || place != "id_token" {
		return nil
	}
	for _, v := range acr.values {
		var class string
		if json.Unmarshal(v, &class) != nil {
			return badClaims("The values of acr in claims are not strings.")
		}
		if acr.essential {
			a.ACR = append(a.ACR, class)
		} else {
			a.wishedACR = append(a.wishedACR, class)
		}
	}
	return nil
}
