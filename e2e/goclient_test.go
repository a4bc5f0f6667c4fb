package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// goApp is a relying party made of go-oidc and golang.org/x/oauth2, as most Go programs have them.
type goApp struct {
	*hub
	ctx      context.Context //nolint:containedctx // it carries the HTTP client, as both libraries want it
	provider *oidc.Provider
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	server   *httptest.Server
	answer   url.Values // of the last answer at its redirect URI
	logout   []string   // logout tokens
}

// goApp registers a client and starts it. terms are further lines, each after a comma.
func (h *hub) goApp(name, alg, terms string, scopes ...string) *goApp {
	h.t.Helper()
	a := &goApp{hub: h}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) { a.answer = r.URL.Query() })
	mux.HandleFunc("POST /backchannel", func(_ http.ResponseWriter, r *http.Request) { a.logout = append(a.logout, r.FormValue("logout_token")) })
	mux.HandleFunc("GET /bye", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "goodbye "+r.FormValue("state")) })
	a.server = httptest.NewServer(mux)
	h.t.Cleanup(a.server.Close)
	base := strings.Replace(a.server.URL, "127.0.0.1", name+".localhost", 1)
	auth := "auth: none"
	if !strings.Contains(terms, auth) {
		auth = "secret_file: " + name + ".secret"
		h.write(name+".secret", clientSecret)
	}
	h.apply(name, fmt.Sprintf(`partner: %[1]s
name: App %[1]s
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc:
  { %[5]s, id_token_alg: %[3]s, redirect_uris: [%[2]s/callback], post_logout_redirect_uris: [%[2]s/bye],
    backchannel_logout_uri: '%[2]s/backchannel', scopes: [openid, profile, nhsperson, nationalrbacaccess, selectedrole, changedrole]%[4]s }
`, name, base, alg, strings.TrimSuffix(terms, ", auth: none"), auth))
	a.ctx = oidc.ClientContext(h.t.Context(), components.Follow(components.Client(h.t, h.ca)))
	var err error
	if a.provider, err = oidc.NewProvider(a.ctx, h.issuer); err != nil {
		h.t.Fatal(err)
	}
	a.config = oauth2.Config{ClientID: name, Endpoint: a.provider.Endpoint(), RedirectURL: base + "/callback", Scopes: scopes}
	if auth != "auth: none" {
		a.config.ClientSecret = clientSecret
	}
	a.verifier = a.provider.Verifier(&oidc.Config{ClientID: name, SupportedSigningAlgs: []string{alg}})
	return a
}

// cis2Claims are what an NHS app reads of an ID token.
type cis2Claims struct {
	Acr            string   `json:"acr"`
	Amr            []string `json:"amr"`
	Sid            string   `json:"sid"`
	AuthTime       int64    `json:"auth_time"`
	SelectedRole   string   `json:"selected_roleid"`
	Identity       string   `json:"id_assurance_level"`
	Authentication string   `json:"authentication_assurance_level"`
}

// signIn takes a browser through the app's sign-in. The browser may have to sign in first: then prove does it.
func (a *goApp) signIn(s *surfer, prove func(), options ...oauth2.AuthCodeOption) (*oauth2.Token, *oidc.IDToken, cis2Claims) {
	a.t.Helper()
	verifier, nonce := oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	s.open(a.config.AuthCodeURL("the-state", append(options, oauth2.S256ChallengeOption(verifier), oidc.Nonce(nonce))...))
	if prove != nil {
		prove()
	}
	if a.answer.Get("state") != "the-state" || a.answer.Get("iss") != a.issuer {
		s.fail("answer %v", a.answer)
	}
	token, err := a.config.Exchange(a.ctx, a.answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		s.fail("exchange: %v, answer %v", err, a.answer)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := a.verifier.Verify(a.ctx, raw)
	if err != nil {
		s.fail("ID token: %v", err)
	}
	var claims cis2Claims
	if err := errors.Join(id.Claims(&claims), id.VerifyAccessToken(token.AccessToken)); err != nil || id.Nonce != nonce || id.Subject != doctor {
		s.fail("ID token %+v, at_hash %q: %v", id, id.AccessTokenHash, err)
	}
	return token, id, claims
}

// TestGoClient: sign-in, claims, step-up, refresh, userinfo as JSON and signed, and sign-out from elsewhere, by the libraries of most Go programs.
func TestGoClient(t *testing.T) {
	h := startHub(t, "")
	for i, c := range []struct{ alg, terms string }{{"ES256", ", refresh: true"}, {"RS256", ", refresh: true, userinfo_alg: RS256, auth: client_secret_post"}, {"PS256", ", refresh: true"}} {
		a := h.goApp(fmt.Sprintf("go%d", i), c.alg, c.terms, oidc.ScopeOpenID, "profile", "nhsperson", "nationalrbacaccess", "selectedrole")
		s := h.newSurfer(doctor)
		token, _, claims := a.signIn(s, func() { s.signInByCard(doctorRole2) })
		if claims.SelectedRole != doctorRole2 || claims.Identity != "3" || claims.Authentication != "3" || claims.Sid == "" || len(claims.Amr) != 1 || time.Since(time.Unix(claims.AuthTime, 0)) > time.Minute {
			t.Fatalf("%s: %+v", c.alg, claims)
		}
		a.userinfo(a.config.TokenSource(a.ctx, token))
		if _, _, stepped := a.signIn(s, nil, oauth2.SetAuthURLParam("acr_values", "AAL3_ANY")); stepped.Acr != "AAL3_ANY" || stepped.AuthTime != claims.AuthTime || stepped.Sid != claims.Sid {
			t.Errorf("a card is enough for AAL3_ANY: %+v, before %+v", stepped, claims)
		}
		if _, _, again := a.signIn(s, func() { s.signInByCard("") }, oauth2.SetAuthURLParam("prompt", "login")); again.AuthTime < claims.AuthTime || again.SelectedRole != doctorRole2 {
			t.Errorf("prompt=login proves anew, in the same role: %+v, before %+v", again, claims)
		}
		if _, _, other := a.signIn(s, func() { s.submit("Continue", "role", doctorRole1) }, oauth2.SetAuthURLParam("scope", "openid changedrole")); other.SelectedRole != doctorRole1 {
			t.Errorf("changedrole: %+v", other)
		}
		token, _, claims = a.signIn(s, func() { s.submit("Continue", "role", doctorRole2) }, oauth2.SetAuthURLParam("scope", strings.Join(append(a.config.Scopes, "changedrole"), " ")))
		token.Expiry = time.Now().Add(-time.Second)
		source := a.config.TokenSource(a.ctx, token)
		renewed, err := source.Token()
		if err != nil || renewed.AccessToken == token.AccessToken || renewed.RefreshToken == token.RefreshToken {
			t.Fatalf("refresh: %+v, %v", renewed, err)
		}
		a.userinfo(source)
		a.signedOut(s, renewed, claims.Sid)
	}
}

func (a *goApp) userinfo(source oauth2.TokenSource) {
	a.t.Helper()
	info, err := a.provider.UserInfo(a.ctx, source)
	if err != nil {
		a.t.Fatal(err)
	}
	var claims struct {
		UID   string           `json:"uid"`
		Name  string           `json:"name"`
		Roles []map[string]any `json:"nhsid_nrbac_roles"`
	}
	if err := info.Claims(&claims); err != nil || info.Subject != doctor || claims.UID != doctor || claims.Name != "Dr Asha Example" || len(claims.Roles) != 1 || claims.Roles[0]["person_roleid"] != doctorRole2 {
		a.t.Errorf("userinfo %+v %+v, %v", info, claims, err)
	}
}

// signedOut signs out at the hub: the app is told by a token that the library takes, and its own tokens are worth nothing.
func (a *goApp) signedOut(s *surfer, token *oauth2.Token, sid string) {
	a.t.Helper()
	s.open(a.issuer + "/")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	if len(a.logout) != 1 {
		a.t.Fatalf("told %d times", len(a.logout))
	}
	out, err := a.verifier.VerifyLogout(a.ctx, a.logout[0])
	if err != nil || out.Subject != doctor || out.SessionID != sid {
		a.t.Errorf("logout token %+v of session %s: %v", out, sid, err)
	}
	if info, err := a.provider.UserInfo(a.ctx, oauth2.StaticTokenSource(token)); err == nil {
		a.t.Errorf("the access token outlived its session: %+v", info)
	}
	token.Expiry = time.Now().Add(-time.Second)
	var refused *oauth2.RetrieveError
	if _, err := a.config.TokenSource(a.ctx, token).Token(); !errors.As(err, &refused) || refused.ErrorCode != "invalid_grant" {
		a.t.Errorf("refresh after the sign-out: %v", err)
	}
}

// TestGoService: client credentials for a resource server, whose introspection agrees.
func TestGoService(t *testing.T) {
	h := startHub(t, "")
	h.write("fhir.secret", clientSecret+"-of-fhir")
	h.apply("fhir", "partner: fhir\nname: FHIR\nprotocol: oidc\nstage: live\noidc: { secret_file: fhir.secret, resource: ['https://fhir.rx1.example/r4'] }\n")
	a := h.goApp("worker", "ES256", ", grants: [authorization_code, client_credentials], resource_servers: [fhir]", oidc.ScopeOpenID, "profile", "selectedrole")
	service := clientcredentials.Config{ClientID: "worker", ClientSecret: clientSecret, TokenURL: a.config.Endpoint.TokenURL, EndpointParams: url.Values{"resource": {"https://fhir.rx1.example/r4"}}}
	token, err := service.Token(a.ctx)
	if err != nil || token.RefreshToken != "" || token.Type() != "Bearer" {
		t.Fatalf("client credentials: %+v, %v", token, err)
	}
	if _, body := a.introspect(token.AccessToken); !strings.Contains(body, `"active":true`) || !strings.Contains(body, `"aud":"https://fhir.rx1.example/r4"`) || !strings.Contains(body, `"client_id":"worker"`) {
		t.Errorf("introspection %s", body)
	}
}

// TestGoDevice: a device code. The library's DeviceAuth sends no client authentication, so that the client is a public one.
func TestGoDevice(t *testing.T) {
	h := startHub(t, "")
	a := h.goApp("tv", "ES256", ", grants: [authorization_code, 'urn:ietf:params:oauth:grant-type:device_code'], auth: none", oidc.ScopeOpenID, "profile", "selectedrole")
	code, err := a.config.DeviceAuth(a.ctx)
	if err != nil || code.UserCode == "" || code.Interval != 5 {
		t.Fatalf("device code: %+v, %v", code, err)
	}
	s := h.newSurfer(doctor)
	s.open(code.VerificationURIComplete)
	s.submit("Yes, continue")
	s.signInByCard(doctorRole2)
	s.submit("Yes, sign in on that device", "answer", "approve")
	token, err := a.config.DeviceAccessToken(a.ctx, code)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := a.verifier.Verify(a.ctx, raw)
	var claims cis2Claims
	if err != nil || id.Subject != doctor || id.Claims(&claims) != nil || claims.SelectedRole != doctorRole2 {
		t.Errorf("ID token %+v %+v, %v", id, claims, err)
	}
}

// introspect asks as the resource server does.
func (a *goApp) introspect(token string) (int, string) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.ctx, http.MethodPost, a.issuer+"/oidc/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("fhir", clientSecret+"-of-fhir")
	resp, err := components.Client(a.t, a.ca).Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		a.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}
