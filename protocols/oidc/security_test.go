package oidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// nothing checks that no code, token or sign-on came of what happened since an event.
func (w *world) nothing(t *testing.T, after int64) {
	t.Helper()
	for _, e := range w.events(after) {
		if slices.Contains([]ledger.Kind{ledger.Issued, ledger.TokenIssued, ledger.TokenRefreshed, ledger.TokenExchanged, ledger.ClientTokenIssued, ledger.SignedIn, ledger.SessionEnded}, e.Kind) {
			t.Errorf("%s was recorded", e.Kind)
		}
	}
}

// page expects a page without a redirect, and a reason in the record.
func (w *world) page(t *testing.T, what string, got reply, after int64, reason string) {
	t.Helper()
	if got.status != http.StatusBadRequest || got.to != nil || strings.Contains(got.body, "code=") {
		t.Errorf("%s: %d, redirects to %v", what, got.status, got.to)
	}
	if r := w.reason(); r != reason {
		t.Errorf("%s: recorded as %s, want %s", what, r, reason)
	}
	w.nothing(t, after)
}

// back expects an error at the client's address, with state and iss, and a reason in the record.
func (w *world) back(t *testing.T, what string, got reply, after int64, code, reason string) {
	t.Helper()
	if got.status != http.StatusSeeOther || got.to == nil || got.to.Host != "epr.example" {
		t.Errorf("%s: %d %v", what, got.status, got.to)
		return
	}
	if said := w.answer(got); said.Get("error") != code || said.Has("code") || said.Has("id_token") || said.Has("access_token") || said.Get("iss") != issuer {
		t.Errorf("%s: answer %v, want %s", what, got.to, code)
	}
	if r := w.reason(); r != reason {
		t.Errorf("%s: recorded as %s, want %s", what, r, reason)
	}
	w.nothing(t, after)
}

// denied expects an OAuth error as JSON, and a reason in the record.
func (w *world) denied(t *testing.T, what string, got reply, after int64, status int, code, reason string) {
	t.Helper()
	if got.status != status || !strings.Contains(got.body, `"error":"`+code+`"`) || strings.Contains(got.body, `"access_token"`) {
		t.Errorf("%s: %d %s, want %d %s", what, got.status, got.body, status, code)
	}
	if got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s: may be cached", what)
	}
	if r := w.reason(); r != reason {
		t.Errorf("%s: recorded as %s, want %s", what, r, reason)
	}
	w.nothing(t, after)
}

// wrong is one bad authorization request: pairs of changed parameters, and what answers them.
type wrong struct {
	name         string
	pairs        []string
	code, reason string // code empty: a page
}

func (w *world) tryAll(t *testing.T, b *browser, client string, cases ...wrong) {
	t.Helper()
	for _, c := range cases {
		after := w.lastSeq()
		got := b.authorize(client, c.pairs...)
		if c.code == "" {
			w.page(t, c.name, got, after, c.reason)
		} else {
			w.back(t, c.name, got, after, c.code, c.reason)
		}
	}
}

// TestSecurity holds the rows of the attack list that this room answers, by their numbers.
func TestSecurity(t *testing.T) {
	addressRows(t)
	parameterRows(t)
	pushedRows(t)
	objectRows(t)
	sessionRows(t)
	answerRows(t)
	grantRows(t)
	exchangeRows(t)
	clientRows(t)
	assertionRows(t)
	headerRows(t)
	keyRows(t)
	bindingRows(t)
	proofRows(t)
	logoutRows(t)
	frontRows(t)
}

// addressRows are about where an answer may go.
func addressRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	try := func(t *testing.T, client string, cases ...wrong) { t.Helper(); w.tryAll(t, b, client, cases...) }
	t.Run("149", func(t *testing.T) {
		var cases []wrong
		for _, uri := range []string{
			"https://epr.example/cb", callback + "&a=b", callback + "/", "https://epr.example/cb/x?tenant=1", "https://EPR.example/cb?tenant=1",
			"https://epr.example@evil.example/cb?tenant=1", callback + "%0d%0aX: y", callback + "\r\nX: y", callback + "#", callback + "#x",
			"https://epr。example/cb?tenant=1", "https://epr.example:444/cb?tenant=1", "https://epr.example:443/cb?tenant=1", "javascript:alert(1)", "//evil.example",
		} {
			cases = append(cases, wrong{uri, []string{"redirect_uri", uri}, "", "bad_reply_address"})
		}
		try(t, "basic", cases...)
	})
	t.Run("150", func(t *testing.T) {
		try(t, "basic", wrong{"loopback", []string{"redirect_uri", "http://127.0.0.1:1234/cb"}, "", "bad_reply_address"})
		w.change("public", func(p *trustPartner) { p.OIDC.RedirectURIs = []string{callback, "http://127.0.0.1/cb"} })
		try(t, "public", wrong{"loopback registered for the web", []string{"redirect_uri", "http://127.0.0.1:1234/cb"}, "", "bad_reply_address"})
		w.change("public", func(p *trustPartner) { p.OIDC.Native = true })
		if got := b.authorize("public", "redirect_uri", "http://127.0.0.1:1234/cb"); got.query("code") == "" || got.to.Host != "127.0.0.1:1234" {
			t.Errorf("an app on a device: %d %v", got.status, got.to)
		}
		try(t, "public", wrong{"another path", []string{"redirect_uri", "http://127.0.0.1:1234/cb/x"}, "", "bad_reply_address"})
	})
	t.Run("151", func(t *testing.T) {
		try(t, "basic", wrong{"no redirect URI", []string{"redirect_uri", ""}, "", "bad_reply_address"})
	})
	t.Run("152", func(t *testing.T) {
		for _, name := range []string{"client_id", "redirect_uri", "state", "scope", "nonce", "invented"} {
			after := w.lastSeq()
			q := request("basic")
			q.Add(name, "x")
			q.Add(name, "y")
			w.page(t, name, b.get(authorizePath+"?"+q.Encode()), after, "duplicate_parameter")
		}
		after := w.lastSeq()
		w.page(t, "semicolon", b.get(authorizePath+"?"+request("basic").Encode()+";a=b"), after, "bad_encoding")
		after = w.lastSeq()
		w.page(t, "escape", b.get(authorizePath+"?"+request("basic").Encode()+"&a=%zz"), after, "bad_encoding")
	})
	t.Run("163", func(t *testing.T) {
		after := w.lastSeq()
		w.page(t, "unknown client", b.authorize("stranger", "prompt", "none", "scope", "nothing"), after, "unknown_partner")
		w.change("plain", func(p *trustPartner) { p.Stage = "suspended" })
		after = w.lastSeq()
		if got := b.authorize("plain"); got.status != http.StatusForbidden || got.to != nil || w.reason() != "partner_suspended" {
			t.Errorf("suspended client: %d %v %s", got.status, got.to, w.reason())
		}
		w.nothing(t, after)
	})
}

// parameterRows are about what a request may ask.
func parameterRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	try := func(t *testing.T, client string, cases ...wrong) { t.Helper(); w.tryAll(t, b, client, cases...) }
	t.Run("153", func(t *testing.T) {
		try(t, "basic",
			wrong{"none", []string{"response_type", ""}, "invalid_request", "no_response_type"},
			wrong{"token", []string{"response_type", "token"}, "unsupported_response_type", "unsupported_response_type"},
			wrong{"hybrid", []string{"response_type", "code id_token"}, "unsupported_response_type", "unsupported_response_type"},
			wrong{"implicit", []string{"response_type", "id_token token"}, "unsupported_response_type", "unsupported_response_type"},
			wrong{"unknown", []string{"response_type", "CODE"}, "unsupported_response_type", "unsupported_response_type"},
		)
	})
	t.Run("154", func(t *testing.T) {
		for _, mode := range []string{"fragment", "fragment.jwt", "web_message", "id_token", "Query", "JWT"} {
			try(t, "basic", wrong{mode, []string{"response_mode", mode}, "invalid_request", "unsupported_binding"})
		}
		front := newFront(t)
		fb := front.browser()
		fb.code("basic")
		for _, kind := range []string{"id_token", "id_token token", "code id_token"} {
			for _, mode := range []string{"query", "query.jwt", "web_message"} {
				front.tryAll(t, fb, "basic", wrong{kind + " by " + mode, []string{"response_type", kind, "response_mode", mode}, "invalid_request", "unsupported_binding"})
			}
		}
	})
	t.Run("155", func(t *testing.T) {
		try(t, "basic",
			wrong{"no PKCE", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request", "pkce_required"},
			wrong{"plain", []string{"code_challenge_method", "plain"}, "invalid_request", "pkce_method"},
			wrong{"method missing", []string{"code_challenge_method", ""}, "invalid_request", "pkce_method"},
			wrong{"challenge missing", []string{"code_challenge", ""}, "invalid_request", "pkce_challenge"},
			wrong{"42", []string{"code_challenge", strings.Repeat("a", 42)}, "invalid_request", "pkce_challenge"},
			wrong{"129", []string{"code_challenge", strings.Repeat("a", 129)}, "invalid_request", "pkce_challenge"},
			wrong{"alphabet", []string{"code_challenge", strings.Repeat("a", 42) + "+"}, "invalid_request", "pkce_challenge"},
		)
		try(t, "public", wrong{"public", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request", "pkce_required"})
	})
	t.Run("159", func(t *testing.T) {
		try(t, "basic",
			wrong{"large", []string{"claims", `{"id_token":{"x":"` + strings.Repeat("a", 5000) + `"}}`}, "invalid_request", "claims"},
			wrong{"not JSON", []string{"claims", `{"id_token":`}, "invalid_request", "claims"},
			wrong{"other person", []string{"prompt", "none", "claims", `{"id_token":{"sub":{"value":"999999999999"}}}`}, "login_required", "not_authenticated"},
		)
	})
	t.Run("169", func(t *testing.T) {
		try(t, "basic",
			wrong{"request_uri", []string{"request_uri", "https://169.254.169.254/x"}, "request_uri_not_supported", "request_uri_not_supported"},
			wrong{"request_uri of the client's own", []string{"request_uri", "https://epr.example/request.jwt"}, "request_uri_not_supported", "request_uri_not_supported"},
			wrong{"request_uri of another urn", []string{"request_uri", "urn:example:x"}, "request_uri_not_supported", "request_uri_not_supported"},
			wrong{"registration", []string{"registration", "{}"}, "registration_not_supported", "registration_not_supported"},
		)
	})
}

// sessionRows are about who is signed in, and how.
func sessionRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	try := func(t *testing.T, client string, cases ...wrong) { t.Helper(); w.tryAll(t, b, client, cases...) }
	t.Run("157", func(t *testing.T) {
		w.tryAll(t, w.browser(), "basic", wrong{"nobody", []string{"prompt", "none"}, "login_required", "not_authenticated"})
		try(t, "basic",
			wrong{"none login", []string{"prompt", "none login"}, "invalid_request", "prompt"},
			wrong{"unknown", []string{"prompt", "whenever"}, "invalid_request", "prompt"},
			wrong{"a role to choose", []string{"prompt", "none", "scope", "openid selectedrole"}, "interaction_required", "interaction_required"},
		)
	})
	t.Run("158", func(t *testing.T) { w.hints(t, b) })
	t.Run("160", func(t *testing.T) {
		try(t, "basic",
			wrong{"essential, never met", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["AAL1_USERPASS","AAL3_N3_SMARTCARD"]}}}`}, "unmet_authentication_requirements", "assurance_too_low"},
			wrong{"essential", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["AAL2_TOTP"]}}}`}, "unmet_authentication_requirements", "assurance_too_low"},
			wrong{"other method, passively", []string{"acr_values", "AAL3_FIDO2", "prompt", "none"}, "login_required", "not_authenticated"},
		)
		after := w.lastSeq()
		fresh := w.browser() // signs in with a card although a key was asked for
		got := fresh.authorize("basic", "acr_values", "AAL3_FIDO2")
		if got.query("error") != "unmet_authentication_requirements" || got.query("code") != "" {
			t.Errorf("other method: %v", got.to)
		}
		for _, e := range w.events(after) {
			if e.Kind == ledger.Issued {
				t.Error("something was issued")
			}
		}
	})
	t.Run("173", func(t *testing.T) { w.foreignFlow(t) })
	t.Run("210", func(t *testing.T) { w.reload(t) })
}

// answerRows are about how an answer is sent, and what its code is worth.
func answerRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	t.Run("161", func(t *testing.T) {
		if got := b.authorize("basic"); got.query("iss") != issuer {
			t.Errorf("iss %v", got.to)
		}
		if got := b.authorize("basic", "prompt", "x"); got.query("iss") != issuer || got.query("state") != "st&1" {
			t.Errorf("iss of an error %v", got.to)
		}
	})
	t.Run("164", func(t *testing.T) {
		if got := b.authorize("basic"); got.status != http.StatusSeeOther {
			t.Errorf("redirects with %d", got.status)
		}
		if got := b.submit(authorizePath, request("basic")); got.status != http.StatusSeeOther {
			t.Errorf("redirects a POST with %d", got.status)
		}
	})
	t.Run("165", func(t *testing.T) {
		for _, got := range []reply{b.authorize("basic", "redirect_uri", "x"), b.authorize("basic", "response_mode", "form_post"), b.get(logoutPath)} {
			if !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || got.header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("may be framed: %v", got.header)
			}
		}
	})
	t.Run("166", func(t *testing.T) {
		if got := b.authorize("basic"); got.header.Get("Referrer-Policy") != "no-referrer" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", got.header)
		}
	})
	t.Run("156", func(t *testing.T) {
		for what, pairs := range map[string][]string{
			"no verifier": {"code_verifier", ""}, "wrong verifier": {"code_verifier", strings.Repeat("a", 43)}, "short verifier": {"code_verifier", "abc"},
			"long verifier": {"code_verifier", strings.Repeat("a", 129)},
		} {
			code := b.code("basic")
			after := w.lastSeq()
			w.denied(t, what, w.redeem("basic", code, pairs...), after, 400, "invalid_grant", "pkce_verifier")
			w.denied(t, what+", then the right one", w.redeem("basic", code), after, 400, "invalid_grant", "grant_spent")
		}
		code := b.code("old", "code_challenge", "", "code_challenge_method", "")
		after := w.lastSeq()
		w.denied(t, "verifier without challenge", w.redeem("old", code), after, 400, "invalid_grant", "pkce_downgrade")
		code = b.code("old", "code_challenge", "", "code_challenge_method", "")
		w.tokens(w.redeem("old", code, "code_verifier", ""))
	})
	t.Run("162", func(t *testing.T) {
		code := b.code("basic")
		after := w.lastSeq()
		w.denied(t, "other client", w.redeem("post", code), after, 400, "invalid_grant", "code_client")
		w.denied(t, "then its own", w.redeem("basic", code), after, 400, "invalid_grant", "grant_spent")
		code = b.code("basic")
		after = w.lastSeq()
		w.denied(t, "other redirect URI", w.redeem("basic", code, "redirect_uri", "https://epr.example/cb"), after, 400, "invalid_grant", "code_redirect")
		code = b.code("basic")
		after = w.lastSeq()
		w.denied(t, "no redirect URI", w.redeem("basic", code, "redirect_uri", ""), after, 400, "invalid_grant", "code_redirect")
	})
}

// grantRows are about codes and tokens.
func grantRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	t.Run("174", func(t *testing.T) { w.parallelCodes(t, b) })
	t.Run("175", func(t *testing.T) {
		code := b.code("basic")
		w.advance(61 * time.Second)
		after := w.lastSeq()
		w.denied(t, "late", w.redeem("basic", code), after, 400, "invalid_grant", "code_expired")
	})
	t.Run("176", func(t *testing.T) { w.refreshReuse(t, b) })
	t.Run("177", func(t *testing.T) {
		grantFollowsRegistry(t)
		set := w.tokens(w.redeem("basic", b.code("basic")))
		after := w.lastSeq()
		w.denied(t, "wider", w.refresh("basic", set.Refresh, "scope", "openid email"), after, 400, "invalid_scope", "invalid_scope")
		w.denied(t, "other client", w.refresh("post", set.Refresh), after, 400, "invalid_grant", "refresh_client")
		code := b.code("basic")
		after = w.lastSeq()
		w.denied(t, "a code as refresh token", w.refresh("basic", code), after, 400, "invalid_grant", "refresh_unknown")
	})
	t.Run("189", func(t *testing.T) {
		set := w.tokens(w.redeem("basic", b.code("basic")))
		after := w.lastSeq()
		for what, token := range map[string]string{"ID token": set.ID, "refresh token": set.Refresh, "nonsense": "x", "empty": ""} {
			if got := w.userinfo(token); got.status != http.StatusUnauthorized || !strings.Contains(got.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
				t.Errorf("%s: %d %v", what, got.status, got.header)
			}
		}
		if got := b.get(userinfoPath + "?access_token=" + set.Access); got.status != http.StatusUnauthorized || w.reason() != "no_token" || strings.Contains(got.header.Get("WWW-Authenticate"), "error") {
			t.Errorf("token in the query: %d %s", got.status, w.reason())
		}
		w.nothing(t, after)
	})
	t.Run("190", func(t *testing.T) {
		set := w.tokens(w.redeem("basic", b.code("basic")))
		if got := w.call(introspectPath, "post", url.Values{"token": {set.Access}}); got.body != `{"active":false}` {
			t.Errorf("introspection by another client: %s", got.body)
		}
		after := w.lastSeq()
		w.denied(t, "introspection without authentication", w.call(introspectPath, "public", url.Values{"token": {set.Access}}), after, 401, "invalid_client", "auth_method")
		if got := w.call(revokePath, "post", url.Values{"token": {set.Refresh}}); got.status != http.StatusOK {
			t.Errorf("revocation by another client: %d", got.status)
		}
		if w.userinfo(set.Access).status != http.StatusOK {
			t.Error("another client revoked the token")
		}
	})
	t.Run("191", func(t *testing.T) {
		iss := bridge.Issuance{Attributes: []bridge.Attribute{
			{Name: "sub", Values: []any{"evil"}}, {Name: "iss", Values: []any{"evil"}}, {Name: "acr", Values: []any{"evil"}}, {Name: "aud", Values: []any{"evil"}},
			{Name: "one", Values: []any{"a"}, List: true}, {Name: "many", Values: []any{"a", "b"}}, {Name: "plain", Values: []any{"7"}}, {Name: "empty", List: true},
		}}
		got := w.p.userinfoClaims(iss, &grant{Subject: "the-subject", Scopes: []string{"openid"}})
		if got["sub"] != "the-subject" || got["iss"] != nil || got["acr"] != nil || got["aud"] != nil || got["empty"] != nil || got["plain"] != "7" {
			t.Errorf("claims %v", got)
		}
		if _, list := got["one"].([]any); !list {
			t.Errorf("a list of one became %T", got["one"])
		}
	})
}

// foreignFlow: a sign-on begun in one browser is of no use in another (login CSRF).
func (w *world) foreignFlow(t *testing.T) {
	attacker, victim := w.browser(), w.browser()
	attacker.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	victim.code("basic")
	got := attacker.authorize("basic")
	got = attacker.get(got.to.RequestURI())
	after := w.lastSeq()
	w.page(t, "resume in another browser", victim.get(got.to.RequestURI()), after, "other_browser")
}

func (w *world) parallelCodes(t *testing.T, b *browser) {
	for _, client := range []string{"basic", "jwt"} {
		code := b.code(client)
		var wg sync.WaitGroup
		got := make([]reply, 50)
		for i := range got {
			wg.Go(func() { got[i] = w.redeem(client, code) })
		}
		wg.Wait()
		good := 0
		var set tokenSet
		for _, g := range got {
			if g.status == http.StatusOK {
				good, set = good+1, w.tokens(g)
			} else if g.status != 400 || !strings.Contains(g.body, "invalid_grant") {
				t.Errorf("%s: %d %s", client, g.status, g.body)
			}
		}
		if good != 1 {
			t.Fatalf("%s: %d of 50 redemptions succeeded", client, good)
		}
		if w.userinfo(set.Access).status != http.StatusUnauthorized || w.refresh(client, set.Refresh).status != 400 {
			t.Errorf("%s: the tokens of a code used twice live", client)
		}
	}
}

func (w *world) refreshReuse(t *testing.T, b *browser) {
	first := w.tokens(w.redeem("basic", b.code("basic")))
	second := w.tokens(w.refresh("basic", first.Refresh))
	w.advance(refreshGrace)
	after := w.lastSeq()
	w.denied(t, "reuse", w.refresh("basic", first.Refresh), after, 400, "invalid_grant", "grant_spent")
	w.denied(t, "the family", w.refresh("basic", second.Refresh), after, 400, "invalid_grant", "grant_ended")
	if w.userinfo(second.Access).status != http.StatusUnauthorized {
		t.Error("the family's access token lives")
	}
	set := w.tokens(w.redeem("basic", b.code("basic")))
	var wg sync.WaitGroup
	good := make([]bool, 20)
	for i := range good {
		wg.Go(func() { good[i] = w.refresh("basic", set.Refresh).status == http.StatusOK })
	}
	wg.Wait()
	n := 0
	for _, g := range good {
		if g {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d of 20 parallel refreshes succeeded", n)
	}
}

func (w *world) hints(t *testing.T, b *browser) {
	for _, age := range []string{"-1", "abc", "1.5", "99999999999999999999", "+5", "0x10"} {
		after := w.lastSeq()
		q := request("basic")
		q.Set("max_age", age)
		w.back(t, "max_age="+age, b.get(authorizePath+"?"+q.Encode()), after, "invalid_request", "max_age")
	}
	set := w.tokens(w.redeem("basic", b.code("basic")))
	head, rest, _ := strings.Cut(set.ID, ".")
	payload, _, _ := strings.Cut(rest, ".")
	none := b64.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	w.tryAll(t, b, "basic",
		wrong{"alg none", []string{"id_token_hint", none + "." + payload + "."}, "invalid_request", "id_token_hint"},
		wrong{"no signature", []string{"id_token_hint", head + "." + payload + "."}, "invalid_request", "id_token_hint"},
		wrong{"nonsense", []string{"id_token_hint", "x"}, "invalid_request", "id_token_hint"},
		wrong{"passive with max_age=0", []string{"prompt", "none", "max_age", "0"}, "login_required", "not_authenticated"},
		wrong{"hint and claims name two people", []string{"id_token_hint", set.ID, "claims", `{"id_token":{"sub":{"value":"555254240200"}}}`}, "login_required", "unknown_subject"},
	)
	w.tryAll(t, b, "post", wrong{"hint of another client", []string{"id_token_hint", set.ID}, "invalid_request", "id_token_hint"})
	w.uid = clerk
	defer func() { w.uid = nurse }()
	other := w.browser()
	other.code("basic")
	w.tryAll(t, other, "basic", wrong{"hint of another person", []string{"prompt", "none", "id_token_hint", set.ID}, "login_required", "not_authenticated"})
	w.uid = nurse
	w.advance(11 * time.Minute) // the hint has expired; the session has not
	if got := b.authorize("basic", "prompt", "none", "id_token_hint", set.ID); got.query("code") == "" {
		t.Errorf("expired hint of ours: %v", got.to)
	}
}

// reload: a sign-on that is over stays over.
func (w *world) reload(t *testing.T) {
	fresh := w.browser()
	fresh.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got := fresh.authorize("basic")
	got = fresh.get(got.to.RequestURI()) // the sign-in page, which goes to resume
	resume := got.to.RequestURI()
	if got := fresh.get(resume); got.query("code") == "" {
		t.Fatalf("resume: %v", got.to)
	}
	after := w.lastSeq()
	w.page(t, "reload of a finished sign-on", fresh.get(resume), after, "transaction_spent")
	w.page(t, "forged step", fresh.get(resume[:len(resume)-4]+"AAAA"), after, "step_mac")
}
