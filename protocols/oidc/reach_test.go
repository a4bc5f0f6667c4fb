package oidc

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	gojose "github.com/go-jose/go-jose/v4"
	"pgregory.net/rapid"

	"github.com/lanyard-hub/lanyard/trust"
)

var formAction = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)

// leadsTo are the addresses an answer sends the browser to; those of the hub itself are not among them.
func leadsTo(got reply) []string {
	var out []string
	if got.header.Get("Location") != "" && !strings.HasPrefix(got.header.Get("Location"), "/") {
		out = append(out, got.header.Get("Location"))
	}
	for _, m := range formAction.FindAllStringSubmatch(got.body, -1) {
		if action := strings.ReplaceAll(m[1], "&amp;", "&"); !strings.HasPrefix(action, "/") {
			out = append(out, action)
		}
	}
	return out
}

// TestNothingGoesElsewhere: whatever is asked, in whichever way, an answer goes to an address that is registered for the client that
// asked, or to no address at all; a code goes nowhere but with state and iss, and a token never into a query.
func TestNothingGoesElsewhere(t *testing.T) {
	w := newWorld(t)
	const device, app = "http://127.0.0.1/cb", "uk.example.epr:/cb"
	keys := keySet(t, gojose.JSONWebKey{Key: w.signer.Public(), KeyID: "c1"})
	for _, client := range []string{"basic", "public"} {
		w.change(client, func(p *trust.Partner) { p.OIDC.JWKS = keys })
	}
	w.change("public", func(p *trust.Partner) { p.OIDC.Native, p.OIDC.RedirectURIs = true, []string{callback, device, app} })
	w.change("jwt", func(p *trust.Partner) { p.OIDC.Request.Modes = trust.ResponseModes() })
	w.change("jwt2", func(p *trust.Partner) {
		p.OIDC.Request.Pushed, p.OIDC.Request.Modes = true, []string{"form_post.jwt", "jwt"}
	})
	w.p.responses = trust.ResponseTypes()
	w.allowFront("basic", trust.ResponseTypes()...)
	w.allowFront("jwt2", trust.ResponseCode, trust.ResponseIDToken, trust.ResponseCodeToken)
	registered := map[string][]string{"public": {callback, device, app, "http://127.0.0.1:5555/cb"}}
	signedIn := w.browser()
	signedIn.code("basic")
	addresses := []string{
		callback, device, app, "http://127.0.0.1:5555/cb", "https://evil.example/cb", callback + "&x", callback + "#x", "https://epr.example@evil.example/", "//evil.example", "http://127.0.0.1:5555/evil",
		"http://127.0.0.1:1@evil.example/cb", "uk.example.epr:/evil", "javascript:alert(1)", "", "/cb", " " + callback, callback + "\r\nX: y", `"><form action="https://evil.example">`,
	}
	choices := map[string][]string{
		"redirect_uri": addresses, "response_mode": append([]string{"", "web_message"}, trust.ResponseModes()...), "prompt": {"", "", "none", "login", "whenever"},
		"scope": {"openid", "profile", "openid profile"}, "response_type": {"code", "token", "", "id_token", "id_token token", "code token", "none", "code id_token"}, "max_age": {"", "0", "x"}, "state": {"st&1", `"><script>`, "https://evil.example/"},
		"claims": {"", `{"id_token":{"sub":{"value":"x"}}}`, `{`}, "request_uri": {"", "https://evil.example/", pushedPrefix + "x"}, "request": {"", "x"},
		"code_challenge": {s256, "", "x"}, "client_id": {"basic", "public", "jwt", "jwt2", "nobody"}, "id_token_hint": {"", "x"}, "registration": {"", "{}"},
	}
	var names []string
	for name := range choices {
		names = append(names, name)
	}
	slices.Sort(names)
	rapid.Check(t, func(rt *rapid.T) {
		good := rapid.SampledFrom([]string{"basic", "public", "jwt", "jwt2"}).Draw(rt, "client")
		change := func(label string) []string {
			var pairs []string
			for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 3, rapid.ID).Draw(rt, label) {
				pairs = append(pairs, name, rapid.SampledFrom(choices[name]).Draw(rt, label+" "+name))
			}
			return pairs
		}
		form := request(good, change("outside")...)
		switch rapid.SampledFrom([]string{"plain", "object", "pushed", "pushed object"}).Draw(rt, "source") {
		case "object":
			form.Set("request", w.object(good, inside(request(good, change("inside")...))))
		case "pushed object":
			form = url.Values{"request": {w.object(good, inside(request(good, change("inside")...)))}}
			fallthrough
		case "pushed":
			got := w.call(pushPath, good, form)
			if len(leadsTo(got)) > 0 || strings.Contains(got.body, "code=") {
				rt.Fatalf("pushing %v: %v", form, leadsTo(got))
			}
			if got.status == http.StatusCreated {
				form = request(good, change("beside")...)
				form.Set("client_id", good)
				form.Set("request_uri", w.uri(got))
			}
		}
		b := signedIn
		if rapid.Bool().Draw(rt, "nobody is signed in") {
			b = w.browser()
			b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		}
		got := b.get(authorizePath + "?" + form.Encode())
		client := form.Get("client_id")
		allowed := registered[client]
		if allowed == nil {
			allowed = []string{callback}
		}
		for _, to := range leadsTo(got) {
			if client == "nobody" || !slices.ContainsFunc(allowed, func(a string) bool {
				return a == to || strings.HasPrefix(to, a+"?") || strings.HasPrefix(to, a+"&") || strings.HasPrefix(to, a+"#")
			}) {
				rt.Fatalf("%v leads to %q", form, to)
			}
		}
		if got.to != nil && (got.to.Query().Has("id_token") || got.to.Query().Has("access_token")) {
			rt.Fatalf("%v is answered in a query: %v", form, got.to)
		}
		if got.to != nil && got.to.Host == "epr.example" || got.to == nil && strings.Contains(got.body, `name="code"`) {
			if answer := w.answer(got); answer.Get("iss") != issuer {
				rt.Fatalf("%v is answered %v", form, answer)
			}
		}
	})
}

// inside makes the parameters of a form the claims of a request object.
func inside(form url.Values) func(map[string]any, *gojose.SignerOptions) {
	return func(claims map[string]any, _ *gojose.SignerOptions) {
		for name := range request("x") {
			delete(claims, name)
		}
		for name := range form {
			claims[name] = form.Get(name)
		}
	}
}
