package oidc

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

var errNoToken = errors.New("oidc: no access token was sent")

// bearer takes the access token from the Authorization header, or the body of a POST (RFC 6750, sections 2.1
// and 2.2). A token in the query is not looked at.
func bearer(r *http.Request) (string, error) {
	refused := bridge.Refuse(bridge.BadGrant, "Send the access token once, in the Authorization header or in the body.").WithCode("bad_bearer")
	headers := r.Header.Values("Authorization")
	var form url.Values
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		var err error
		if form, err = readForm(r); err != nil {
			return "", err
		}
	}
	inBody := form["access_token"]
	switch {
	case len(headers)+len(inBody) == 0:
		return "", refused.WithCode("no_token").Because(errNoToken)
	case len(headers)+len(inBody) > 1: // RFC 6750, section 3.1
		return "", bridge.Refuse(bridge.BadRequest, "%s", refused.Detail).WithCode(refused.Code)
	case len(inBody) == 1:
		return inBody[0], nil
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return "", refused
	}
	return token, nil
}
