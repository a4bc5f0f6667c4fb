package saml2

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Limits of what arrives, in bytes.
const (
	maxMessage = 64 << 10  // XML after inflation
	maxEncoded = 128 << 10 // base64 text
	maxQuery   = 64 << 10
	maxRelay   = 1 << 10 // SAML Bindings 3.4.3 says 80; the field sends URLs
	maxPieces  = 64      // parameters of one query
)

// message is what a binding carried, not verified yet.
type message struct {
	by       binding
	response bool // it came as SAMLResponse
	xml      string
	relay    relayState
	detached *detached // nil: the query or form carries no signature
	artifact string    // stands for xml, which has to be fetched
	from     string    // the partner that xml was fetched from
	vouched  bool      // xml was covered by a signature of that partner around it
}

// relayState is opaque to us. Absent and empty are not the same (SAML Bindings 3.4.3).
type relayState struct {
	Present bool   `json:",omitempty"`
	Value   string `json:",omitempty"`
}

// detached is the signature of a query (SAML Bindings 3.4.4.1), or of a form (HTTP-POST-SimpleSign 2.5.2).
type detached struct {
	octets    []byte // as received, in the order of the specification
	algorithm string
	value     []byte
}

func badRequest(code, detail string) *bridge.Refusal {
	return bridge.Refuse(bridge.BadRequest, "%s", detail).WithCode(code)
}

// parameter is one name=value of a query: as received, and decoded.
type parameter struct{ raw, value string }

// decodeRedirect reads a message from a raw query (SAML Bindings 3.4.4).
func (p *Provider) decodeRedirect(query string) (message, error) {
	params, err := parseQuery(query)
	if err != nil {
		return message{}, err
	}
	m := message{by: byRedirect}
	name, err := messageName(params)
	if err != nil {
		return m, err
	}
	m.response = name == responseField
	if e, ok := params["SAMLEncoding"]; ok && e.value != deflateEncoding {
		return m, badRequest("saml_encoding", "The message is encoded in a way that is not known here.")
	}
	if m.relay, err = readRelay(params); err != nil {
		return m, err
	}
	if name == artifactField {
		m.by, m.artifact = byArtifact, params[name].value
		return m, nil
	}
	if m.detached, err = readDetached(name, params); err != nil {
		return m, err
	}
	compressed, err := decodeBase64(params[name].value)
	if err != nil {
		return m, err
	}
	m.xml, err = p.inflate(compressed)
	return m, err
}

const deflateEncoding = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

// parseQuery keeps the parameters of the binding by their exact names; all others are ignored. A known name that is
// repeated, or written with percent-encoding so that another reader might see it twice, is refused.
func parseQuery(query string) (map[string]parameter, error) { return parse(query, maxQuery) }

func parse(query string, limit int) (map[string]parameter, error) {
	switch {
	case len(query) > limit || strings.Count(query, "&") >= maxPieces:
		return nil, badRequest("query_limits", "The request is too large.")
	case strings.Contains(query, ";"):
		return nil, badRequest("query_separator", "The request is not written as it should be.")
	}
	params := make(map[string]parameter, 5)
	for piece := range strings.SplitSeq(query, "&") {
		name, raw, _ := strings.Cut(piece, "=")
		decoded, err := url.QueryUnescape(name)
		if err != nil {
			return nil, badRequest("query_escape", "The request is not written as it should be.")
		}
		if !isParameter(decoded) {
			continue
		}
		if _, again := params[decoded]; again || name != decoded {
			return nil, badRequest("dup_param", "The request says the same thing twice.")
		}
		value, err := url.QueryUnescape(raw)
		if err != nil {
			return nil, badRequest("query_escape", "The request is not written as it should be.")
		}
		params[name] = parameter{raw: raw, value: value}
	}
	return params, nil
}

func isParameter(name string) bool {
	switch name {
	case requestField, responseField, artifactField, "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		return true
	}
	return false
}

// messageName is the parameter that carries the message: exactly one of three.
func messageName(params map[string]parameter) (string, error) {
	found := ""
	for _, name := range []string{requestField, responseField, artifactField} {
		if _, ok := params[name]; !ok {
			continue
		}
		if found != "" {
			return "", badRequest("two_messages", "The request carries two messages.")
		}
		found = name
	}
	if found == "" {
		return "", badRequest("no_message", "The request carries no SAML message.")
	}
	return found, nil
}

func readRelay(params map[string]parameter) (relayState, error) {
	relay, present := params["RelayState"]
	if len(relay.value) > maxRelay {
		return relayState{}, badRequest("relay_state", "The RelayState is longer than 1024 bytes.")
	}
	if !utf8.ValidString(relay.value) || strings.Contains(relay.value, "\x00") { // no page could give it back as it came
		return relayState{}, badRequest("relay_state", "The RelayState is not text.")
	}
	return relayState{Present: present, Value: relay.value}, nil
}

// readDetached recomposes what was signed from the raw pieces, whatever their order in the query.
func readDetached(name string, params map[string]parameter) (*detached, error) {
	d, err := readSignature(params)
	if d == nil || err != nil {
		return nil, err
	}
	octets := name + "=" + params[name].raw
	if relay, ok := params["RelayState"]; ok {
		octets += "&RelayState=" + relay.raw
	}
	d.octets = []byte(octets + "&SigAlg=" + params["SigAlg"].raw)
	return d, nil
}

// readSignature reads SigAlg and Signature; nil if neither is there.
func readSignature(params map[string]parameter) (*detached, error) {
	algorithm, hasAlgorithm := params["SigAlg"]
	signature, hasSignature := params["Signature"]
	if hasAlgorithm != hasSignature {
		return nil, bridge.Refuse(bridge.BadSignature, "The request is signed by half.").WithCode("half_signature")
	}
	if !hasSignature {
		return nil, nil
	}
	value, err := decodeBase64(signature.value)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadSignature, "The signature cannot be read.").WithCode("base64")
	}
	return &detached{algorithm: algorithm.value, value: value}, nil
}

// decodeBase64 takes the standard alphabet with padding; line ends are allowed (RFC 2045).
func decodeBase64(text string) ([]byte, error) {
	if len(text) > maxEncoded {
		return nil, badRequest("xml_limits", "The message is too large.")
	}
	out, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(out) == 0 {
		return nil, badRequest("base64", "The message is not base64.")
	}
	return out, nil
}

// inflate undoes raw DEFLATE (RFC 1951), stops at maxMessage, and wants the stream to end where the data ends.
func (p *Provider) inflate(compressed []byte) (string, error) {
	in := bytes.NewReader(compressed)
	z := p.inflaters.Get().(io.ReadCloser)
	defer p.inflaters.Put(z)
	if err := z.(flate.Resetter).Reset(in, nil); err != nil {
		return "", badRequest("deflate", "The message cannot be decompressed.").Because(err)
	}
	out := bytes.NewBuffer(make([]byte, 0, 2<<10))
	n, err := io.Copy(out, io.LimitReader(z, maxMessage+1))
	switch {
	case n > maxMessage:
		return "", badRequest("xml_limits", "The message is too large.")
	case err != nil:
		return "", badRequest("deflate", "The message cannot be decompressed.").Because(err)
	case in.Len() > 0:
		return "", badRequest("deflate", "There is something behind the compressed message.")
	}
	return out.String(), nil
}
