package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// pushes sends a request to the endpoint for pushing, as its client.
func (w *world) pushes(client string, pairs ...string) reply {
	w.t.Helper()
	return w.call(pushPath, client, request(client, pairs...))
}

// uri is the request URI of a request that was pushed.
func (w *world) uri(got reply) string {
	w.t.Helper()
	var out pushResponse
	if got.status != http.StatusCreated {
		w.t.Fatalf("pushing: %d %s", got.status, got.body)
	}
	must(w.t, json.Unmarshal([]byte(got.body), &out))
	if out.Expires != 90 || !strings.HasPrefix(out.URI, pushedPrefix) || got.header.Get("Cache-Control") != "no-store" {
		w.t.Errorf("answer %s, %v", got.body, got.header)
	}
	return out.URI
}

// bring comes to the authorization endpoint with a request URI, and with pairs beside it.
func (b *browser) bring(client, uri string, pairs ...string) reply {
	q := url.Values{"client_id": {client}, "request_uri": {uri}}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return b.get(authorizePath + "?" + q.Encode())
}

func TestPushedRequest(t *testing.T) {
	w := newWorld(t)
	for _, client := range []string{"basic", "post", "jwt", "public"} {
		uri := w.uri(w.pushes(client))
		b := w.browser()
		// beside a request URI nothing counts but client_id
		got := b.bring(client, uri, "redirect_uri", "https://evil.example/", "state", "other", "scope", "nothing", "nonce", "other", "prompt", "none", "response_mode", "form_post")
		if got.query("state") != "st&1" || got.to.Host != "epr.example" {
			t.Fatalf("%s: %d %v", client, got.status, got.to)
		}
		claims, _ := w.verified(w.tokens(w.redeem(client, got.query("code"))).ID)
		if claims["nonce"] != "n-1" {
			t.Errorf("%s: nonce %v", client, claims["nonce"])
		}
	}
}

// TestPushedRequestIsUsedOnce: until a sign-on is complete the browser may come again, also late; then nobody may.
func TestPushedRequestIsUsedOnce(t *testing.T) {
	w := newWorld(t)
	uri := w.uri(w.pushes("basic"))
	b := w.browser()
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	first := b.bring("basic", uri)
	again := b.bring("basic", uri) // back, and on
	if first.to == nil || again.to == nil || first.to.Path != "/signin" || again.to.Path != "/signin" {
		t.Fatalf("%v, %v", first.to, again.to)
	}
	w.advance(89 * time.Second)
	late := b.bring("basic", uri)
	w.advance(5 * time.Minute) // the request URI has expired meanwhile; the sign-on has not
	resume := b.get(late.to.RequestURI())
	done := b.get(resume.to.RequestURI())
	if done.query("code") == "" {
		t.Fatalf("sign-on: %d %v %s", done.status, done.to, done.body)
	}
	after := w.lastSeq()
	w.page(t, "after it was used", b.bring("basic", uri), after, codeBadRequestURI)
	// the sign-on of the other tab is of no use any more
	resume = b.get(first.to.RequestURI())
	after = w.lastSeq()
	if got := b.get(resume.to.RequestURI()); got.query("code") != "" || got.status != http.StatusBadRequest || w.reason() != "transaction_spent" {
		t.Errorf("the other tab: %d %v %s", got.status, got.to, w.reason())
	}
	if events := w.events(after); len(events) != 1 || events[0].Kind != ledger.Refused {
		t.Errorf("events %v", events)
	}
}

// TestPushedRequestInASession: with a session it is answered at once, once, also when it comes many times at one time.
func TestPushedRequestInASession(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	uri := w.uri(w.pushes("basic"))
	codes := make(chan int, 20)
	for range 20 {
		go func() {
			got := b.bring("basic", uri)
			n := 0
			if got.query("code") != "" {
				n = 1
			}
			codes <- n
		}()
	}
	total := 0
	for range 20 {
		total += <-codes
	}
	if total != 1 {
		t.Errorf("%d of 20 were answered with a code", total)
	}
	uri = w.uri(w.pushes("basic", "prompt", "none", "acr_values", "AAL3_FIDO2"))
	for range 2 { // an error uses nothing up
		if got := b.bring("basic", uri); got.query("error") != "login_required" {
			t.Errorf("an error: %v", got.to)
		}
	}
}

// TestPushing lists what the endpoint for pushing refuses: as JSON, with the code of the authorization endpoint.
func TestPushing(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		pairs  []string
		code   string
		reason string
	}{
		"address not registered":  {[]string{"redirect_uri", "https://evil.example/"}, "invalid_request", "bad_reply_address"},
		"no address":              {[]string{"redirect_uri", ""}, "invalid_request", "bad_reply_address"},
		"request URI":             {[]string{"request_uri", pushedPrefix + "x"}, "invalid_request", "request_uri_pushed"},
		"request URI, and object": {[]string{"request_uri", "https://x.example/", "request", "x"}, "invalid_request", "request_uri_pushed"},
		"response type":           {[]string{"response_type", "token"}, "unsupported_response_type", "unsupported_response_type"},
		"scope":                   {[]string{"scope", "profile"}, "invalid_scope", "invalid_scope"},
		"no challenge":            {[]string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request", "pkce_required"},
		"mode":                    {[]string{"response_mode", "fragment"}, "invalid_request", "unsupported_binding"},
		"acr":                     {[]string{"claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`}, "unmet_authentication_requirements", "assurance_too_low"},
		"object":                  {[]string{"request", "x"}, "invalid_request_object", "invalid_request_object"},
		"two people":              {[]string{"claims", `{"id_token":{"sub":{"value":"a"}},"userinfo":{"sub":{"value":"b"}}}`}, "login_required", "unknown_subject"},
		"other client":            {[]string{"client_id", "post"}, "invalid_request", "client_id_differs"},
	} {
		after := w.lastSeq()
		w.denied(t, name, w.pushes("basic", c.pairs...), after, http.StatusBadRequest, c.code, c.reason)
	}
	after := w.lastSeq()
	twice := request("basic")
	twice.Add("scope", "openid")
	w.denied(t, "sent twice", w.call(pushPath, "basic", twice), after, http.StatusBadRequest, "invalid_request", "duplicate_parameter")
	r := w.prepare(pushPath, "basic", request("basic"))
	r.URL.RawQuery = "client_id=basic"
	w.denied(t, "in the query", w.send(r), after, http.StatusBadRequest, "invalid_request", "query_parameters")
	r = w.prepare(pushPath, "basic", request("basic"))
	r.Header.Set("Authorization", basicHeader("basic:wrong-wrong-wrong-wrong-wrong"))
	w.denied(t, "wrong secret", w.send(r), after, http.StatusUnauthorized, "invalid_client", "bad_client")
	r = httptest.NewRequest(http.MethodPost, issuer+pushPath, strings.NewReader(request("basic").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.denied(t, "no authentication", w.send(r), after, http.StatusUnauthorized, "invalid_client", "auth_method")
	w.change("plain", func(p *trustPartner) { p.Stage = trust.SuspendedAt })
	if got := w.pushes("plain"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "invalid_client") {
		t.Errorf("suspended: %d %s", got.status, got.body)
	}
	w.hub.Journal = brokenJournal{}
	if got := w.pushes("basic"); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "temporarily_unavailable") {
		t.Errorf("store away: %d %s", got.status, got.body)
	}
}

// TestPushedByAssertion: pushing uses the assertion up, also when the request is refused.
func TestPushedByAssertion(t *testing.T) {
	w := newWorld(t)
	for name, pairs := range map[string][]string{"good": nil, "refused": {"scope", "profile"}} {
		assertion := w.assertion("jwt", nil)
		form := request("jwt", pairs...)
		form.Set("client_assertion", assertion)
		form.Set("client_assertion_type", assertionType)
		send := func() reply {
			r := httptest.NewRequest(http.MethodPost, issuer+pushPath, strings.NewReader(form.Encode()))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			return w.send(r)
		}
		send()
		after := w.lastSeq()
		w.denied(t, name, send(), after, http.StatusUnauthorized, "invalid_client", "assertion_replayed")
	}
	own := w.assertion("jwt", func(claims map[string]any, _ *jose.SignerOptions) { claims["aud"] = issuer + pushPath })
	form := request("jwt")
	form.Set("client_assertion", own)
	form.Set("client_assertion_type", assertionType)
	r := httptest.NewRequest(http.MethodPost, issuer+pushPath, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.uri(w.send(r)) // RFC 9126, section 2: the address of this endpoint is an audience too
}

// TestPushedKeepsNoCredentials: what a client authenticates with is not stored with its request.
func TestPushedKeepsNoCredentials(t *testing.T) {
	w := newWorld(t)
	for _, client := range []string{"post", "jwt"} {
		key := bridge.Key(strings.TrimPrefix(w.uri(w.pushes(client)), pushedPrefix))
		a, err := w.store.Get(t.Context(), kindPushed, key, w.clock())
		must(t, err)
		var kept pushedRequest
		must(t, json.Unmarshal(a.Payload, &kept))
		if form := kept.form(); form.Get("client_id") != client || form.Has("client_secret") || form.Has("client_assertion") || form.Has("client_assertion_type") || strings.Contains(string(a.Payload), secret) {
			t.Errorf("kept %s", a.Payload)
		}
	}
}

// TestMustPush: where pushing is required nothing else is answered, and the client hears of it.
func TestMustPush(t *testing.T) {
	w := newWorld(t)
	w.change("basic", func(p *trustPartner) { p.OIDC.Request.Pushed = true })
	b := w.browser()
	after := w.lastSeq()
	w.back(t, "not pushed", b.authorize("basic"), after, "invalid_request", "par_required")
	if got := b.bring("basic", w.uri(w.pushes("basic"))); got.query("code") == "" {
		t.Errorf("pushed: %v", got.to)
	}
	b.code("post")
	w.p.par = true
	after = w.lastSeq()
	w.back(t, "not pushed, all must", b.authorize("post"), after, "invalid_request", "par_required")
	if w.published()["require_pushed_authorization_requests"] != true {
		t.Error("discovery does not say so")
	}
}

// pushedRows are about pushed requests.
func pushedRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	t.Run("170", func(t *testing.T) {
		uri := w.uri(w.pushes("basic"))
		after := w.lastSeq()
		w.page(t, "other client", b.bring("post", uri), after, codeBadRequestURI)
		w.page(t, "guessed", b.bring("basic", pushedPrefix+"x"), after, codeBadRequestURI)
		w.page(t, "empty", b.bring("basic", pushedPrefix), after, codeBadRequestURI)
		w.page(t, "with an object", b.bring("basic", uri, "request", "x"), after, "request_twice")
		w.page(t, "no client", b.get(authorizePath+"?request_uri="+url.QueryEscape(uri)), after, "unknown_partner")
		public := w.uri(w.pushes("public"))
		after = w.lastSeq()
		w.page(t, "of a public client, by another", b.bring("basic", public), after, codeBadRequestURI)
		w.back(t, "the client hears of it at its address", b.bring("post", uri, "redirect_uri", callback), after, "invalid_request_uri", codeBadRequestURI)
		if got := b.bring("basic", uri); got.query("code") == "" {
			t.Fatalf("its own client: %v", got.to)
		}
		after = w.lastSeq()
		w.page(t, "used", b.bring("basic", uri), after, codeBadRequestURI)
		uri = w.uri(w.pushes("basic"))
		w.advance(90 * time.Second)
		after = w.lastSeq()
		w.page(t, "expired", b.bring("basic", uri), after, codeBadRequestURI)
		if got := b.get(pushPath); got.status != http.StatusMethodNotAllowed {
			t.Errorf("GET: %d", got.status)
		}
		after = w.lastSeq()
		w.denied(t, "request URI pushed", w.pushes("basic", "request_uri", uri), after, http.StatusBadRequest, "invalid_request", "request_uri_pushed")
		r := httptest.NewRequest(http.MethodPost, issuer+pushPath, strings.NewReader(request("jwt").Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w.denied(t, "without authentication", w.send(r), after, http.StatusUnauthorized, "invalid_client", "auth_method")
	})
	t.Run("171", func(t *testing.T) {
		fresh := w.browser()
		fresh.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		uri := w.uri(w.pushes("basic"))
		for range 3 {
			if got := fresh.bring("basic", uri); got.to == nil || got.to.Path != "/signin" {
				t.Fatalf("%d %v", got.status, got.to)
			}
		}
		if got := b.bring("basic", uri); got.query("code") == "" {
			t.Errorf("then completed: %v", got.to)
		}
	})
}

// TestPushedTermsChange: what was pushed is judged again by the terms as they are when the browser comes.
func TestPushedTermsChange(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	uri := w.uri(w.pushes("basic", "scope", "openid profile"))
	w.change("basic", func(p *trustPartner) { p.OIDC.Scopes = []string{"openid"} })
	if got := b.bring("basic", uri); got.query("error") != "invalid_scope" {
		t.Errorf("scope struck off: %v", got.to)
	}
	uri = w.uri(w.pushes("basic"))
	w.change("basic", func(p *trustPartner) { p.OIDC.Request.Signed = true })
	after := w.lastSeq()
	w.back(t, "must be signed by now", b.bring("basic", uri, "redirect_uri", callback), after, "invalid_request", "request_object_required")
	w.change("basic", func(p *trustPartner) {
		p.OIDC.Request.Signed, p.OIDC.RedirectURIs = false, []string{"https://epr.example/new"}
	})
	after = w.lastSeq()
	w.page(t, "address struck off", b.bring("basic", uri), after, "bad_reply_address")
}
