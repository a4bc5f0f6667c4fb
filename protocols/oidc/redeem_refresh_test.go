package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// refreshFrom exchanges a refresh token from an address.
func (w *world) refreshFrom(client, token, peer string) reply {
	w.t.Helper()
	form := map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {token}}
	return w.sendFrom(w.prepare(tokenPath, client, form), peer)
}

// TestTwoRefreshesAtOnce: two tabs that refresh at once do not sign anybody out. One gets tokens, the others an error, and the grant lives.
func TestTwoRefreshesAtOnce(t *testing.T) {
	for _, client := range []string{"basic", "jwt"} {
		w := newWorld(t)
		set := w.tokens(w.redeem(client, w.browser().code(client)))
		var wg sync.WaitGroup
		got := make([]reply, 20)
		for i := range got {
			wg.Go(func() { got[i] = w.refresh(client, set.Refresh) })
		}
		wg.Wait()
		var won []tokenSet
		for _, g := range got {
			if g.status == http.StatusOK {
				won = append(won, w.tokens(g))
			}
		}
		if len(won) != 1 {
			t.Fatalf("%s: %d of 20 parallel refreshes succeeded", client, len(won))
		}
		refused := 0
		for _, e := range w.events(0) {
			if e.Kind == ledger.TokenRefused && e.Reason == "refresh_twice" {
				refused++
			}
		}
		if refused != 19 {
			t.Errorf("%s: %d are on record as used twice", client, refused)
		}
		if w.userinfo(won[0].Access).status != http.StatusOK {
			t.Errorf("%s: the grant ended", client)
		}
		w.advance(refreshGrace - time.Second)
		after := w.lastSeq()
		w.denied(t, client+" a while later", w.refresh(client, set.Refresh), after, 400, "invalid_grant", "refresh_twice")
		next := w.tokens(w.refresh(client, won[0].Refresh))
		w.advance(time.Second)
		after = w.lastSeq()
		w.denied(t, client+" after the grace", w.refresh(client, set.Refresh), after, 400, "invalid_grant", "grant_spent")
		w.denied(t, client+" the family", w.refresh(client, next.Refresh), after, 400, "invalid_grant", "grant_ended")
		if w.userinfo(next.Access).status != http.StatusUnauthorized {
			t.Errorf("%s: the family's access token lives", client)
		}
	}
}

// TestRefreshFromElsewhere: of a client that proves nothing of itself a second use is misuse at once.
func TestRefreshFromElsewhere(t *testing.T) {
	w := newWorld(t)
	set := w.tokens(w.redeem("public", w.browser().code("public")))
	thief := w.tokens(w.refresh("public", set.Refresh)) // from the same address, which proves nothing
	after := w.lastSeq()
	w.denied(t, "the app", w.refresh("public", set.Refresh), after, 400, "invalid_grant", "grant_spent")
	w.denied(t, "the thief", w.refresh("public", thief.Refresh), after, 400, "invalid_grant", "grant_ended")
	set = w.tokens(w.redeem("basic", w.browser().code("basic")))
	won := w.tokens(w.refreshFrom("basic", set.Refresh, "10.9.9.9:1"))
	after = w.lastSeq()
	w.denied(t, "another node of a server", w.refresh("basic", set.Refresh), after, 400, "invalid_grant", "refresh_twice")
	w.tokens(w.refresh("basic", won.Refresh))

	key := w.prover()
	set = key.tokens("public")
	from := func(token, peer string) reply {
		r := w.prepare(tokenPath, "public", w.refreshForm(token))
		r.Header.Set("DPoP", key.proof("POST", tokenPath, "", nil))
		return w.sendFrom(r, peer)
	}
	won = w.tokens(from(set.Refresh, "10.9.9.9:1"))
	after = w.lastSeq()
	w.denied(t, "the holder of its key", from(set.Refresh, ""), after, 400, "invalid_grant", "refresh_twice")
	w.tokens(from(won.Refresh, ""))
}

// TestRefreshWithoutName: a client that cannot authenticate need not name itself when it refreshes (RFC 6749, section 6); every other
// must authenticate all the same.
func TestRefreshWithoutName(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	bare := func(form url.Values) reply {
		r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return w.send(r)
	}
	for client, want := range map[string]int{"public": http.StatusOK, "basic": http.StatusUnauthorized, "jwt": http.StatusUnauthorized} {
		set := w.tokens(w.redeem(client, b.code(client)))
		if got := bare(url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {set.Refresh}}); got.status != want {
			t.Errorf("%s: %d %s", client, got.status, got.body)
		}
		if got := bare(url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {set.Refresh}, "client_secret": {secret}}); got.status != http.StatusUnauthorized {
			t.Errorf("%s, with a secret of nobody: %d %s", client, got.status, got.body)
		}
	}
	if got := bare(url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {"x"}}); got.status != http.StatusUnauthorized {
		t.Errorf("no token of ours: %d", got.status)
	}
	if got := bare(codeForm(b.code("public"))); got.status != http.StatusUnauthorized {
		t.Errorf("a code needs the client's name (RFC 6749, section 4.1.3): %d", got.status)
	}
}
