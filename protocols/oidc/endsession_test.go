package oidc

import (
	"crypto/rsa"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func (b *browser) signedIn() bool {
	return b.authorize("basic", "prompt", "none").query("code") != ""
}

func logoutQuery(pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return logoutPath + "?" + q.Encode()
}

// hidden are the fields of a page's form.
func hidden(page string) url.Values {
	form := url.Values{}
	for _, m := range regexp.MustCompile(`name="([a-z_]+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(m[1], m[2])
	}
	return form
}

func TestLogoutByClient(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	other := w.tokens(w.redeem("post", b.code("post")))
	w.advance(20 * time.Minute / 2)
	got := b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing, "state", "s 1"))
	if got.status != http.StatusSeeOther || got.to.String() != landing+"?state=s+1" {
		t.Fatalf("logout: %d %v", got.status, got.to)
	}
	if got.header.Get("Clear-Site-Data") == "" || b.signedIn() {
		t.Error("the browser is still signed in")
	}
	for client, s := range map[string]tokenSet{"basic": set, "post": other} {
		if w.userinfo(s.Access).status != http.StatusUnauthorized || w.refresh(client, s.Refresh).status != http.StatusBadRequest {
			t.Errorf("tokens of %s live", client)
		}
	}
	if len(w.posted) != 2 || w.posted[0].target != "https://basic.example/backchannel" || w.posted[1].target != "https://post.example/backchannel" {
		t.Fatalf("told %v; the server of the client that asked may not know", w.posted)
	}
	idClaims, _ := w.verified(other.ID)
	claims, h := w.verified(w.posted[1].form.Get("logout_token"))
	if h.Algorithm != "RS256" || h.ExtraHeaders["typ"] != "logout+jwt" {
		t.Errorf("header %v", h)
	}
	now := float64(w.clock().Unix())
	if claims["jti"] == "" {
		t.Error("no jti")
	}
	delete(claims, "jti")
	want := map[string]any{
		"iss": issuer, "aud": "post", "sub": nurse, "sid": idClaims["sid"], "iat": now, "exp": now + 120,
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("logout token: %s", diff)
	}
}

func TestLogoutConfirmed(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	got := b.get(logoutQuery("client_id", "basic", "post_logout_redirect_uri", landing, "state", "s"))
	if got.status != http.StatusOK || !strings.Contains(got.body, "Nurse Asha Patel") || !b.signedIn() {
		t.Fatalf("without a hint: %d, signed in %t", got.status, b.signedIn())
	}
	form := hidden(got.body)
	forged := with(form, "csrf", "AAAA")
	after := w.lastSeq()
	w.page(t, "forged form", b.submit(logoutPath, forged), after, "csrf")
	if !b.signedIn() {
		t.Fatal("a forged form signed out")
	}
	w.tokens(w.redeem("basic", b.code("basic"))) // an app that was told nothing has nothing to end
	got = b.submit(logoutPath, form)
	if got.to == nil || got.to.String() != landing+"?state=s" || b.signedIn() {
		t.Errorf("confirmed: %d %v", got.status, got.to)
	}
	if len(w.posted) != 1 || w.posted[0].target != "https://basic.example/backchannel" {
		t.Errorf("told %v: nobody proved to know already", w.posted)
	}
}

func TestLogoutWithoutSession(t *testing.T) {
	w := newWorld(t)
	set := w.tokens(w.redeem("basic", w.browser().code("basic")))
	fresh := w.browser()
	if got := w.send(httptest.NewRequest(http.MethodGet, issuer+logoutPath, nil)); got.to == nil || got.to.String() != "/" {
		t.Errorf("nobody signed in, nowhere to go: %d %v; nothing was ended, so no page may say so", got.status, got.to)
	}
	if got := fresh.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing)); got.to == nil || got.to.String() != landing {
		t.Errorf("nobody signed in: %d %v", got.status, got.to)
	}
	if w.userinfo(set.Access).status != http.StatusOK {
		t.Error("a hint without the session's cookie ended the session")
	}
	if got := fresh.submit(logoutPath, url.Values{"id_token_hint": {set.ID}, "post_logout_redirect_uri": {landing}}); got.to == nil || got.to.String() != landing {
		t.Errorf("cross-site POST: %d %v", got.status, got.to)
	}
}

func logoutRows(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	foreign := w.tokens(w.redeem("basic", w.browser().code("basic")))
	asked := func(t *testing.T, what string, got reply, reason string) {
		t.Helper()
		if got.status != http.StatusOK || got.to != nil || !strings.Contains(got.body, `name="csrf"`) || strings.Contains(got.body, "evil") {
			t.Errorf("%s: %d %v %s", what, got.status, got.to, got.body)
		}
		if reason != "" && w.reason() != reason {
			t.Errorf("%s: recorded as %s, want %s", what, w.reason(), reason)
		}
		if !b.signedIn() {
			t.Fatalf("%s: signed out", what)
		}
	}
	t.Run("122", func(t *testing.T) {
		asked(t, "bare GET", b.get(logoutPath), "")
		asked(t, "POST without token", b.submit(logoutPath, url.Values{"state": {"x"}}), "")
	})
	t.Run("172", func(t *testing.T) {
		tampered := set.ID[:len(set.ID)-3] + "AAA"
		asked(t, "address not registered", b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", "https://evil.example/")), "bad_reply_address")
		asked(t, "added query", b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing+"?evil=1")), "bad_reply_address")
		asked(t, "address without client", b.get(logoutQuery("post_logout_redirect_uri", landing)), "bad_reply_address")
		asked(t, "modified hint", b.get(logoutQuery("id_token_hint", tampered, "post_logout_redirect_uri", landing)), "id_token_hint")
		asked(t, "hint and client differ", b.get(logoutQuery("id_token_hint", set.ID, "client_id", "post")), "id_token_hint")
		asked(t, "hint of another session", b.get(logoutQuery("id_token_hint", foreign.ID, "post_logout_redirect_uri", landing)), "")
		asked(t, "only state", b.get(logoutQuery("state", "x")), "")
		asked(t, "no hint", b.get(logoutQuery("post_logout_redirect_uri", landing, "state", "x")), "bad_reply_address")
		asked(t, "too long a state", b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing, "state", strings.Repeat("x", maxState+1))), "bad_request")
		asked(t, "client that is not known", b.get(logoutQuery("id_token_hint", set.ID, "client_id", "nobody")), "id_token_hint")
		asked(t, "hints that are none", b.get(logoutQuery("logout_hint", nurse, "ui_locales", "cy en")), "")
		_, rest, _ := strings.Cut(set.ID, ".")
		payload, _, _ := strings.Cut(rest, ".")
		asked(t, "hint with alg none", b.get(logoutQuery("id_token_hint", b64.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))+"."+payload+".", "post_logout_redirect_uri", landing)), "id_token_hint")
		asked(t, "hint by the client itself", b.get(logoutQuery("id_token_hint", w.signAs("HS256", []byte(secret+secret), map[string]any{"iss": issuer, "aud": "basic", "sub": nurse}, nil), "post_logout_redirect_uri", landing)), "id_token_hint")
		asked(t, "encrypted hint", b.get(logoutQuery("id_token_hint", encrypted(t, set.ID), "post_logout_redirect_uri", landing)), "id_token_hint")
		got := b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing+"/"))
		if !strings.Contains(got.body, "post_logout_redirect_uri is not registered for this client.") || strings.Contains(got.body, `name="post_logout_redirect_uri"`) {
			t.Errorf("the makers of the app are not told what is wrong: %s", got.body)
		}
		after := w.lastSeq()
		w.page(t, "hint twice", b.get(logoutPath+"?id_token_hint=a&id_token_hint=b"), after, "duplicate_parameter")
		token, err := w.p.sign("ES256", typLogout, logoutToken{Issuer: issuer, Audience: "basic", Subject: nurse})
		must(t, err)
		asked(t, "logout token as hint", b.get(logoutQuery("id_token_hint", token)), "id_token_hint")
	})
	t.Run("195", func(t *testing.T) {
		for status, want := range map[int]bridge.DeliveryState{
			200: bridge.DeliveryEnded, 204: bridge.DeliveryEnded, 302: bridge.DeliveryNoReply, 400: bridge.DeliveryRefused, 500: bridge.DeliveryNoReply, 501: bridge.DeliveryNoReply,
		} {
			w.status = status
			p, err := w.Partner("oidc", "basic")
			must(t, err)
			got, front := w.p.Propagate(t.Context(), bridge.Delivery{Participant: bridge.Participant{Partner: "basic", Subject: nurse, Index: "i"}}, p)
			if got != want || front != "" {
				t.Errorf("answer %d: %s, want %s", status, got, want)
			}
		}
		p, err := w.Partner("oidc", "plain")
		must(t, err)
		if got, _ := w.p.Propagate(t.Context(), bridge.Delivery{}, p); got != bridge.DeliveryNone {
			t.Errorf("client without an address: %s", got)
		}
		w.status = 500
		got := b.get(logoutQuery("id_token_hint", set.ID))
		if got.status != http.StatusSeeOther && got.status != http.StatusNotFound || b.signedIn() {
			t.Errorf("an app that fails kept the person signed in: %d", got.status)
		}
		told := 0
		for _, e := range w.events(0) {
			if e.Kind == ledger.PartnerTold {
				told++
			}
		}
		if told == 0 {
			t.Error("no result of telling partners is recorded")
		}
	})
}

// encrypted wraps an ID token in a JWE, for a key that is published to nobody.
func encrypted(t *testing.T, token string) string {
	t.Helper()
	key := keys2048(t)
	e, err := jose.NewEncrypter(jose.A128GCM, jose.Recipient{Algorithm: jose.RSA_OAEP, Key: key.Public()}, (&jose.EncrypterOptions{}).WithContentType("JWT"))
	must(t, err)
	made, err := e.Encrypt([]byte(token))
	must(t, err)
	out, err := made.CompactSerialize()
	must(t, err)
	return out
}

func keys2048(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	_, key := keys()
	return key
}

// TestLogoutRequests are the requests that are acted upon at once, and where each leads (RP-Initiated Logout 1.0, section 2).
func TestLogoutRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		params []string
		later  time.Duration
		post   bool
		want   string
	}{
		"all parameters":           {[]string{"client_id", "basic", "post_logout_redirect_uri", landing, "state", "s", "ui_locales", "cy", "logout_hint", "x"}, 0, false, landing + "?state=s"},
		"no state":                 {[]string{"post_logout_redirect_uri", landing}, 0, false, landing},
		"empty state":              {[]string{"post_logout_redirect_uri", landing, "state", ""}, 0, false, landing},
		"a long state":             {[]string{"post_logout_redirect_uri", landing, "state", strings.Repeat("s", maxState)}, 0, false, landing + "?state=" + strings.Repeat("s", maxState)},
		"nowhere to go":            {nil, 0, false, "/signout/result"},
		"the hint has expired":     {[]string{"post_logout_redirect_uri", landing, "state", "s"}, 14 * time.Minute, false, landing + "?state=s"},
		"the session is idle":      {[]string{"post_logout_redirect_uri", landing, "state", "s"}, time.Hour, false, landing + "?state=s"},
		"by POST":                  {[]string{"client_id", "basic", "post_logout_redirect_uri", landing, "state", "s"}, 0, true, landing + "?state=s"},
		"parameters it knows not":  {[]string{"post_logout_redirect_uri", landing, "foo", "bar"}, 0, false, landing},
		"POST with nowhere to go":  {nil, 0, true, "/signout/result"},
		"state and nowhere to go":  {[]string{"state", "s"}, 0, false, "/signout/result"},
		"empty address is no wish": {[]string{"post_logout_redirect_uri", ""}, 0, false, "/signout/result"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			b.c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
				if r.URL.Path == "/signout/result" || r.URL.Host == "epr.example" {
					return http.ErrUseLastResponse
				}
				return nil
			}
			set := w.tokens(w.redeem("basic", b.code("basic")))
			w.advance(tc.later)
			path := logoutQuery(append(tc.params, "id_token_hint", set.ID)...)
			got := reply{}
			if tc.post {
				u, err := url.Parse(path)
				must(t, err)
				got = b.submit(logoutPath, u.Query())
			} else {
				got = b.get(path)
			}
			if got.status != http.StatusSeeOther || got.to == nil || !strings.HasPrefix(got.to.String(), tc.want) || strings.HasPrefix(tc.want, "https") && got.to.String() != tc.want {
				t.Errorf("%d %v, want %s", got.status, got.to, tc.want)
			}
			if len(w.posted) != 1 || w.userinfo(set.Access).status != http.StatusUnauthorized {
				t.Errorf("told %v; the session lives: %d", w.posted, w.userinfo(set.Access).status)
			}
		})
	}
}
