package oidc

import (
	"net/http"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestReplayedRequestHarmsNobody: whoever sends a token request again has not proved to be the client, so it
// must not count as a second use of the code, which would end the grant.
func TestReplayedRequestHarmsNobody(t *testing.T) {
	w := newWorld(t)
	form := with(codeForm(w.browser().code("jwt")), "client_assertion_type", assertionType, "client_assertion", w.assertion("jwt", nil))
	set := w.tokens(w.form(tokenPath, form))
	after := w.lastSeq()
	w.denied(t, "replay", w.form(tokenPath, form), after, 401, "invalid_client", "assertion_replayed")
	if got := w.userinfo(set.Access); got.status != http.StatusOK {
		t.Errorf("a replay ended the grant: %d", got.status)
	}
	rotated := w.tokens(w.refresh("jwt", set.Refresh))
	form = with(nil, "grant_type", trust.GrantRefresh, "refresh_token", set.Refresh, "client_assertion_type", assertionType, "client_assertion", form.Get("client_assertion"))
	after = w.lastSeq()
	w.denied(t, "old refresh token", w.form(tokenPath, form), after, 401, "invalid_client", "assertion_replayed")
	if got := w.userinfo(rotated.Access); got.status != http.StatusOK {
		t.Errorf("a replay ended the grant: %d", got.status)
	}
}

// TestRefreshKeepsAuthTime: auth_time stays that of the authentication the grant came from, whatever proofs
// other apps asked for since (OpenID Connect Core 1.0, section 12.2).
func TestRefreshKeepsAuthTime(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	first, _ := w.verified(set.ID)
	w.advance(5 * time.Minute)
	other, _ := w.verified(w.tokens(w.redeem("post", b.code("post", "prompt", "login"))).ID)
	again, _ := w.verified(w.tokens(w.refresh("basic", set.Refresh)).ID)
	if other["auth_time"] == first["auth_time"] || again["auth_time"] != first["auth_time"] || again["iat"] == first["iat"] {
		t.Errorf("auth_time %v, after another app's proof %v, refreshed %v", first["auth_time"], other["auth_time"], again["auth_time"])
	}
}

// TestNothingOutlivesTheSession: expiry times end with the session, the ID token's too.
func TestNothingOutlivesTheSession(t *testing.T) {
	w := newWorld(t)
	w.hub.Limits.Absolute = 8 * time.Minute
	b := w.browser()
	b.code("basic")
	ends := w.clock().Add(8 * time.Minute).Unix()
	w.advance(3 * time.Minute)
	set := w.tokens(w.redeem("basic", b.code("basic")))
	claims, _ := w.verified(set.ID)
	if set.Expires != 300 || claims["exp"] != float64(ends) {
		t.Errorf("access token lives %d s, ID token until %v; the session ends at %d", set.Expires, claims["exp"], ends)
	}
	w.advance(5 * time.Minute)
	if w.userinfo(set.Access).status != http.StatusUnauthorized || w.refresh("basic", set.Refresh).status != http.StatusBadRequest {
		t.Error("a token outlived the session")
	}
}

// TestClassStillMet: a client that demanded a class is not told of a sign-in of another class later.
func TestClassStillMet(t *testing.T) {
	w := newWorld(t)
	w.method = bridge.MethodFIDO2
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic", "acr_values", "AAL3_FIDO2")))
	code := b.code("basic", "acr_values", "AAL3_FIDO2")
	w.tokens(w.refresh("basic", set.Refresh))
	set = w.tokens(w.redeem("basic", b.code("basic", "acr_values", "AAL3_FIDO2")))
	w.method = bridge.MethodSmartcard
	b.code("post", "prompt", "login")
	after := w.lastSeq()
	w.denied(t, "code", w.redeem("basic", code), after, 400, "invalid_grant", "assurance_too_low")
	w.denied(t, "refresh", w.refresh("basic", set.Refresh), after, 400, "invalid_grant", "assurance_too_low")
}
