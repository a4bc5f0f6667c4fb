package oidc

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

func TestCodeFlow(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	for _, c := range []struct{ client, alg string }{{"basic", "ES256"}, {"post", "RS256"}, {"jwt", "ES256"}, {"public", "ES256"}} {
		t.Run(c.client, func(t *testing.T) {
			got := b.authorize(c.client)
			if got.query("state") != "st&1" || got.query("iss") != issuer || got.query("tenant") != "1" {
				t.Fatalf("response %v", got.to)
			}
			set := w.tokens(w.redeem(c.client, got.query("code")))
			if set.Type != "Bearer" || set.Expires != 600 || set.Scope != "openid" || set.Refresh == "" {
				t.Errorf("token response %+v", set)
			}
			claims, header := w.verified(set.ID)
			if header.Algorithm != c.alg {
				t.Errorf("alg %s", header.Algorithm)
			}
			now := float64(w.clock().Unix())
			for _, volatile := range []string{"at_hash", "sid", "auditTrackingId"} {
				if s, _ := claims[volatile].(string); s == "" {
					t.Errorf("%s is missing", volatile)
				}
				delete(claims, volatile)
			}
			want := map[string]any{
				"iss": issuer, "sub": nurse, "aud": c.client, "azp": c.client, "exp": now + 600, "iat": now, "auth_time": now, "nonce": "n-1",
				"acr": "AAL3_ANY", "amr": []any{"CIS2_SMARTCARD"}, "id_assurance_level": "3", "authentication_assurance_level": "3",
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("ID token: %s", diff)
			}
			info := w.userinfo(set.Access)
			if info.status != http.StatusOK || info.body != `{"sub":"`+nurse+`"}` {
				t.Errorf("userinfo %d %s", info.status, info.body)
			}
		})
	}
}

// TestCheckSequence goes through what a national client checks (DOMAIN: authorization check sequence).
func TestCheckSequence(t *testing.T) {
	w := newWorld(t)
	w.role = roleTwo
	b := w.browser()
	var found map[string]any
	must(t, json.Unmarshal([]byte(b.get(discoveryPath).body), &found))
	if found["issuer"] != issuer || found["token_endpoint"] != issuer+tokenPath {
		t.Fatalf("discovery %v", found)
	}
	code := b.code("jwt", "scope", "openid profile email nationalrbacaccess associatedorgs selectedrole unheard_of", "prompt", "login", "acr_values", "AAL2_OR_AAL3_ANY")
	set := w.tokens(w.redeem("jwt", code))
	claims, _ := w.verified(set.ID)
	if claims["acr"] != "AAL2_OR_AAL3_ANY" || claims["selected_roleid"] != roleTwo {
		t.Errorf("claims %v", claims)
	}
	var info struct {
		Sub   string `json:"sub"`
		UID   string `json:"uid"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Level string `json:"idassurancelevel"`
		Roles []struct {
			ID         string   `json:"person_roleid"`
			Code       string   `json:"role_code"`
			Org        string   `json:"org_code"`
			Activities []string `json:"activity_codes"`
			Workgroups []string `json:"workgroups_codes"`
			Areas      any      `json:"aow_codes"`
		} `json:"nhsid_nrbac_roles"`
		Orgs []map[string]any `json:"nhsid_user_orgs"`
	}
	got := w.userinfo(set.Access)
	must(t, json.Unmarshal([]byte(got.body), &info))
	switch {
	case info.UID != info.Sub || info.Sub != claims["sub"]:
		t.Errorf("uid %s, sub %s", info.UID, info.Sub)
	case claims["id_assurance_level"] != "3" || claims["authentication_assurance_level"] != "3":
		t.Errorf("levels %v", claims)
	case w.clock().Unix()-int64(claims["auth_time"].(float64)) > 300:
		t.Errorf("auth_time %v", claims["auth_time"])
	case len(info.Roles) != 1 || info.Roles[0].ID != claims["selected_roleid"] || info.Roles[0].Code != "S8000:G8000:R8008":
		t.Errorf("roles %+v", info.Roles)
	case info.Roles[0].Org != "RX1" || info.Roles[0].Workgroups[0] != "300000000001" || info.Roles[0].Areas != nil || len(info.Orgs) != 1:
		t.Errorf("userinfo %s", got.body)
	case info.Level != "" || strings.Contains(got.body, "title"):
		t.Errorf("claims of a scope that was not asked for: %s", got.body)
	}
}

func TestSecondSignOnIsOneCommit(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	counted := &countedJournal{Journal: w.store}
	w.hub.Journal = counted
	before := w.lastSeq()
	set := w.tokens(w.redeem("old", b.code("old")))
	if counted.commits != 1 {
		t.Errorf("%d commits", counted.commits)
	}
	kinds := []ledger.Kind{}
	for _, e := range w.events(before) {
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]ledger.Kind{ledger.TokenIssued}, kinds); diff != "" {
		t.Errorf("audit: %s", diff)
	}
	if set.ID == "" {
		t.Error("no ID token")
	}
}

// countedJournal counts what costs the disk a wait.
type countedJournal struct {
	bridge.Journal
	commits int
}

func (j *countedJournal) Commit(ctx context.Context, writes ...bridge.Write) error {
	j.commits++
	return j.Journal.Commit(ctx, writes...)
}

func TestAuthorizePost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	fresh := w.browser()
	got := fresh.submit(authorizePath, request("basic")) // cross-site: no cookie; comes back as GET and signs in
	if got.query("code") == "" {
		t.Errorf("cross-site POST: %d %v", got.status, got.to)
	}
	if got := b.submit(authorizePath, request("basic", "prompt", "none")); got.query("code") == "" {
		t.Errorf("POST in a session: %d %v", got.status, got.to)
	}
}

func TestFormPost(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := b.authorize("basic", "response_mode", "form_post")
	if got.status != http.StatusOK || !strings.Contains(got.body, `name="code"`) || !strings.Contains(got.body, `name="iss" value="`+issuer+`"`) {
		t.Fatalf("form_post: %d %s", got.status, got.body)
	}
	const header = `<span class="who0">Nurse Asha Patel</span>`
	if !strings.Contains(got.body, header) || strings.Contains(got.body, "Nurse Access Role") {
		t.Errorf("the page does not say who is signed in: %s", got.body)
	}
	if csp := got.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://epr.example") {
		t.Errorf("policy %s", csp)
	}
	bad := b.authorize("basic", "response_mode", "form_post", "prompt", "sometimes")
	if !strings.Contains(bad.body, `name="error" value="invalid_request"`) || !strings.Contains(bad.body, `value="st&amp;1"`) {
		t.Errorf("form_post error: %s", bad.body)
	}
	if strings.Contains(bad.body, header) {
		t.Error("a page that posts a refusal says of whom, and nobody was asked")
	}
	w.role = roleOne
	inRole := b.authorize("basic", "response_mode", "form_post", "scope", "openid selectedrole")
	if !strings.Contains(inRole.body, header) || !strings.Contains(inRole.body, `<span class="who1">Nurse Access Role</span>`) || !strings.Contains(inRole.body, "NOTTINGHAM (RX1)") {
		t.Errorf("the page does not say in which role: %s", inRole.body)
	}
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	w.role = roleOne
	b := w.browser()
	first, _ := w.verified(w.tokens(w.redeem("basic", b.code("basic", "scope", "openid selectedrole"))).ID)
	w.role = roleTwo
	same, _ := w.verified(w.tokens(w.redeem("basic", b.code("basic", "scope", "openid selectedrole"))).ID)
	changed, _ := w.verified(w.tokens(w.redeem("basic", b.code("basic", "scope", "openid changedrole"))).ID)
	if first["selected_roleid"] != roleOne || same["selected_roleid"] != roleOne || changed["selected_roleid"] != roleTwo {
		t.Errorf("roles %v, %v, %v", first["selected_roleid"], same["selected_roleid"], changed["selected_roleid"])
	}
	w.advance(time.Second)
	again := w.browser()
	if got := again.authorize("basic", "prompt", "none"); got.query("error") != "login_required" {
		t.Errorf("other browser: %v", got.to)
	}
	if got := b.authorize("basic", "scope", "openid changedrole", "prompt", "none"); got.query("error") != "interaction_required" {
		t.Errorf("passive change of role: %v", got.to)
	}
}

func TestForceAndMaxAge(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.code("basic")
	authTime := func(pairs ...string) float64 {
		claims, _ := w.verified(w.tokens(w.redeem("basic", b.code("basic", pairs...))).ID)
		return claims["auth_time"].(float64)
	}
	start := float64(w.clock().Unix())
	w.advance(time.Minute)
	now := float64(w.clock().Unix())
	for _, c := range []struct {
		name  string
		pairs []string
		want  float64
	}{
		{"plain", nil, start}, {"max_age not reached", []string{"max_age", "60"}, start}, {"max_age=0", []string{"max_age", "0"}, now},
	} {
		if got := authTime(c.pairs...); got != c.want {
			t.Errorf("%s: auth_time %v, want %v", c.name, got, c.want)
		}
	}
	for _, pairs := range [][]string{{"max_age", "59"}, {"prompt", "login"}, {"prompt", "select_account"}} {
		w.advance(time.Minute)
		if got := authTime(pairs...); got != float64(w.clock().Unix()) {
			t.Errorf("%v: auth_time %v is not now", pairs, got)
		}
	}
}

func TestPairwise(t *testing.T) {
	w := newWorld(t)
	w.change("basic", func(p *trustPartner) { p.Terms.Subject = "pairwise" })
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	claims, _ := w.verified(set.ID)
	if claims["sub"] == nurse || len(claims["sub"].(string)) < 20 {
		t.Fatalf("sub %v", claims["sub"])
	}
	if got := b.authorize("basic", "id_token_hint", set.ID); got.query("code") == "" {
		t.Errorf("hint of the same person: %v", got.to)
	}
	w.uid = clerk
	other := w.browser()
	if got := other.authorize("basic", "id_token_hint", set.ID); got.query("error") != "login_required" {
		t.Errorf("hint of another person: %v", got.to)
	}
}

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic", "scope", "openid profile")))
	w.advance(20 * time.Minute)
	if got := w.userinfo(set.Access); got.status != http.StatusUnauthorized {
		t.Errorf("expired access token: %d", got.status)
	}
	narrow := w.tokens(w.refresh("basic", set.Refresh, "scope", "openid"))
	if narrow.Scope != "openid" || narrow.Refresh == set.Refresh {
		t.Errorf("narrowed %+v", narrow)
	}
	if got := w.userinfo(narrow.Access); strings.Contains(got.body, "Patel") {
		t.Errorf("narrowed token releases %s", got.body)
	}
	wide := w.tokens(w.refresh("basic", narrow.Refresh))
	if got := w.userinfo(wide.Access); !strings.Contains(got.body, "Patel") || wide.Scope != "openid profile" {
		t.Errorf("scope %s, userinfo %s", wide.Scope, got.body)
	}
	claims, _ := w.verified(wide.ID)
	if _, ok := claims["nonce"]; ok {
		t.Error("an ID token of a refresh holds a nonce")
	}
	for _, c := range []string{"plain"} {
		if set := w.tokens(w.redeem(c, w.browser().code(c))); set.Refresh != "" {
			t.Error("refresh token for a client that may not have one")
		}
	}
}

func TestDiscoveryAndKeys(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	got := b.get(discoveryPath)
	var m map[string]any
	must(t, json.Unmarshal([]byte(got.body), &m))
	for name, want := range map[string]any{
		"response_types_supported": []any{"code"}, "code_challenge_methods_supported": []any{"S256"},
		"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
		"claims_parameter_supported": true, "request_parameter_supported": true, "request_uri_parameter_supported": false,
		"pushed_authorization_request_endpoint": issuer + "/oidc/par", "require_pushed_authorization_requests": false,
		"id_token_signing_alg_values_supported": []any{"RS256", "RS384", "RS512", "ES256", "PS256", "PS384", "PS512"},
		"acr_values_supported":                  []any{"AAL3_ANY", "AAL2_OR_AAL3_ANY", "AAL2_ANY", "AAL3_FIDO2", "AAL3_CIS2_SMARTCARD", "AAL3_SMARTCARD"},
	} {
		if diff := cmp.Diff(want, m[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got.header.Get("Access-Control-Allow-Origin") != "*" || got.header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("headers %v", got.header)
	}
	var set struct{ Keys []map[string]any }
	must(t, json.Unmarshal([]byte(b.get(jwksPath).body), &set))
	if len(set.Keys) != 8 { // an RSA key for each of its six algorithms, and two EC keys
		t.Errorf("%d keys are published", len(set.Keys))
	}
	names := map[any]bool{}
	for _, k := range set.Keys {
		if names[k["kid"]] {
			t.Errorf("kid %v is there twice", k["kid"])
		}
		names[k["kid"]] = true
		if _, private := k["d"]; private || k["use"] != "sig" || k["kid"] == "" || k["alg"] == "" {
			t.Errorf("key %v", k)
		}
	}
}

func TestIntrospectAndRevoke(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	set := w.tokens(w.redeem("basic", b.code("basic")))
	active := func(client, token string) bool {
		got := w.call(introspectPath, client, url.Values{"token": {token}})
		var out map[string]any
		must(t, json.Unmarshal([]byte(got.body), &out))
		return out["active"] == true
	}
	if !active("basic", set.Access) || active("basic", "nonsense") || !active("basic", set.Refresh) {
		t.Error("introspection of a good, an unknown and a refresh token")
	}
	got := w.call(revokePath, "basic", url.Values{"token": {set.Refresh}, "token_type_hint": {"refresh_token"}})
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("revocation: %d %v", got.status, got.header)
	}
	if active("basic", set.Access) || w.refresh("basic", set.Refresh).status != http.StatusBadRequest {
		t.Error("tokens live after their revocation")
	}
}

func TestUserinfoByPost(t *testing.T) {
	w := newWorld(t)
	set := w.tokens(w.redeem("basic", w.browser().code("basic")))
	r := httptest.NewRequest(http.MethodPost, issuer+userinfoPath, strings.NewReader(url.Values{"access_token": {set.Access}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.send(r); got.status != http.StatusOK {
		t.Errorf("token in the body: %d %s", got.status, got.body)
	}
}

// grantFollowsRegistry: what a grant is worth is decided anew at every use.
func grantFollowsRegistry(t *testing.T) {
	t.Helper()
	for _, c := range []struct {
		name   string
		do     func(w *world)
		reason string
	}{
		{"session ended", func(w *world) {
			s := w.events(0)[0].Tracking
			_, err := w.hub.Logout(context.Background(), s, logoutCause{Reason: "admin"})
			must(w.t, err)
		}, "grant_ended"},
		{"partner suspended", func(w *world) { w.change("basic", func(p *trustPartner) { p.Stage = "suspended" }) }, "partner_suspended"},
		{"role closed", func(w *world) { w.person(func(p *person) { p.Roles[0].Closes = w.clock() }) }, "role_not_allowed"},
		{"person suspended", func(w *world) { w.person(func(p *person) { p.Status = "suspended" }) }, "session_expired"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.role = roleOne
			set := w.tokens(w.redeem("basic", w.browser().code("basic", "scope", "openid selectedrole")))
			c.do(w)
			if got := w.userinfo(set.Access); got.status != http.StatusUnauthorized {
				t.Errorf("userinfo: %d %s", got.status, got.body)
			}
			if got := w.refresh("basic", set.Refresh); got.status == http.StatusOK || w.reason() != c.reason {
				t.Errorf("refresh: %d %s, recorded as %s", got.status, got.body, w.reason())
			}
		})
	}
}

// TestRefreshIgnoresUnknownScopes, as the authorization request does: clients send offline_access both times.
func TestRefreshIgnoresUnknownScopes(t *testing.T) {
	w := newWorld(t)
	set := w.tokens(w.redeem("basic", w.browser().code("basic", "scope", "openid profile offline_access")))
	got := w.tokens(w.refresh("basic", set.Refresh, "scope", "openid offline_access"))
	if got.Scope != "openid" {
		t.Errorf("scope %q", got.Scope)
	}
}
