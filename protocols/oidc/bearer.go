package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

var errNoToken = errors.New("oidc: no access token was sent")

// presented is an access token as a request presents it.
type presented struct {
	token  string
	scheme string // schemeBearer or schemeDPoP
}

// present takes the access token from the Authorization header (RFC 6750, section 2.1; RFC 9449, section 7.1), or the body of a
// POST (RFC 6750, section 2.2), where only a bearer token may stand. A token in the query is not looked at.
func present(r *http.Request) (presented, error) {
	none := presented{scheme: schemeBearer}
	refused := bridge.Refuse(bridge.BadGrant, "Send the access token once, in the Authorization header or in the body.").WithCode("bad_bearer")
	headers := r.Header.Values("Authorization")
	var form url.Values
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		var err error
		if form, err = readForm(r); err != nil {
			return none, err
		}
	}
	inBody := form["access_token"]
	switch {
	case len(headers)+len(inBody) == 0:
		return none, refused.WithCode("no_token").Because(errNoToken)
	case len(headers)+len(inBody) > 1: // RFC 6750, section 3.1
		return none, bridge.Refuse(bridge.BadRequest, "%s", refused.Detail).WithCode(refused.Code)
	case len(inBody) == 1:
		return presented{inBody[0], schemeBearer}, nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if ok && strings.EqualFold(scheme, schemeDPoP) {
		none.scheme = schemeDPoP
	}
	if !ok || !strings.EqualFold(scheme, none.scheme) || token == "" || len(token) > maxToken {
		return none, refused
	}
	return presented{token, none.scheme}, nil
}
