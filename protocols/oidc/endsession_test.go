package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

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
	if len(w.posted) != 1 || w.posted[0].target != "https://post.example/backchannel" {
		t.Fatalf("told %v; the client that asked knows already", w.posted)
	}
	idClaims, _ := w.verified(other.ID)
	claims, h := w.verified(w.posted[0].form.Get("logout_token"))
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
		after := w.lastSeq()
		w.page(t, "hint twice", b.get(logoutPath+"?id_token_hint=a&id_token_hint=b"), after, "duplicate_parameter")
		token, err := w.p.sign("ES256", typLogout, logoutToken{Issuer: issuer, Audience: "basic", Subject: nurse})
		must(t, err)
		asked(t, "logout token as hint", b.get(logoutQuery("id_token_hint", token)), "id_token_hint")
	})
	t.Run("195", func(t *testing.T) {
		for status, want := range map[int]bridge.DeliveryState{
			200: bridge.DeliveryEnded, 204: bridge.DeliveryEnded, 302: bridge.DeliveryNoReply, 400: bridge.DeliveryNoReply, 500: bridge.DeliveryNoReply, 501: bridge.DeliveryNoReply,
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
