package decode

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/protocols/oidc"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// MaxInput is the longest input that is looked at, in bytes.
const MaxInput = 1 << 20

// ErrUnknown is returned for an input that is nothing this package knows.
var ErrUnknown = errors.New("decode: not a token, a SAML message, a document of a Smartcard agent, a query or JSON that holds one")

// Keys finds public keys to verify a token with.
type Keys interface {
	// Of returns the keys of an issuer or client, and who vouches for them, such as "the hub's own keys"; false if none are known.
	Of(issuer string) (jose.KeySet, string, bool)
}

// Options of Explain.
type Options struct {
	Now  time.Time
	Keys Keys // nil: no signature is verified
	// Assertions finds what the hub asks of the assertions of a client; nil: what any hub asks.
	Assertions func(client string) oidc.AssertionRules
}

// Explain recognises an input and says what is in it. The error is ErrUnknown, or says that it is too long.
func Explain(input string, o Options) (Report, error) {
	if len(input) > MaxInput {
		return Report{}, errors.New("decode: the input is longer than 1 MiB")
	}
	var r Report
	if !r.explain("", strings.TrimSpace(input), o) {
		return r, ErrUnknown
	}
	return r, nil
}

// explain tries every reading in turn; the order is from the strictest to the loosest.
func (r *Report) explain(name, text string, o Options) bool {
	for _, read := range []func(name, text string, o Options) bool{r.encrypted, r.token, r.document, r.agent, r.xml, r.message, r.query} {
		if read(name, text, o) {
			return true
		}
	}
	return false
}

// document is the JSON of a token endpoint, or of userinfo.
func (r *Report) document(name, text string, o Options) bool {
	if !strings.HasPrefix(text, "{") {
		return false
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(text), &members) != nil {
		return false
	}
	part := Part{Name: name, Kind: "JSON"}
	switch {
	case members["error"] != nil:
		part.Kind = "OAuth error (RFC 6749, 5.2)"
	case members["access_token"] != nil:
		part.Kind = "token response (RFC 6749, 5.1)"
	case members["active"] != nil:
		part.Kind = "introspection (RFC 7662, 2.2)"
	case members["sub"] != nil:
		part.Kind = "userinfo (OpenID Connect Core, 5.3)"
	case members["keys"] != nil:
		part.Kind = "key set (RFC 7517)"
	}
	var tokens []string
	for _, member := range sortedKeys(members) {
		var value string
		if json.Unmarshal(members[member], &value) == nil && strings.Count(value, ".") >= 2 && len(value) > 40 {
			tokens = append(tokens, member)
			continue
		}
		part.fact(member, plain(members[member]), meaning(member))
	}
	if code := unquote(members["error"]); code != "" {
		part.problem("%s: %s", code, errorMeaning(code))
	}
	r.Parts = append(r.Parts, part)
	for _, member := range tokens {
		r.explain(member, unquote(members[member]), o)
	}
	return true
}

// query is a URL, a query or a form.
func (r *Report) query(name, text string, o Options) bool {
	if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.RawQuery+u.Fragment != "" {
		text = strings.Trim(u.RawQuery+"&"+u.EscapedFragment(), "&")
	}
	if name != "" || !strings.Contains(text, "=") || strings.ContainsAny(text, " <>\n") || strings.HasSuffix(text, "=") && !strings.Contains(text, "&") {
		return false
	}
	values, err := url.ParseQuery(strings.TrimPrefix(text, "?"))
	if err != nil {
		return false
	}
	part, inside := Part{Kind: "parameters"}, []string{}
	for _, n := range sortedKeys(values) {
		if slices.Contains([]string{"SAMLRequest", "SAMLResponse", "id_token", "id_token_hint", "logout_token", "client_assertion", "request", "response", "access_token", "subject_token", "claims"}, n) {
			inside = append(inside, n)
			continue
		}
		for _, v := range values[n] {
			part.fact(n, v, meaning(n))
		}
		if len(values[n]) > 1 {
			part.problem("%s is there %d times: OAuth refuses that (RFC 6749, 3.1)", n, len(values[n]))
		}
	}
	if code := values.Get("error"); code != "" {
		part.problem("%s: %s", code, errorMeaning(code))
	}
	if len(part.Facts)+len(inside) == 0 {
		return false
	}
	r.Parts = append(r.Parts, part)
	for _, n := range inside {
		if !r.explain(n, values.Get(n), o) {
			r.Parts = append(r.Parts, Part{Name: n, Kind: "not readable", Problems: []string{"neither a token nor a SAML message"}})
		}
	}
	return true
}
