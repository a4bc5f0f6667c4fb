package oidc

import (
	"cmp"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// typIntrospection is the typ of a signed answer, and with application/ before it its media type (RFC 9701, section 5).
const typIntrospection = "token-introspection+jwt"

// signedIntrospection is RFC 9701, section 5. It has no sub and no exp, so that nobody takes it for an access token.
type signedIntrospection struct {
	Issuer   string         `json:"iss"`
	Audience string         `json:"aud"`
	Issued   int64          `json:"iat"`
	Token    map[string]any `json:"token_introspection"`
}

// writeIntrospection answers with JSON, or with a JWT if the caller asks for one or its terms do.
func (p *Provider) writeIntrospection(w http.ResponseWriter, r *http.Request, c caller, said map[string]any) error {
	alg := c.terms.Tokens.IntrospectionAlgorithm
	if alg == "" && !accepts(r.Header.Values("Accept"), "application/"+typIntrospection) {
		writeJSON(w, http.StatusOK, said)
		return nil
	}
	token, err := p.sign(keyring.Algorithm(cmp.Or(alg, string(c.alg))), typIntrospection, signedIntrospection{p.issuer, c.id, p.hub.Clock().Unix(), said})
	if err != nil {
		return err
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/"+typIntrospection)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(token)) // the client went away: nothing to do about it
	return nil
}

// accepts reports whether an Accept header names a media type, and not by weight zero (RFC 9110, section 12.5.1). A wildcard does not
// name it.
func accepts(headers []string, media string) bool {
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			kind, params, err := mime.ParseMediaType(part)
			if err != nil || kind != media {
				continue
			}
			weight, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
			return err == nil && weight > 0
		}
	}
	return false
}
