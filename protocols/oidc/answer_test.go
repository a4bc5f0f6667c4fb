package oidc

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// answer reads an authorization response as a client would, whatever its mode. A JWT is verified, and must be for this client.
func (w *world) answer(got reply) url.Values {
	w.t.Helper()
	var out url.Values
	switch {
	case got.to == nil:
		out = url.Values{}
		for _, m := range hiddenField.FindAllStringSubmatch(got.body, -1) {
			out.Set(m[1], strings.ReplaceAll(m[2], "&amp;", "&"))
		}
	case got.to.Fragment != "":
		var err error
		out, err = url.ParseQuery(got.to.EscapedFragment())
		must(w.t, err)
	default:
		out = got.to.Query()
		out.Del("tenant")
	}
	if !out.Has("response") {
		return out
	}
	if len(out) != 1 {
		w.t.Errorf("beside the JWT: %v", out)
	}
	claims, header := w.verified(out.Get("response"))
	if typ, ok := header.ExtraHeaders["typ"]; ok {
		w.t.Errorf("typ %v", typ)
	}
	inside := url.Values{}
	for name, v := range claims {
		if text, ok := v.(string); ok && name != "aud" {
			inside.Set(name, text)
		}
	}
	now := float64(w.clock().Unix())
	if exp, _ := claims["exp"].(float64); exp <= now || exp > now+600 || claims["aud"] == nil || claims["iss"] != issuer {
		w.t.Errorf("claims of the answer %v", claims)
	}
	return inside
}

// TestResponseModes: who may ask for which mode, where the answer stands, and that an error is answered in the same way.
func TestResponseModes(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	for name, c := range map[string]struct {
		modes []string
		asked string
		where string // query, fragment or form
		jwt   bool
		err   string
	}{
		"query":                         {nil, "query", "query", false, ""},
		"none":                          {nil, "", "query", false, ""},
		"form":                          {nil, "form_post", "form", false, ""},
		"JWT":                           {nil, "jwt", "query", true, ""},
		"JWT in the query":              {nil, "query.jwt", "query", true, ""},
		"JWT in a form":                 {nil, "form_post.jwt", "form", true, ""},
		"fragment":                      {nil, "fragment", "query", false, "invalid_request"},
		"fragment, allowed":             {[]string{"query", "fragment"}, "fragment", "fragment", false, ""},
		"JWT in a fragment, allowed":    {[]string{"fragment.jwt"}, "fragment.jwt", "fragment", true, ""},
		"must be a JWT":                 {[]string{"jwt"}, "", "query", true, ""},
		"must be a JWT, by its name":    {[]string{"jwt"}, "query.jwt", "query", true, ""},
		"must be a JWT, asks for query": {[]string{"jwt"}, "query", "query", true, "invalid_request"},
		"must be a form":                {[]string{"form_post"}, "", "form", false, ""},
		"unknown":                       {[]string{"form_post.jwt", "jwt"}, "web_message", "form", true, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			w.change("basic", func(p *trust.Partner) {
				p.OIDC.Request.Modes = c.modes
				if c.modes == nil {
					p.OIDC.Request.Modes = []string{"query", "form_post", "jwt", "query.jwt", "form_post.jwt"}
				}
			})
			for _, extra := range [][]string{nil, {"prompt", "whenever"}} {
				got := b.authorize("basic", append([]string{"response_mode", c.asked}, extra...)...)
				answer := w.answer(got)
				where := "query"
				switch {
				case got.to == nil:
					where = "form"
				case got.to.Fragment != "":
					where = "fragment"
				}
				want := c.err
				if extra != nil {
					want = "invalid_request"
				}
				if where != c.where || answer.Get("error") != want || answer.Has("code") != (want == "") || answer.Get("state") != "st&1" || answer.Get("iss") != issuer {
					t.Errorf("%s: in the %s: %v", extra, where, answer)
				}
				if byJWT := strings.Contains(got.body, `name="response"`) || got.to != nil && strings.Contains(got.to.String(), "response=ey"); byJWT != c.jwt {
					t.Errorf("%s: by JWT %v: %v", extra, byJWT, got.to)
				}
			}
		})
	}
}

// TestAnswerAlgorithm: an answer is signed as the terms say, and is no ID token.
func TestAnswerAlgorithm(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	w.change("basic", func(p *trust.Partner) { p.OIDC.Request.ResponseAlgorithm = "PS256" })
	got := b.authorize("basic", "response_mode", "jwt")
	token := got.query("response")
	if _, header := w.verified(token); header.Algorithm != "PS256" {
		t.Errorf("alg %s", header.Algorithm)
	}
	if _, err := w.p.verifyOwn(token); err == nil {
		t.Error("an answer was taken for an ID token")
	}
	w.change("basic", func(p *trust.Partner) { p.OIDC.Request.ResponseAlgorithm = "ES512" }) // no key does that
	if got := b.authorize("basic", "response_mode", "jwt"); got.to != nil || got.status != 500 {
		t.Errorf("an answer that cannot be signed: %d %v", got.status, got.to)
	}
}
