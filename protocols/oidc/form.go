package oidc

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
)

const maxParameters = 64 // in one request

// Parameters that may be sent more than once (RFC 8707, section 2; RFC 8693, section 2.1).
const (
	paramResource = "resource"
	paramAudience = "audience"
)

// readQuery parses a query or form strictly: an unescapable part or a semicolon spoils it.
func readQuery(raw string) (url.Values, error) {
	form, err := url.ParseQuery(raw)
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The parameters are not properly encoded.").WithCode("bad_encoding")
	}
	if len(form) > maxParameters {
		return nil, bridge.Refuse(bridge.BadRequest, "Too many parameters.").WithCode("too_many_parameters")
	}
	return form, nil
}

// readForm parses the body of a POST.
func readForm(r *http.Request) (url.Values, error) {
	body, err := readBody(r, "application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	return readQuery(string(body))
}

// isKind reports whether a body is of one media type, by its own word.
func isKind(r *http.Request, want string) bool {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && kind == want
}

// readBody reads a body of one media type. The size is limited by the router.
func readBody(r *http.Request, want string) ([]byte, error) {
	if !isKind(r, want) {
		return nil, bridge.Refuse(bridge.BadRequest, "Content-Type must be %s.", want).WithCode("media_type")
	}
	body, err := io.ReadAll(r.Body)
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, bridge.Refuse(bridge.BadRequest, "The request is too large.").WithCode("too_large").Because(err)
	}
	if err != nil {
		return nil, bridge.Refuse(bridge.BadRequest, "The request could not be read.").WithCode("unreadable").Because(err)
	}
	return body, nil
}

// parameters are those of the query and, for a POST, of the body.
func parameters(r *http.Request) (url.Values, error) {
	form, err := readQuery(r.URL.RawQuery)
	if err != nil || r.Method != http.MethodPost {
		return form, err
	}
	body, err := readForm(r)
	if err != nil {
		return nil, err
	}
	for name, values := range body {
		form[name] = append(form[name], values...)
	}
	return form, nil
}

// once refuses a parameter that is sent twice (RFC 6749, section 3.1 and 3.2), unless it may be.
func once(form url.Values) *bridge.Refusal {
	for name, values := range form {
		if len(values) > 1 && name != paramResource && name != paramAudience {
			return bridge.Refuse(bridge.BadRequest, "The parameter %s is sent more than once.", clip(name)).WithCode("duplicate_parameter")
		}
	}
	return nil
}

// omitEmpty drops parameters without a value: they count as not sent (RFC 6749, section 3.1 and 3.2).
func omitEmpty(form url.Values) {
	for name, values := range form {
		if len(values) == 1 && values[0] == "" {
			delete(form, name)
		}
	}
}

// clip shortens and cleans what a stranger sent, before it is repeated.
func clip(s string) string {
	out := make([]byte, 0, 64)
	for i := 0; i < len(s) && i < 64; i++ {
		if c := s[i]; c > ' ' && c < 0x7f && c != '"' && c != '\\' {
			out = append(out, c)
		}
	}
	return string(out)
}
