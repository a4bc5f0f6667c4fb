package oidc

import (
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

const maxSecret = 512 // bytes of a client secret

// readBasic takes a client's id and secret from an Authorization header. Both are form-encoded inside the
// Basic credentials (RFC 6749, section 2.3.1); what is not encoded properly is refused, not guessed.
func readBasic(header string) (id, secret string, err error) {
	scheme, credentials, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Basic") {
		return "", "", bridge.Refuse(bridge.BadClient, "The Authorization header is not of the scheme Basic.").WithCode("basic_scheme")
	}
	if len(credentials) > 4*(maxClientID+maxSecret) {
		return "", "", bridge.Refuse(bridge.BadClient, "The Basic credentials are too long.").WithCode("basic_length")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(credentials)
	if err != nil {
		return "", "", bridge.Refuse(bridge.BadClient, "The Basic credentials are not base64.").WithCode("basic_encoding")
	}
	user, password, ok := strings.Cut(string(raw), ":")
	if !ok {
		return "", "", bridge.Refuse(bridge.BadClient, "The Basic credentials hold no colon.").WithCode("basic_encoding")
	}
	if id, err = url.QueryUnescape(user); err == nil {
		secret, err = url.QueryUnescape(password)
	}
	if err != nil {
		return "", "", bridge.Refuse(bridge.BadClient, "The Basic credentials are not form-encoded (RFC 6749, section 2.3.1).").WithCode("basic_encoding")
	}
	if id == "" || len(id) > maxClientID || secret == "" || len(secret) > maxSecret {
		return "", "", bridge.Refuse(bridge.BadClient, "The Basic credentials lack an id or a secret, or one of them is too long.").WithCode("basic_length")
	}
	return id, secret, nil
}
