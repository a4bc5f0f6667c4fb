package saml2

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
)

// errTooLarge and errMediaType have a status of their own; every other refusal of a message is 400.
var (
	errTooLarge  = errors.New("saml2: body is too large")
	errMediaType = errors.New("saml2: media type is not accepted")
)

// readBody reads a body of one media type, as far as its route allows.
func readBody(r *http.Request, types ...string) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	accepted := false
	for _, t := range types {
		accepted = accepted || t == media
	}
	if err != nil || !accepted {
		return nil, bridge.Refuse(bridge.BadRequest, "The message was sent in a form that is not accepted here.").WithCode("media_type").Because(errMediaType)
	}
	body, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, badRequest("body_limits", "The message is too large.").Because(errTooLarge)
	case err != nil:
		return nil, badRequest("body", "The message did not arrive whole.").Because(err)
	}
	return body, nil
}

// decodePOST reads a message from a form (SAML Bindings 3.5.4). With a signature over its values it is HTTP-POST-SimpleSign. A form is a query in the body: the same rules hold. What
// is in the form must not be in the address as well, where whatever stands before us may read something else.
func (p *Provider) decodePOST(r *http.Request) (message, error) {
	m := message{by: byPOST}
	body, err := readBody(r, "application/x-www-form-urlencoded")
	if err != nil {
		return m, err
	}
	params, err := parseForm(string(body))
	if err != nil {
		return m, err
	}
	name, err := messageName(params)
	if err != nil {
		return m, err
	}
	address, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return m, err
	}
	if len(address) > 0 {
		return m, badRequest("dup_param", "The request says the same thing twice.")
	}
	m.response = name == responseField
	if m.relay, err = readRelay(params); err != nil {
		return m, err
	}
	if name == artifactField {
		m.by, m.artifact = byArtifact, params[name].value
		return m, nil
	}
	if m.detached, err = readSignature(params); err != nil {
		return m, err
	}
	m.xml, err = p.decodePosted(params[name].value)
	if m.detached != nil {
		m.by = bySimpleSign
		m.detached.octets = simpleOctets(name, []byte(m.xml), m.relay, m.detached.algorithm)
	}
	return m, err
}

// parseForm is parseQuery without the limit of a URL: the route's own holds.
func parseForm(body string) (map[string]parameter, error) { return parse(body, maxForm) }

// decodePosted undoes base64. node-saml compresses POSTed requests unless told otherwise: XML starts with <, or with
// a byte order mark, and DEFLATE of XML with neither.
func (p *Provider) decodePosted(text string) (string, error) {
	out, err := decodeBase64(text)
	if err != nil {
		return "", err
	}
	if len(out) > maxMessage {
		return "", badRequest("xml_limits", "The message is too large.")
	}
	switch out[0] {
	case '<', 0xEF, 0xFE, 0xFF, ' ', '\t', '\r', '\n', 0:
		return string(out), nil
	}
	return p.inflate(out)
}
