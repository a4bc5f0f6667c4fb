package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// grantFor signs on to the app for resources.
func (w *world) grantFor(b *browser, scope string, resources ...string) string {
	w.t.Helper()
	q := request(app, "scope", scope)
	q["resource"] = resources
	got := b.get(authorizePath + "?" + q.Encode())
	if got.query("code") == "" {
		w.t.Fatalf("no code: %d %v", got.status, got.to)
	}
	return got.query("code")
}

// redeemFor redeems a code with resources.
func (w *world) redeemFor(code string, resources ...string) reply {
	w.t.Helper()
	f := codeForm(code)
	f["resource"] = resources
	return w.call(tokenPath, app, f)
}

// TestAccessTokenByJWT: a resource server that takes JWTs finds in it what its own terms release, within the scopes, about a person
// whom it knows by its own name.
func TestAccessTokenByJWT(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	before := w.lastSeq()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, recordsURI)))
	claims, header := w.verified(set.Access)
	if header.ExtraHeaders["typ"] != "at+jwt" || header.Algorithm != "ES256" || set.Scope != "nationalrbacaccess selectedrole fhir.read fhir.write" {
		t.Errorf("header %v, scope %q", header, set.Scope)
	}
	for _, volatile := range []string{"jti", "sid"} {
		if s, _ := claims[volatile].(string); s == "" {
			t.Errorf("%s is missing", volatile)
		}
		delete(claims, volatile)
	}
	roles, _ := claims["nhsid_nrbac_roles"].([]any)
	delete(claims, "nhsid_nrbac_roles")
	sub, _ := claims["sub"].(string)
	delete(claims, "sub")
	now := float64(w.clock().Unix())
	want := map[string]any{
		"iss": issuer, "aud": recordsURI, "client_id": app, "exp": now + 600, "iat": now, "auth_time": now, "acr": "AAL3_ANY",
		"scope": set.Scope, "selected_roleid": roleOne, "staff": nurse,
	}
	if diff := cmp.Diff(want, claims); diff != "" || len(roles) != 1 {
		t.Errorf("JWT: %s, %d roles", diff, len(roles))
	}
	id, _ := w.verified(set.ID)
	if id["sub"] != nurse || sub == nurse || len(sub) != 32 || id["aud"] != app {
		t.Errorf("the resource server knows the person as %q, the app as %v", sub, id["sub"])
	}
	var told []string
	for _, e := range w.events(before) {
		if e.Kind == ledger.TokenIssued {
			told = append(told, e.Partner+" "+e.Detail["client"])
		}
	}
	if diff := cmp.Diff([]string{app + " ", records + " " + app}, told); diff != "" {
		t.Errorf("record: %s", diff)
	}
	if got := w.about(records, set.Access); got["sub"] != sub || got["staff"] != nurse || got["aud"] != recordsURI {
		t.Errorf("introspection by the resource server: %v", got)
	}
	if got := w.about(app, set.Access); got["sub"] != nurse || got["staff"] != nil || got["nhsid_nrbac_roles"] != nil {
		t.Errorf("introspection by the client: %v", got)
	}
	w.advance(time.Minute)
	again, _ := w.verified(w.tokens(w.refresh(app, set.Refresh)).Access)
	if again["auth_time"] != now || again["iat"] == now || again["aud"] != recordsURI || again["sub"] != sub {
		t.Errorf("after a refresh: %v", again)
	}
}

// TestJWTDiesWithTheGrant: at the hub a JWT access token is worth no more than an opaque one.
func TestJWTDiesWithTheGrant(t *testing.T) {
	for name, end := range map[string]func(*world, tokenSet){
		"revoked by itself":         func(w *world, s tokenSet) { w.revoke(app, s.Access) },
		"revoked by its refresh":    func(w *world, s tokenSet) { w.revoke(app, s.Refresh) },
		"session over":              func(w *world, _ tokenSet) { w.advance(13 * time.Hour) },
		"resource server suspended": func(w *world, _ tokenSet) { w.change(records, func(p *trust.Partner) { p.Stage = trust.SuspendedAt }) },
		"client suspended":          func(w *world, _ tokenSet) { w.change(app, func(p *trust.Partner) { p.Stage = trust.SuspendedAt }) },
		"not for it any more": func(w *world, _ tokenSet) {
			w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.ResourceServers = nil })
		},
	} {
		w := newNetwork(t)
		set := w.tokens(w.redeem(app, w.grantFor(w.browser(), everything, recordsURI)))
		if !w.active(records, set.Access) {
			t.Fatal("not active")
		}
		end(w, set)
		if got := w.call(introspectPath, records, url.Values{"token": {set.Access}}); got.status == http.StatusOK && got.body != `{"active":false}` {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

// TestOwnJWT: a client whose terms say so gets JWTs for itself too; they are good at userinfo.
func TestOwnJWT(t *testing.T) {
	w := newNetwork(t)
	w.change(app, func(p *trust.Partner) { p.OIDC.Tokens.JWT = true })
	set := w.tokens(w.redeem(app, w.grantFor(w.browser(), "openid email")))
	claims, header := w.verified(set.Access)
	if header.ExtraHeaders["typ"] != "at+jwt" || claims["aud"] != app || claims["sub"] != nurse || claims["email"] != "asha@rx1.example" || claims["name"] != nil {
		t.Errorf("%v %v", header, claims)
	}
	if got := w.userinfo(set.Access); got.status != http.StatusOK || !strings.Contains(got.body, "asha@rx1.example") {
		t.Errorf("userinfo %d %s", got.status, got.body)
	}
	if !w.active(app, set.Access) {
		t.Error("not active")
	}
	after := w.lastSeq()
	w.tryAll(t, w.browser(), app, wrong{"a JWT access token as hint", []string{"id_token_hint", set.Access}, "invalid_request", "id_token_hint"})
	w.nothing(t, after)
}

// TestResources: what a client asks for bounds what it gets, and a token for others is for no userinfo.
func TestResources(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, recordsURI, labURI, issuer), "resource", labURI))
	if w.userinfo(set.Access).status != http.StatusUnauthorized || !w.active(pathology, set.Access) || w.active(gateway, set.Access) {
		t.Error("a token for one of them is good elsewhere")
	}
	set = w.tokens(w.refresh(app, set.Refresh, "resource", issuer))
	if w.userinfo(set.Access).status != http.StatusOK || w.active(pathology, set.Access) {
		t.Error("a token for the hub itself")
	}
	set = w.tokens(w.call(tokenPath, app, url.Values{"grant_type": {trust.GrantRefresh}, "refresh_token": {set.Refresh}, "resource": {labURI, issuer}}))
	if w.userinfo(set.Access).status != http.StatusOK || !w.active(pathology, set.Access) || !strings.Contains(set.Scope, "openid") {
		t.Error("a token for both")
	}
	if got := w.about(app, set.Access)["aud"]; !cmp.Equal(got, []any{labURI, issuer}) {
		t.Errorf("aud %v", got)
	}
	after := w.lastSeq()
	w.denied(t, "all at once, one by JWT", w.refresh(app, set.Refresh), after, 400, "invalid_target", "invalid_target")
	w.denied(t, "not asked for before", w.refresh(app, set.Refresh, "resource", gatewayURI), after, 400, "invalid_target", "invalid_target")
	w.tokens(w.refresh(app, set.Refresh, "resource", labURI)) // none of this used it
	set = w.tokens(w.redeemFor(w.grantFor(b, everything), gatewayURI))
	if !w.active(gateway, set.Access) {
		t.Error("named at the token endpoint alone")
	}
}

// TestSeveralReaders: of a token for several, each hears the scopes and claims that are its own, however many the token has.
func TestSeveralReaders(t *testing.T) {
	w := newNetwork(t)
	w.change(pathology, func(p *trust.Partner) { p.OIDC.Tokens.ResourceScopes = []string{"lab.read", "profile"} })
	b := w.browser()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, labURI, gatewayURI)))
	got := w.about(pathology, set.Access)
	if set.Scope != everything || got["scope"] != "profile lab.read" || got["name"] == nil || got["nhsid_nrbac_roles"] != nil {
		t.Errorf("one of two hears %v", got)
	}
	if got := w.about(gateway, set.Access); got["scope"] != everything {
		t.Errorf("the other hears %v", got)
	}
	w.change(records, func(p *trust.Partner) { p.OIDC.Tokens.ResourceScopes = []string{"fhir.read"} })
	set = w.tokens(w.redeem(app, w.grantFor(b, everything, recordsURI, issuer)))
	claims, _ := w.verified(set.Access)
	if claims["nhsid_nrbac_roles"] != nil || claims["selected_roleid"] != nil || claims["staff"] != nurse || claims["scope"] != everything {
		t.Errorf("JWT for userinfo too: %v", claims)
	}
	if got := w.about(records, set.Access); got["scope"] != "fhir.read" || got["nhsid_nrbac_roles"] != nil || got["selected_roleid"] != nil {
		t.Errorf("its reader hears %v", got)
	}
	if w.userinfo(set.Access).status != http.StatusOK {
		t.Error("not taken at userinfo")
	}
}

// TestResourcesRefused: at both endpoints, with invalid_target.
func TestResourcesRefused(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	b.code(app)
	for name, uri := range map[string]string{
		"unknown": "https://elsewhere.example", "a path below": recordsURI + "/Patient", "other case": strings.ToUpper(recordsURI), "fragment": recordsURI + "#x",
		"relative": "R4", "the id of its partner": records, "empty among others": "",
	} {
		after := w.lastSeq()
		q := request(app)
		q["resource"] = []string{labURI, uri}
		w.back(t, name, b.get(authorizePath+"?"+q.Encode()), after, "invalid_target", "invalid_target")
		code := b.code(app)
		after = w.lastSeq()
		w.denied(t, name, w.redeemFor(code, labURI, uri), after, 400, "invalid_target", "invalid_target")
		w.tokens(w.redeem(app, code)) // the code was not spent by it
	}
	w.change(imaging, func(p *trust.Partner) {
		for n := range maxAudience {
			p.OIDC.Tokens.Resources = append(p.OIDC.Tokens.Resources, imagingURI+"/"+string(rune('a'+n)))
		}
	})
	c, err := w.Partner(trust.OIDC, imaging)
	must(t, err)
	after := w.lastSeq()
	w.denied(t, "too many", w.redeemFor(b.code(app), c.OIDC.Tokens.Resources...), after, 400, "invalid_target", "invalid_target")
	w.tokens(w.redeemFor(b.code(app), c.OIDC.Tokens.Resources[1:]...))
	after = w.lastSeq()
	w.back(t, "of a client without any", b.authorize("basic", "resource", recordsURI), after, "invalid_target", "invalid_target")
	w.change(records, func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
	after = w.lastSeq()
	w.back(t, "suspended", b.authorize(app, "resource", recordsURI), after, "invalid_target", "invalid_target")
}

// TestResourceServerRefusesThePerson: no token for a partner whose own terms would not let the person in.
func TestResourceServerRefusesThePerson(t *testing.T) {
	for name, how := range map[string]func(*trust.Partner){
		"identity": func(p *trust.Partner) { p.Terms.Identity = 4 },
		"role":     func(p *trust.Partner) { p.Terms.RoleNeeded = true },
	} {
		w := newNetwork(t)
		w.change(pathology, how)
		code := w.grantFor(w.browser(), "openid profile", labURI)
		after := w.lastSeq()
		w.denied(t, name, w.redeem(app, code), after, 400, "invalid_target", "invalid_target")
	}
	w := newNetwork(t)
	set := w.tokens(w.redeem(app, w.grantFor(w.browser(), "openid profile", labURI)))
	w.change(pathology, func(p *trust.Partner) { p.Terms.Identity = 4 })
	if w.active(pathology, set.Access) {
		t.Error("told of somebody whom its terms do not accept any more")
	}
}

// TestResourceServerIsToldOfLogout: if it can be told; a token is dead in any case.
func TestResourceServerIsToldOfLogout(t *testing.T) {
	w := newNetwork(t)
	b := w.browser()
	set := w.tokens(w.redeem(app, w.grantFor(b, everything, gatewayURI, labURI)))
	b.get(logoutQuery("id_token_hint", set.ID))
	var told []string
	for _, p := range w.posted {
		told = append(told, p.target)
	}
	if diff := cmp.Diff([]string{"https://gateway.example/backchannel"}, told); diff != "" {
		t.Errorf("told: %s", diff)
	}
	if w.active(gateway, set.Access) || w.active(pathology, set.Access) {
		t.Error("tokens live")
	}
}

// TestResourceServerOfAnotherFace: a client of the CIS2 face may have tokens for a resource server of the standard one. They keep the issuer
// of the client, and are for no userinfo but that of its own face.
func TestResourceServerOfAnotherFace(t *testing.T) {
	w := newNetwork(t)
	w.addCIS2Face()
	w.change(app, func(p *trust.Partner) { p.OIDC.Profile = trust.ProfileCIS2 })
	b := w.browser()
	redeem := func(resources ...string) tokenSet {
		f := codeForm(b.get(cis2Base + "/authorize?" + request(app, "scope", everything).Encode()).query("code"))
		f["resource"] = resources
		return w.tokens(w.call(cis2Base+"/access_token", app, f))
	}
	set := redeem(recordsURI)
	if claims, _ := w.verified(set.Access); claims["iss"] != cis2Issuer {
		t.Errorf("iss %v", claims["iss"])
	}
	for who, token := range map[string]string{records: set.Access, pathology: redeem(labURI).Access} {
		if got := w.about(who, token); got["active"] != true || got["iss"] != cis2Issuer {
			t.Errorf("%s: %v", who, got)
		}
	}
	own := redeem()
	after := w.lastSeq()
	w.denied(t, "userinfo of the other face", w.userinfo(own.Access), after, http.StatusUnauthorized, "invalid_token", "other_issuer")
	r := httptest.NewRequest(http.MethodGet, issuer+cis2Base+"/userinfo", nil)
	r.Header.Set("Authorization", "Bearer "+own.Access)
	if got := w.send(r); got.status != http.StatusOK {
		t.Errorf("userinfo: %d %s", got.status, got.body)
	}
}
