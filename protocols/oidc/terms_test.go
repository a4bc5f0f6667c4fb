package oidc

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// halfway begins a sign-on in a browser, proves, and stops where the answer would be fetched.
func (w *world) halfway(t *testing.T, client string, pairs ...string) (b *browser, resume string) {
	t.Helper()
	b = w.browser()
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got := b.authorize(client, pairs...)
	got = b.get(got.to.RequestURI())
	if got.to == nil || got.to.Path != resumePath {
		t.Fatalf("sign-in page: %d %v", got.status, got.to)
	}
	return b, got.to.RequestURI()
}

// TestAddressRemovedMeanwhile: an address that was struck off while the person signed in gets nothing.
func TestAddressRemovedMeanwhile(t *testing.T) {
	for name, how := range map[string]func(*trustPartner){
		"address": func(p *trustPartner) { p.OIDC.RedirectURIs = []string{"https://epr.example/new"} },
		"partner": func(p *trustPartner) { p.Stage = "suspended" },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			b, resume := w.halfway(t, "basic")
			w.change("basic", how)
			after := w.lastSeq()
			got := b.get(resume)
			if got.to != nil || got.status < 400 {
				t.Errorf("answered at %v (%d)", got.to, got.status)
			}
			if r := w.reason(); r != "bad_reply_address" && r != "partner_suspended" {
				t.Errorf("recorded as %s", r)
			}
			w.nothing(t, after)
		})
	}
}

// TestScopeRemovedMeanwhile: a scope that the terms no longer allow counts at no later step of a grant.
func TestScopeRemovedMeanwhile(t *testing.T) {
	w := newWorld(t)
	allow := func(scopes ...string) {
		w.change("basic", func(p *trustPartner) { p.OIDC.Scopes = scopes })
	}
	less, all := []string{"openid", "profile"}, []string{"openid", "profile", "email"}
	check := func(t *testing.T, what string, set tokenSet) {
		t.Helper()
		if set.Scope != "openid profile" {
			t.Errorf("%s: scope %q", what, set.Scope)
		}
		if got := w.userinfo(set.Access); got.status != http.StatusOK || strings.Contains(got.body, "email") || !strings.Contains(got.body, "Patel") {
			t.Errorf("%s: userinfo %d %s", what, got.status, got.body)
		}
	}
	allow(all...)
	b, resume := w.halfway(t, "basic", "scope", strings.Join(all, " "))
	allow(less...)
	check(t, "before the code", w.tokens(w.redeem("basic", b.get(resume).query("code"))))

	allow(all...)
	code := b.code("basic", "scope", strings.Join(all, " "))
	allow(less...)
	check(t, "before the token", w.tokens(w.redeem("basic", code)))

	allow(all...)
	set := w.tokens(w.redeem("basic", b.code("basic", "scope", strings.Join(all, " "))))
	allow(less...)
	if got := w.userinfo(set.Access); strings.Contains(got.body, "email") {
		t.Errorf("before userinfo: %s", got.body)
	}
	check(t, "before the refresh", w.tokens(w.refresh("basic", set.Refresh)))
}

// TestEmptyParameters: a parameter without a value counts as not sent (RFC 6749, 3.1 and 3.2).
func TestEmptyParameters(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	for _, name := range []string{"max_age", "request", "request_uri", "registration", "prompt", "claims", "acr_values", "id_token_hint", "response_mode", "display"} {
		q := request("basic")
		q.Set(name, "")
		if got := b.get(authorizePath + "?" + q.Encode()); got.query("code") == "" {
			t.Errorf("%s=: %v", name, got.to)
		}
	}
	for _, name := range []string{"client_secret", "client_assertion", "client_assertion_type", "client_id"} {
		f := codeForm(b.code("basic"))
		f.Set(name, "")
		if got := w.form(tokenPath, f, basicHeader("basic:"+secret)); got.status != http.StatusOK {
			t.Errorf("%s=: %d %s", name, got.status, got.body)
		}
	}
	f := codeForm(b.code("public"))
	f.Set("client_id", "public")
	f.Set("client_secret", "")
	if got := w.form(tokenPath, f); got.status != http.StatusOK {
		t.Errorf("empty secret of a public client: %d %s", got.status, got.body)
	}
}

// TestClassesAreKeptOnce: what is stored of acr_values does not grow with what is sent.
func TestClassesAreKeptOnce(t *testing.T) {
	w := newWorld(t)
	a, proven, why := w.p.understand(t.Context(), request("basic", "acr_values", strings.Repeat("AAL3_ANY urn:x ", 500)+"AAL2_ANY"))
	if !proven || why != nil {
		t.Fatal(why)
	}
	if !slices.Equal(a.ACR, []string{"AAL3_ANY", "AAL2_ANY"}) {
		t.Errorf("%d classes are kept", len(a.ACR))
	}
}

// TestLongStateKeepsItsMode: even an error about the request itself goes back the way that was asked.
func TestLongStateKeepsItsMode(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := b.authorize("basic", "response_mode", "form_post", "state", strings.Repeat("s", maxState+1))
	if got.to != nil || !strings.Contains(got.body, `name="error" value="invalid_request"`) || !strings.Contains(got.body, `name="iss"`) {
		t.Errorf("%d %v %s", got.status, got.to, got.body)
	}
}

// TestBearerTwice: a token sent in two ways is a broken request (RFC 6750, 3.1), not a bad token.
func TestBearerTwice(t *testing.T) {
	w := newWorld(t)
	set := w.tokens(w.redeem("basic", w.browser().code("basic")))
	got := w.form(userinfoPath, map[string][]string{"access_token": {set.Access}}, "Bearer "+set.Access)
	if got.status != http.StatusBadRequest || !strings.Contains(got.body, "invalid_request") || w.reason() != "bad_bearer" {
		t.Errorf("%d %s, recorded as %s", got.status, got.body, w.reason())
	}
	if got := w.form(userinfoPath, nil, "Bearer "+set.Access); got.status != http.StatusOK {
		t.Errorf("POST with the header alone: %d %s", got.status, got.body)
	}
}

// TestLogoutWhenIdle: the hub's session is idle, the app's is not. Signing out ends both all the same.
func TestLogoutWhenIdle(t *testing.T) {
	for _, way := range []string{"hint", "confirmed"} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t)
			b := w.browser()
			set := w.tokens(w.redeem("basic", b.code("basic")))
			other := w.tokens(w.redeem("post", b.code("post")))
			w.advance(16 * time.Minute)
			after := w.lastSeq()
			if way == "hint" {
				b.get(logoutQuery("id_token_hint", set.ID, "post_logout_redirect_uri", landing))
			} else {
				got := b.get(logoutQuery("client_id", "basic", "post_logout_redirect_uri", landing))
				if got.status != http.StatusOK || !strings.Contains(got.body, `name="csrf"`) {
					t.Fatalf("not asked: %d %v", got.status, got.to)
				}
				b.submit(logoutPath, hidden(got.body))
			}
			ended := false
			for _, e := range w.events(after) {
				ended = ended || e.Kind == ledger.SessionEnded
			}
			if !ended {
				t.Error("the session was not ended")
			}
			if w.refresh("post", other.Refresh).status != http.StatusBadRequest || w.refresh("basic", set.Refresh).status != http.StatusBadRequest {
				t.Error("tokens live")
			}
			if len(w.posted) == 0 {
				t.Error("the other app was not told")
			}
		})
	}
}
