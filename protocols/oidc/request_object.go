package oidc

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/oidc/jose"
)

// Limits of request objects.
const (
	maxObject     = 16 << 10         // bytes
	maxObjectLife = time.Hour        // FAPI 2.0 Message Signing, section 5.3.1
	objectSkew    = 30 * time.Second // clocks of clients may differ by this
	typRequest    = "oauth-authz-req+jwt"
)

// requestObject is a request in a JWT that the client signed (RFC 9101; OpenID Connect Core 1.0, section 6).
type requestObject struct {
	claims jose.Claims
	alone  bool // nothing beside it counts
}

func badObject(format string, args ...any) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, format, args...).WithCode(codeBadObject)
}

// objectRules are what a request object must keep once its signature is verified.
var objectRules = [...]struct {
	name, clause string
	check        func(o requestObject, p *Provider, a *authorization) *bridge.Refusal
}{
	{"iss is the client", "RFC 9101, 4", objectIssuer},
	{"aud is this hub", "RFC 9101, 4; FAPI 2.0 Message Signing, 5.3.1", objectAudience},
	{"lives, and not for long", "RFC 7519, 4.1.4; FAPI 2.0 Message Signing, 5.3.1", objectTimes},
	{"client_id and response_type are the same inside and outside", "RFC 9101, 5; OpenID Connect Core, 6.1", objectSame},
	{"holds no other request", "RFC 9101, 4; OpenID Connect Core, 6.1", objectNested},
}

func (o requestObject) judge(p *Provider, a *authorization) *bridge.Refusal {
	for i := range objectRules {
		if why := objectRules[i].check(o, p, a); why != nil {
			return why
		}
	}
	return nil
}

// readObject verifies a request object with the client's registered keys and the algorithms its terms allow.
func readObject(c *client, raw string, verify verifying) (requestObject, *bridge.Refusal) {
	var o requestObject
	if c.broken != nil || len(c.keys.Keys()) == 0 && c.remote == nil {
		return o, badObject("The request object cannot be verified: no usable key is registered for this client.").Because(c.broken)
	}
	v, err := verify(raw, jose.Rules{Algorithms: c.signsWith(c.terms.Request.Algorithm), Types: []string{"", typJWT, typRequest}, MaxBytes: maxObject})
	switch {
	case errors.Is(err, errKeysBusy):
		return o, keysRefusal(err)
	case errors.Is(err, errNoKeys):
		return o, badObject("The request object cannot be verified: %s", keysRefusal(err).Detail).Because(err)
	}
	if err != nil {
		return o, badObject("The request object was refused: %s.", err.Error()).Because(err)
	}
	if o.claims, err = v.Claims(); err != nil {
		return o, badObject("The claims of the request object are not valid: %s.", err.Error()).Because(err)
	}
	o.alone = c.terms.Request.Signed || c.profile().alone || strings.HasSuffix(strings.ToLower(v.Type), typRequest)
	return o, nil
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

// aboutObject are claims about the JWT itself, and no parameters (RFC 7519, section 4.1).
var aboutObject = [...]string{"iss", "aud", "sub", "exp", "nbf", "iat", "jti"}

// parameters are the claims as parameters: numbers, truth values, objects and lists as they are written in JSON (RFC 9101, section 4).
func (o requestObject) parameters() url.Values {
	out := url.Values{}
	for name, raw := range o.claims.All() {
		if slices.Contains(aboutObject[:], name) || string(raw) == "null" {
			continue
		}
		if many, err := o.claims.Texts(name); err == nil && name == paramResource { // RFC 8707, section 2: text or list
			out[name] = many
			continue
		}
		out[name] = []string{o.parameter(name, raw)}
	}
	return out
}

func (o requestObject) parameter(name string, raw json.RawMessage) string {
	if text, err := o.claims.Text(name); err == nil {
		return text
	}
	if n, err := o.claims.Whole(name); err == nil {
		return strconv.FormatInt(n, 10)
	}
	return string(raw)
}
