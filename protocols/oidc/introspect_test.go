package oidc

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/trust"
)

// TestIntrospection: who asks hears of the person what it may know, by its own name for them.
func TestIntrospection(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, labURI, gatewayURI)))
	now := float64(w.clock().Unix())
	common := map[string]any{
		"active": true, "iss": issuer, "client_id": app, "token_type": "Bearer", "iat": now, "exp": now + 600, "auth_time": now, "acr": "AAL3_ANY", "scope": set.Scope,
	}
	for who, more := range map[string]map[string]any{
		app:       {"sub": nurse, "aud": []any{labURI, gatewayURI}},
		gateway:   {"aud": gatewayURI, "selected_roleid": roleOne},
		pathology: {"aud": labURI, "name": "Nurse Asha Patel", "given_name": "Asha", "family_name": "Patel", "uid": nurse},
	} {
		got := w.about(who, set.Access)
		if roles, ok := got["nhsid_nrbac_roles"]; ok != (who == pathology) {
			t.Errorf("%s: roles %v", who, roles)
		}
		delete(got, "nhsid_nrbac_roles")
		if who != app {
			if sub, _ := got["sub"].(string); len(sub) != 32 {
				t.Errorf("%s: sub %v", who, got["sub"])
			}
			delete(got, "sub")
		}
		if sid, _ := got["sid"].(string); sid == "" {
			t.Errorf("%s: sid %v", who, got["sid"])
		}
		delete(got, "sid")
		want := map[string]any{}
		for _, m := range []map[string]any{common, more} {
			for k, v := range m {
				want[k] = v
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", who, diff)
		}
	}
	if a, b := w.about(gateway, set.Access), w.about(pathology, set.Access); a["sub"] == b["sub"] || a["sid"] == b["sid"] {
		t.Error("two resource servers could compare notes")
	}
}

// TestIntrospectionOfRefreshTokens: to the client alone, until it is used, whatever the hint says.
func TestIntrospectionOfRefreshTokens(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, gatewayURI)))
	got := w.about(app, set.Refresh)
	delete(got, "sid")
	want := map[string]any{"active": true, "iss": issuer, "client_id": app, "sub": nurse, "scope": everything, "exp": float64(w.clock().Add(12 * time.Hour).Unix())}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s", diff)
	}
	if w.active(gateway, set.Refresh) || w.active("basic", set.Refresh) {
		t.Error("told to others")
	}
	hinted := w.call(introspectPath, app, url.Values{"token": {set.Refresh}, "token_type_hint": {"access_token"}})
	if hinted.status != http.StatusOK || hinted.body == `{"active":false}` {
		t.Errorf("a wrong hint: %s", hinted.body)
	}
	next := w.tokens(w.refresh(app, set.Refresh, "resource", gatewayURI))
	if w.active(app, set.Refresh) || !w.active(app, next.Refresh) {
		t.Error("a used one is active, or the next is not")
	}
	w.p.life.Refresh = time.Hour
	short := w.tokens(w.refresh(app, next.Refresh, "resource", gatewayURI))
	w.advance(time.Hour)
	if w.active(app, short.Refresh) {
		t.Error("active after its time")
	}
	w.p.life.Refresh = 12 * time.Hour
	next = w.tokens(w.redeem(app, w.browser().code(app)))
	if !w.active(app, next.Refresh) {
		t.Error("not active")
	}
	w.change(app, func(p *trust.Partner) { p.OIDC.Refresh = false })
	if w.active(app, next.Refresh) {
		t.Error("active although it may not be used")
	}
}

// TestSignedIntrospection: by Accept or by terms (RFC 9701), for a token that is active and for one that is not.
func TestSignedIntrospection(t *testing.T) {
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, labURI, imagingURI)))
	ask := func(who, token, accept string) reply {
		r := w.prepare(introspectPath, who, url.Values{"token": {token}})
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return w.send(r)
	}
	for _, c := range []struct {
		who, token, accept, alg string
		active                  bool
	}{
		{pathology, set.Access, "application/token-introspection+jwt", "ES256", true},
		{pathology, set.Access, "application/json;q=0.5, application/token-introspection+jwt", "ES256", true},
		{pathology, "nonsense", "application/token-introspection+jwt", "ES256", false},
		{gateway, set.Access, "Application/Token-Introspection+JWT", "ES256", false},
		{imaging, set.Access, "", "RS256", true},
		{imaging, set.Access, "application/json", "RS256", true},
	} {
		got := ask(c.who, c.token, c.accept)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/token-introspection+jwt" || got.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%+v: %d %v %s", c, got.status, got.header, got.body)
		}
		claims, header := w.verified(got.body)
		if header.ExtraHeaders["typ"] != "token-introspection+jwt" || header.Algorithm != c.alg {
			t.Errorf("%+v: header %v", c, header)
		}
		inside, _ := claims["token_introspection"].(map[string]any)
		delete(claims, "token_introspection")
		if diff := cmp.Diff(map[string]any{"iss": issuer, "aud": c.who, "iat": float64(w.clock().Unix())}, claims); diff != "" {
			t.Errorf("%+v: %s", c, diff)
		}
		if inside["active"] != c.active || !c.active && len(inside) != 1 {
			t.Errorf("%+v: %v", c, inside)
		}
		if _, ok := w.p.openAccess(got.body); ok {
			t.Error("taken for an access token")
		}
		if _, err := w.p.verifyOwn(got.body); err == nil {
			t.Error("taken for an ID token")
		}
	}
	for _, accept := range []string{"", "*/*", "application/json", "application/*", "application/token-introspection+jwt;q=0", "application/jwt"} {
		got := ask(pathology, set.Access, accept)
		var out map[string]any
		if json.Unmarshal([]byte(got.body), &out) != nil || out["active"] != true {
			t.Errorf("Accept %q: %s", accept, got.body)
		}
	}
}
