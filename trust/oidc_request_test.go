package trust

import (
	"strings"
	"testing"
	"time"
)

// TestRequestTerms lists what the terms may say about authorization requests; want "" is good.
func TestRequestTerms(t *testing.T) {
	keys := "auth: private_key_jwt, jwks: '{}', redirect_uris: [https://epr.example/cb], "
	for name, tc := range map[string]struct{ section, want string }{
		"pushed":                        {keys + "par: true", ""},
		"pushed or not":                 {keys + "par: maybe", "maybe"},
		"signed":                        {keys + "request_object: required, request_object_alg: ES384", ""},
		"signed or not":                 {keys + "request_object: optional", ""},
		"signed by chance":              {keys + "request_object: sometimes", "oidc.request_object"},
		"signed with a secret":          {keys + "request_object_alg: HS256", "oidc.request_object_alg"},
		"signed with nothing":           {keys + "request_object_alg: none", "oidc.request_object_alg"},
		"signed, FAPI":                  {"profile: fapi2, " + keys + "request_object_alg: PS256", ""},
		"signed too weakly for FAPI":    {"profile: fapi2, " + keys + "request_object_alg: RS256", "fapi2"},
		"signed without a key":          {"auth: none, redirect_uris: [https://epr.example/cb], request_object: required", "oidc.jwks"},
		"signed with keys from outside": {"auth: private_key_jwt, jwks_uri: https://epr.example/jwks, redirect_uris: [https://epr.example/cb], request_object: required", ""},
		"every mode":                    {keys + "response_modes: [query, form_post, fragment, jwt, query.jwt, form_post.jwt, fragment.jwt]", ""},
		"a mode nobody knows":           {keys + "response_modes: [query, web_message]", "oidc.response_modes"},
		"answers signed":                {keys + "response_alg: RS256", ""},
		"answers signed with nothing":   {keys + "response_alg: none", "oidc.response_alg"},
		"age":                           {keys + "default_max_age: 5m", ""},
		"no age":                        {keys + "default_max_age: 0s", ""},
		"age without a unit":            {keys + "default_max_age: 300", "unit"},
		"prompt":                        {keys + "default_prompt: login", ""},
		"prompt that answers nobody":    {keys + "default_prompt: none", "oidc.default_prompt"},
		"by reference":                  {keys + "request_uris: ['https://epr.example/r', 'https://epr.example/r#" + strings.Repeat("A", 43) + "']", ""},
		"by reference, keys fetched":    {"auth: private_key_jwt, jwks_uri: https://epr.example/jwks, redirect_uris: [https://epr.example/cb], request_uris: ['https://epr.example/r']", ""},
		"by reference, without TLS":     {keys + "request_uris: ['http://epr.example/r']", "https"},
		"by reference, of a file":       {keys + "request_uris: ['file:///etc/passwd']", "absolute URL"},
		"by reference, with a user":     {keys + "request_uris: ['https://a@epr.example/r']", "without user"},
		"by reference, long":            {keys + "request_uris: ['https://epr.example/" + strings.Repeat("r", 500) + "']", "512 characters"},
		"by reference, many":            {keys + "request_uris: [" + strings.Repeat("'https://epr.example/r', ", 20) + "'https://epr.example/r']", "more than 20"},
		"by reference, and pushed":      {keys + "par: true, request_uris: ['https://epr.example/r']", "push"},
		"by reference, FAPI":            {"profile: fapi2, " + keys + "request_uris: ['https://epr.example/r']", "push"},
		"by reference, without a key":   {"auth: none, redirect_uris: [https://epr.example/cb], request_uris: ['https://epr.example/r']", "oidc.jwks"},
		"frames":                        {keys + "frames: true", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := compile(t, strings.Replace(oidcDoc, "auth: none, redirect_uris: [https://epr.example/cb]", tc.section, 1))
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestRequestTermsByDefault(t *testing.T) {
	get := func(section string) RequestTerms {
		t.Helper()
		p, err := compile(t, strings.Replace(oidcDoc, "auth: none, redirect_uris: [https://epr.example/cb]", section, 1))
		if err != nil {
			t.Fatal(err)
		}
		return p.OIDC.Request
	}
	plain := get("auth: none, redirect_uris: [https://epr.example/cb]")
	if plain.Pushed || plain.Signed || plain.Frames || plain.MaxAge != nil || plain.Prompt != "" || plain.ResponseAlgorithm != "ES256" || plain.DefaultMode() != ModeQuery ||
		strings.Join(plain.Modes, " ") != "query form_post jwt query.jwt form_post.jwt" {
		t.Errorf("terms %+v", plain)
	}
	keys := "auth: private_key_jwt, jwks: '{}', redirect_uris: [https://epr.example/cb]"
	if fapi := get("profile: fapi2, " + keys); !fapi.Pushed || fapi.Signed {
		t.Errorf("profile fapi2: %+v", fapi)
	}
	if r := get("id_token_alg: RS256, default_max_age: 0s, response_modes: [jwt, form_post.jwt], " + keys); r.ResponseAlgorithm != "RS256" || r.MaxAge == nil || *r.MaxAge != 0 || r.DefaultMode() != ModeJWT {
		t.Errorf("terms %+v", r)
	}
	if r := get("default_max_age: 5m, response_modes: [form_post, query], " + keys); *r.MaxAge != 5*time.Minute || r.DefaultMode() != ModeQuery {
		t.Errorf("terms %+v", r)
	}
}

// TestAddressesOfApps: an app on a device may be reached on the device, and nobody else may.
func TestAddressesOfApps(t *testing.T) {
	for raw, native := range map[string]bool{
		"http://127.0.0.1/cb": true, "http://127.0.0.1:8080/cb": true, "http://127.0.0.1": true, "http://127.0.0.1?a=b": true, "http://[::1]/cb": true, "http://[::1]:1/cb": true,
		"uk.example.epr:/cb": true, "uk.example.epr://cb/x?a=b": true,
		"http://127.0.0.1:0/cb": false, "http://127.0.0.1:65536/cb": false, "http://127.0.0.1:/cb": false, "http://127.0.0.1:x/cb": false, "http://127.0.0.1/cb#": false, "http://127.0.0.1/cb#x": false,
		"http://127.0.0.1:1@evil.example/cb": false, "http://127.0.0.1@evil.example/cb": false, "http://127.0.0.1.evil.example/cb": false, "http://127.0.0.2/cb": false, "http://localhost/cb": false,
		"HTTP://127.0.0.1/cb": false, "http://[::1].evil.example/cb": false, "http://127.0.0.1\\\\@evil.example/cb": false, "http://evil.example/cb": false,
		"epr:/cb": false, "javascript:alert(1)": false, "uk.example.epr:cb": false, "uk.example.epr:/cb#x": false, "uk.example.epr://me@host/cb": false, "data:text/html,x": false,
	} {
		for _, kind := range []string{"web", "native"} {
			_, err := compile(t, strings.Replace(oidcDoc, "redirect_uris: [https://epr.example/cb]", "type: "+kind+", redirect_uris: [\""+raw+"\"]", 1))
			if want := native && kind == "native"; (err == nil) != want {
				t.Errorf("%s of a %s client: %v", raw, kind, err)
			}
		}
	}
}

// TestRedirectURIOfApps: the port of a loopback address may differ, for apps on a device, and nothing else may.
func TestRedirectURIOfApps(t *testing.T) {
	terms := OIDCTerms{Native: true, RedirectURIs: []string{"http://127.0.0.1/cb?a=b", "http://[::1]:8080/cb", "uk.example.epr:/cb", "https://epr.example/cb"}}
	for uri, want := range map[string]bool{
		"http://127.0.0.1/cb?a=b": true, "http://127.0.0.1:51004/cb?a=b": true, "http://[::1]:9/cb": true, "http://[::1]/cb": true, "uk.example.epr:/cb": true, "https://epr.example/cb": true,
		"http://127.0.0.1:51004/cb": false, "http://127.0.0.1:51004/cb?a=b&c": false, "http://127.0.0.1/CB?a=b": false, "http://[::1]/cb?a=b": false, "http://127.0.0.1:/cb?a=b": false,
		"http://127.0.0.1:99999/cb?a=b": false, "http://localhost:51004/cb?a=b": false, "uk.example.epr:80/cb": false, "https://epr.example:443/cb": false, "https://127.0.0.1/cb?a=b": false,
		"http://127.0.0.1:1@evil.example/cb?a=b": false, "": false,
	} {
		if got := terms.RedirectURI(uri); got != want {
			t.Errorf("%q: %v", uri, got)
		}
		web := terms
		web.Native = false
		if web.RedirectURI(uri) != (want && !strings.Contains(uri, ":51004") && uri != "http://[::1]:9/cb" && uri != "http://[::1]/cb") {
			t.Errorf("%q of a web client", uri)
		}
	}
}
