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
	"github.com/lanyard-hub/lanyard/trust/jose"
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
