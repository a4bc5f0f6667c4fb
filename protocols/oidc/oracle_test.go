package oidc

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"
	"github.com/ory/fosite/storage"
	"pgregory.net/rapid"
)

// oracle is another implementation of the grants, by other people: fosite over its own memory.
type oracle struct {
	fosite.OAuth2Provider
	t *rapid.T
}

func newOracle(t *rapid.T) oracle {
	store := storage.NewMemoryStore()
	for _, id := range []string{"basic", "old"} {
		store.Clients[id] = &fosite.DefaultClient{
			ID: id, Public: true, RedirectURIs: []string{callback, landing}, GrantTypes: []string{"authorization_code", "refresh_token"},
			ResponseTypes: []string{"code"}, Scopes: []string{"offline", "openid", "profile", "email"},
		}
	}
	config := &fosite.Config{GlobalSecret: make([]byte, 32), EnforcePKCE: false, RefreshTokenScopes: []string{}, ScopeStrategy: fosite.ExactScopeStrategy, SendDebugMessagesToClients: true}
	strategy := &compose.CommonStrategy{CoreStrategy: compose.NewOAuth2HMACStrategy(config)}
	return oracle{compose.Compose(config, store, strategy, compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2RefreshTokenGrantFactory,
		compose.OAuth2PKCEFactory, compose.OAuth2TokenRevocationFactory), t}
}

func (o oracle) code(query url.Values) string {
	ctx := context.Background()
	r := httptest.NewRequest(http.MethodGet, issuer+authorizePath+"?"+query.Encode(), nil)
	req, err := o.NewAuthorizeRequest(ctx, r)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, s := range req.GetRequestedScopes() {
		req.GrantScope(s)
	}
	answer, err := o.NewAuthorizeResponse(ctx, req, &fosite.DefaultSession{ExpiresAt: map[fosite.TokenType]time.Time{}})
	if err != nil {
		o.t.Fatal(err)
	}
	return answer.GetCode()
}

func (o oracle) call(client string, form url.Values) (access, refresh string, err error) {
	ctx := context.Background()
	f := url.Values{"client_id": {client}}
	for k, v := range form {
		f[k] = v
	}
	r := httptest.NewRequest(http.MethodPost, issuer+tokenPath, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req, err := o.NewAccessRequest(ctx, r, &fosite.DefaultSession{ExpiresAt: map[fosite.TokenType]time.Time{}})
	if err != nil {
		return "", "", err
	}
	answer, err := o.NewAccessResponse(ctx, req)
	if err != nil {
		return "", "", err
	}
	refresh, _ = answer.GetExtra("refresh_token").(string)
	return answer.GetAccessToken(), refresh, nil
}

// pair is one thing as both sides know it.
type pair struct{ ours, theirs string }

// TestGrantsAgreeWithFosite: over random histories of codes, verifiers and refresh tokens nothing is accepted here that
// fosite refuses. The other way round we are stricter: a code that its client redeemed wrongly is spent, and a wider
// scope at a refresh is refused, not ignored.
func TestGrantsAgreeWithFosite(t *testing.T) {
	w := newWorld(t)
	who := w.browser()
	who.code("basic")
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		o := newOracle(t)
		var codes, refreshes []pair
		judge := func(what string, got reply, theirs error) bool {
			if got.status == http.StatusOK && theirs != nil {
				t.Fatalf("%s: accepted here, fosite says %v", what, fosite.ErrorToRFC6749Error(theirs).WithExposeDebug(true).GetDescription())
			}
			if got.status == http.StatusOK {
				accepted++
			}
			return got.status == http.StatusOK
		}
		exchange := func(what, client string, form url.Values, ours, theirs string, name string) {
			form.Set(name, ours)
			got := w.call(tokenPath, client, form)
			form.Set(name, theirs)
			_, refresh, err := o.call(client, form)
			if judge(what, got, err) {
				refreshes = append(refreshes, pair{w.tokens(got).Refresh, refresh})
			}
		}
		for range rapid.IntRange(4, 20).Draw(t, "steps") {
			client := rapid.SampledFrom([]string{"basic", "old"}).Draw(t, "client")
			switch step := rapid.SampledFrom([]string{"authorize", "redeem", "refresh", "refresh"}).Draw(t, "step"); {
			case step == "authorize" || len(codes) == 0:
				query := request(client, "scope", "openid profile", "state", "a-state-long-enough")
				if client == "old" && rapid.Bool().Draw(t, "without PKCE") {
					query.Del("code_challenge")
					query.Del("code_challenge_method")
				}
				got := who.get(authorizePath + "?" + query.Encode())
				codes = append(codes, pair{got.query("code"), o.code(query)})
			case step == "redeem":
				c := rapid.SampledFrom(codes).Draw(t, "code")
				v := rapid.SampledFrom([]string{verifier, verifier, verifier, verifier, "", strings.Repeat("a", 43)}).Draw(t, "verifier")
				to := rapid.SampledFrom([]string{callback, callback, callback, landing}).Draw(t, "redirect")
				exchange("redeem", client, codeForm("", "code_verifier", v, "redirect_uri", to), c.ours, c.theirs, "code")
			case len(refreshes) > 0:
				w.advance(refreshGrace) // within it we are milder than fosite: see TestTwoRefreshesAtOnce
				r := rapid.SampledFrom(refreshes).Draw(t, "refresh")
				scope := rapid.SampledFrom([]string{"openid profile", "openid"}).Draw(t, "scope")
				exchange("refresh", client, url.Values{"grant_type": {"refresh_token"}, "scope": {scope}}, r.ours, r.theirs, "refresh_token")
			}
		}
	})
	if accepted == 0 {
		t.Error("nothing was ever accepted")
	}
}
