package oidc

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestAuthorizationAtItsLimits lists parameters at the value where the answer turns; want "" is good. Of a refusal it says
// whether the reply address was proven.
func TestAuthorizationAtItsLimits(t *testing.T) {
	w := newWorld(t)
	hint := w.tokens(w.redeem("basic", w.browser().code("basic"))).ID
	long := func(n int) string { return strings.Repeat("a", n) }
	claims := func(n int) string { return `{"x":"` + long(n-len(`{"x":""}`)) + `"}` }
	for name, c := range map[string]struct {
		client string
		pairs  []string
		want   string
		page   bool
	}{
		"good":                      {"basic", nil, "", false},
		"no client":                 {"basic", []string{"client_id", ""}, "unknown_partner", true},
		"unknown client":            {"nobody", nil, "unknown_partner", true},
		"no redirect URI":           {"basic", []string{"redirect_uri", ""}, "bad_reply_address", true},
		"longest state":             {"basic", []string{"state", long(maxState)}, "", false},
		"too long a state":          {"basic", []string{"state", long(maxState + 1)}, "bad_request", false},
		"longest nonce":             {"basic", []string{"nonce", long(maxNonce)}, "", false},
		"too long a nonce":          {"basic", []string{"nonce", long(maxNonce + 1)}, "bad_request", false},
		"mode":                      {"basic", []string{"response_mode", "fragment"}, "unsupported_binding", false},
		"scope twice":               {"basic", []string{"scope", "openid profile profile"}, "", false},
		"unknown scope":             {"basic", []string{"scope", "openid banana"}, "", false},
		"scope of another client":   {"plain", []string{"scope", "openid profile"}, codeInvalidScope, false},
		"no openid":                 {"basic", []string{"scope", "profile"}, codeInvalidScope, false},
		"no challenge":              {"basic", []string{"code_challenge", "", "code_challenge_method", ""}, "pkce_required", false},
		"no challenge, not needed":  {"old", []string{"code_challenge", "", "code_challenge_method", ""}, "", false},
		"no challenge, public":      {"public", []string{"code_challenge", "", "code_challenge_method", ""}, "pkce_required", false},
		"method alone":              {"old", []string{"code_challenge", ""}, "pkce_challenge", false},
		"challenge alone":           {"old", []string{"code_challenge_method", ""}, "pkce_method", false},
		"plain":                     {"basic", []string{"code_challenge_method", "plain"}, "pkce_method", false},
		"shortest challenge":        {"basic", []string{"code_challenge", long(43)}, "", false},
		"too short a challenge":     {"basic", []string{"code_challenge", long(42)}, "pkce_challenge", false},
		"longest challenge":         {"basic", []string{"code_challenge", long(128)}, "", false},
		"too long a challenge":      {"basic", []string{"code_challenge", long(129)}, "pkce_challenge", false},
		"every kind of character":   {"basic", []string{"code_challenge", "azAZ09-._~" + long(40)}, "", false},
		"prompt of two":             {"basic", []string{"prompt", "login consent"}, "", false},
		"none and another":          {"basic", []string{"prompt", "login none"}, "prompt", false},
		"unknown prompt":            {"basic", []string{"prompt", "create"}, "prompt", false},
		"age 0":                     {"basic", []string{"max_age", "0"}, "", false},
		"negative age":              {"basic", []string{"max_age", "-1"}, "max_age", false},
		"largest age":               {"basic", []string{"max_age", "2147483647"}, "", false},
		"too large an age":          {"basic", []string{"max_age", "2147483648"}, "max_age", false},
		"longest claims":            {"basic", []string{"claims", claims(maxClaims)}, "", false},
		"too long claims":           {"basic", []string{"claims", claims(maxClaims + 1)}, "claims", false},
		"claims that are no object": {"basic", []string{"claims", "[]"}, "claims", false},
		"essential acr, unknown":    {"basic", []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"x"}}}`}, "assurance_too_low", false},
		"one of the essential acrs": {"basic", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["x","AAL3_ANY"]}}}`}, "", false},
		"voluntary acr, unknown":    {"basic", []string{"claims", `{"id_token":{"acr":{"value":"x"}}}`}, "", false},
		"essential before asked":    {"basic", []string{"acr_values", "AAL3_ANY", "claims", `{"id_token":{"acr":{"essential":true,"value":"x"}}}`}, "assurance_too_low", false},
		"acr_values, unknown":       {"basic", []string{"acr_values", "x y"}, "", false},
		"hint":                      {"basic", []string{"id_token_hint", hint}, "", false},
		"hint of another client":    {"post", []string{"id_token_hint", hint}, "id_token_hint", false},
		"hint that is no token":     {"basic", []string{"id_token_hint", "x"}, "id_token_hint", false},
		"hint and another subject":  {"basic", []string{"id_token_hint", hint, "claims", `{"id_token":{"sub":{"value":"x"}}}`}, "unknown_subject", false},
		"request object":            {"basic", []string{"request", "x"}, codeBadObject, false},
		"request by reference":      {"basic", []string{"request_uri", "https://x.example/"}, codeRequestURI, false},
		"hints and tastes":          {"basic", []string{"login_hint", "nobody@rx1.example", "ui_locales", "fr xx", "claims_locales", "??", "display", "wap", "invented", "x"}, "", false},
		"no response type":          {"basic", []string{"response_type", ""}, "no_response_type", false},
		"hybrid flow":               {"basic", []string{"response_type", "code id_token"}, codeResponseType, false},
	} {
		t.Run(name, func(t *testing.T) {
			a, provenly, why := w.p.understand(t.Context(), request(c.client, c.pairs...))
			got := ""
			if why != nil {
				got = why.AuditCode()
			}
			if got != c.want || provenly == c.page {
				t.Errorf("%q, address proven %v, want %q", got, provenly, c.want)
			}
			if name == "too long a state" && a.State != "" {
				t.Error("it would be echoed")
			}
			if name == "scope twice" && len(a.Scopes) != 2 {
				t.Errorf("scopes %v", a.Scopes)
			}
		})
	}
	w.p.pkce = true
	if _, _, why := w.p.understand(t.Context(), request("old", "code_challenge", "", "code_challenge_method", "")); why == nil || why.AuditCode() != "pkce_required" {
		t.Errorf("where all must use PKCE: %v", why)
	}
	for c := range 128 {
		s := string(rune(c))
		want := strings.Contains("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~", s)
		if got := unreserved(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// TestClaimsAreTyped: lists stay lists, one value is printed alone, and what a scope did not ask for is not printed.
func TestClaimsAreTyped(t *testing.T) {
	w := newWorld(t)
	iss := bridge.Issuance{Attributes: []bridge.Attribute{
		{Name: "one", Values: []any{"a"}}, {Name: "many", Values: []any{"a", "b"}}, {Name: "list", Values: []any{"a"}, List: true}, {Name: "none"},
		{Name: "number", Values: []any{int64(3)}}, {Name: "sub", Values: []any{"evil"}}, {Name: "email", Values: []any{"a@b"}}, {Name: claimSelectedRole, Values: []any{roleOne}},
	}}
	got := w.p.userinfoClaims(iss, &grant{Subject: "s", Scopes: []string{scopeOpenID}})
	if got["sub"] != "s" || got["one"] != "a" || got["number"] != int64(3) || len(got) != 5 {
		t.Errorf("claims %v", got)
	}
	for name, want := range map[string]int{"many": 2, "list": 1} {
		if list, ok := got[name].([]any); !ok || len(list) != want {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if got := w.p.userinfoClaims(iss, &grant{Subject: "s", Scopes: []string{scopeOpenID, "email"}}); got["email"] != "a@b" {
		t.Errorf("claims %v", got)
	}
	for name, c := range map[string]struct {
		values []any
		scopes []string
		want   string
	}{
		"asked": {[]any{roleOne}, []string{scopeOpenID, scopeSelectedRole}, roleOne}, "changed": {[]any{roleOne}, []string{scopeOpenID, scopeChangedRole}, roleOne},
		"not asked": {[]any{roleOne}, []string{scopeOpenID}, ""}, "two": {[]any{roleOne, roleTwo}, []string{scopeSelectedRole}, ""}, "not released": {nil, []string{scopeSelectedRole}, ""},
		"not text": {[]any{int64(1)}, []string{scopeSelectedRole}, ""},
	} {
		iss := bridge.Issuance{Attributes: []bridge.Attribute{{Name: claimSelectedRole, Values: c.values}}}
		if got := selectedRole(iss, c.scopes); got != c.want {
			t.Errorf("role, %s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhereASignOutLeads(t *testing.T) {
	c := &client{terms: &trust.OIDCTerms{PostLogoutRedirectURIs: []string{landing, landing + "?a=1"}}}
	for name, tc := range map[string]struct {
		client        *client
		target, state string
		want          string
		refused       bool
	}{
		"nowhere": {c, "", "s", "", false}, "registered": {c, landing, "", landing, false}, "with state": {c, landing, "a b", landing + "?state=a+b", false},
		"with a query": {c, landing + "?a=1", "s", landing + "?a=1&state=s", false}, "not registered": {c, landing + "/", "", "", true}, "no client": {nil, landing, "", "", true},
		"longest state": {c, landing, strings.Repeat("s", maxState), landing + "?state=" + strings.Repeat("s", maxState), false}, "too long a state": {c, landing, strings.Repeat("s", maxState+1), "", true},
	} {
		got, why := signOut{client: tc.client, form: url.Values{"post_logout_redirect_uri": {tc.target}, "state": {tc.state}}}.destination()
		if got != tc.want || (why != nil) != tc.refused {
			t.Errorf("%s: %.60q, %v", name, got, why)
		}
	}
}

// TestSessionThatASignOutFinds: an idle session is still one that can be ended; an ended one, or a store that fails, is not.
func TestSessionThatASignOutFinds(t *testing.T) {
	w := newWorld(t)
	ask := func(secret string) (bridge.Session, error) {
		return w.p.sessionHere(httptest.NewRequest("GET", issuer+"/", nil), bridge.Browser{Session: secret})
	}
	s := bridge.Session{ID: "s", Key: bridge.Key("secret"), UID: nurse, Started: w.clock(), Seen: w.clock()}
	must(t, w.store.Commit(t.Context(), bridge.SaveSession{Session: s}))
	for secret, want := range map[string]string{"secret": "s", "": "", "guess": ""} {
		if got, err := ask(secret); err != nil || got.ID != want {
			t.Errorf("%q: %+v, %v", secret, got, err)
		}
	}
	_, err := w.store.EndSession(t.Context(), "s", bridge.Ending{Logout: "logout", At: w.clock()})
	must(t, err)
	if got, err := ask("secret"); err != nil || got.ID != "" {
		t.Errorf("an ended session: %+v, %v", got, err)
	}
}
