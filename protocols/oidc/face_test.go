package oidc

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/keyring"
	"github.com/lanyard-hub/lanyard/web"
)

const (
	cis2Base   = "/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare"
	cis2Issuer = issuer + ":443" + cis2Base
)

// newCIS2World is a hub with both faces; its clients "jwt" and "post" belong to the second.
func newCIS2World(t testing.TB) *world {
	w := newWorld(t)
	w.addCIS2Face()
	for _, id := range []string{"jwt", "post"} {
		w.change(id, func(p *trust.Partner) {
			p.OIDC.Profile, p.OIDC.Algorithm, p.OIDC.PKCE = trust.ProfileCIS2, "RS256", false
		})
	}
	return w
}

func (w *world) addCIS2Face() {
	w.t.Helper()
	second, err := New(Options{
		Kit: w.kit, Hub: w.hub, Keys: func() keyring.Ring { return w.ring }, Poster: PosterFunc(w.post), Face: CIS2Face(cis2Base, true),
	})
	must(w.t, err)
	w.hub.Propagators[trust.OIDC] = Faces{w.p, second}
	w.router = w.kit.Router(w.p.Routes(), second.Routes(), []web.Route{
		{Method: http.MethodGet, Path: web.SignInPath, Name: "signin", Handler: w.signIn},
		{Method: http.MethodGet, Path: web.RolePath, Name: "role", Handler: w.chooseRole},
	})
}

// TestCIS2CheckSequence goes through what a client of CIS2 does and checks, pointed at the hub by its issuer alone.
func TestCIS2CheckSequence(t *testing.T) {
	w := newCIS2World(t)
	w.role = roleTwo
	b := w.browser()
	var found struct {
		Issuer    string `json:"issuer"`
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
		Userinfo  string `json:"userinfo_endpoint"`
		JWKS      string `json:"jwks_uri"`
	}
	must(t, json.Unmarshal([]byte(b.get(cis2Base+discoveryPath).body), &found))
	if found.Issuer != cis2Issuer || found.Token != cis2Issuer+"/access_token" || found.JWKS != cis2Issuer+"/connect/jwk_uri" ||
		found.Authorize != cis2Issuer+"/authorize" || found.Userinfo != cis2Issuer+"/userinfo" {
		t.Fatalf("discovery %+v", found)
	}
	query := request("jwt", "scope", "openid profile email nationalrbacaccess associatedorgs selectedrole", "prompt", "login",
		"acr_values", "AAL2_OR_AAL3_ANY", "code_challenge", "", "code_challenge_method", "")
	got := b.get(cis2Base + "/authorize?" + query.Encode())
	code := got.query("code")
	if code == "" || got.query("iss") != cis2Issuer {
		t.Fatalf("authorize: %d %v %s", got.status, got.to, got.body)
	}
	form := codeForm(code, "code_verifier", "")
	form.Set("client_assertion_type", assertionType)
	form.Set("client_assertion", w.assertion("jwt", func(claims map[string]any, _ *jose.SignerOptions) {
		claims["aud"] = issuer + cis2Base + "/access_token" // some libraries leave the default port out
	}))
	r := httptest.NewRequest(http.MethodPost, issuer+cis2Base+"/access_token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	set := w.tokens(w.send(r))
	claims, header := w.verified(set.ID)
	for name, want := range map[string]any{
		"iss": cis2Issuer, "aud": "jwt", "azp": "jwt", "realm": "/NHSIdentity/Healthcare", "tokenName": "id_token", "tokenType": "JWTToken",
		"id_assurance_level": "3", "authentication_assurance_level": "3", "selected_roleid": roleTwo, "acr": "AAL2_OR_AAL3_ANY",
	} {
		if claims[name] != want {
			t.Errorf("%s is %v, want %v", name, claims[name], want)
		}
	}
	for _, name := range []string{"sid", "auth_time", "at_hash", "c_hash", "s_hash", "auditTrackingId", "org.forgerock.openidconnect.ops", "nonce"} {
		if claims[name] == nil || claims[name] == "" {
			t.Errorf("no %s", name)
		}
	}
	if header.Algorithm != "RS256" || header.KeyID == "" {
		t.Errorf("header %+v", header)
	}
	seen := w.bearer(cis2Base+"/userinfo?schema=openid", set.Access)
	var info struct {
		Sub   string `json:"sub"`
		UID   string `json:"uid"`
		Roles []struct {
			ID   string `json:"person_roleid"`
			Name string `json:"role_name"`
		} `json:"nhsid_nrbac_roles"`
	}
	must(t, json.Unmarshal([]byte(seen.body), &info))
	if info.UID != info.Sub || len(info.Roles) != 1 || info.Roles[0].ID != roleTwo || strings.Count(info.Roles[0].Name, `"`) != 6 {
		t.Errorf("userinfo %s", seen.body)
	}
}

// TestFacesKeepTheirClients: one client has one issuer, at every endpoint.
func TestFacesKeepTheirClients(t *testing.T) {
	w := newCIS2World(t)
	b := w.browser()
	code := b.code("basic")
	set := w.tokens(w.redeem("basic", code))
	if got := b.authorize("jwt"); got.to != nil || w.reason() != "other_issuer" {
		t.Errorf("client of the other face: %d %v %s", got.status, got.to, w.reason())
	}
	if got := b.get(cis2Base + "/authorize?" + request("basic").Encode()); got.to != nil || w.reason() != "other_issuer" {
		t.Errorf("client of the standard face: %d %v %s", got.status, got.to, w.reason())
	}
	if got := w.call(cis2Base+"/access_token", "basic", codeForm(b.code("basic"))); got.status == http.StatusOK {
		t.Error("code redeemed at the other face")
	}
	if got := w.bearer(cis2Base+"/userinfo", set.Access); got.status != http.StatusUnauthorized {
		t.Errorf("userinfo of the other face: %d", got.status)
	}
	if got := w.call(cis2Base+"/token/revoke", "basic", url.Values{"token": {set.Access}}); got.status == http.StatusOK {
		t.Error("revoked at the other face")
	}
}

// TestCIS2LogoutToken is the contract of back-channel logout that clients of CIS2 check.
func TestCIS2LogoutToken(t *testing.T) {
	w := newCIS2World(t)
	b := w.browser()
	got := b.get(cis2Base + "/authorize?" + request("post", "code_challenge", "", "code_challenge_method", "").Encode())
	set := w.tokens(w.call(cis2Base+"/access_token", "post", codeForm(got.query("code"), "code_verifier", "")))
	claims, _ := w.verified(set.ID)
	s, err := w.store.Living(t.Context(), bridge.SessionQuery{UID: nurse, Limit: 1})
	must(t, err)
	_, err = w.hub.Logout(t.Context(), s[0].ID, logoutCause{Reason: "admin"})
	must(t, err)
	if len(w.posted) != 1 {
		t.Fatalf("told %v", w.posted)
	}
	out, header := w.verified(w.posted[0].form.Get("logout_token"))
	if out["iss"] != cis2Issuer || out["aud"] != "post" || out["sid"] != claims["sid"] || out["sub"] != claims["sub"] || out["nonce"] != nil ||
		out["jti"] == nil || out["iat"] == nil || header.Algorithm != "RS256" {
		t.Errorf("logout token %v %v", header, out)
	}
}
