package e2e

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

const (
	cis2Path   = "/openam/oauth2/realms/root/realms/NHSIdentity/realms/Healthcare"
	cis2Client = "999999999999.apps.national"
)

// cis2App is an app of NHS CIS2 that knows nothing of this hub: it was written from how such apps behave, and is given an issuer.
type cis2App struct {
	t       *testing.T
	issuer  string
	client  *http.Client
	key     crypto.Signer
	alg     jose.SignatureAlgorithm
	base    string
	minimum int            // authentication assurance
	code    string         // the one role code that it knows
	org     string         // and the one organisation
	found   map[string]any // by discovery

	mu       sync.Mutex
	answer   url.Values
	sessions map[string]cis2Session // by sid
	used     map[string]bool        // jti
	rejected []string               // logout tokens that were not good
}

// cis2Session is what the app keeps on its server of somebody who is signed in.
type cis2Session struct {
	UID   string
	Role  map[string]any
	Since time.Time
}

func newCIS2App(t *testing.T, client *http.Client, alg jose.SignatureAlgorithm) *cis2App {
	t.Helper()
	a := &cis2App{t: t, client: client, alg: alg, key: components.RSAKey(t), minimum: 3, code: "S8000:G8000:R8001", org: "RX1", sessions: map[string]cis2Session{}, used: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/auth/cis2/callback", func(_ http.ResponseWriter, r *http.Request) { a.answer = r.URL.Query() })
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(a.jwks()) })
	mux.HandleFunc("POST /users/auth/cis2/backchannel_logout", a.backChannel)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	a.base = strings.Replace(server.URL, "127.0.0.1", "vaccinations.localhost", 1)
	return a
}

// thumb is the key id: the thumbprint of the key.
func (a *cis2App) thumb() string {
	key := jose.JSONWebKey{Key: a.key.Public()}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		a.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

func (a *cis2App) jwks() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: a.key.Public(), KeyID: a.thumb(), Use: "sig", Algorithm: string(a.alg)}}}
}

// document is what the administrator of the hub is given.
func (a *cis2App) document() string {
	return fmt.Sprintf(`partner: %s
name: Vaccinations
protocol: oidc
stage: live
require: { assurance: AAL2, identity: 3 }
release: [{ set: cis2 }]
oidc:
  { profile: cis2, id_token_alg: RS256, jwks_uri: '%s/jwks', redirect_uris: [%[2]s/users/auth/cis2/callback], backchannel_logout_uri: '%[2]s/users/auth/cis2/backchannel_logout',
    scopes: [openid, profile, email, nationalrbacaccess, associatedorgs, selectedrole, changedrole] }
`, cis2Client, a.base)
}

func (a *cis2App) get(address, bearer string, into any) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		a.t.Fatal(err)
	}
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	a.do(r, into)
}

func (a *cis2App) do(r *http.Request, into any) {
	a.t.Helper()
	resp, err := a.client.Do(r)
	if err != nil {
		a.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil || resp.StatusCode != http.StatusOK {
		a.t.Fatalf("%s %s: %d %s %v", r.Method, r.URL, resp.StatusCode, body, err)
	}
	if err := json.Unmarshal(body, into); err != nil {
		a.t.Fatal(err)
	}
}

// discover compares the issuer as text, as such apps do.
func (a *cis2App) discover(issuer string) {
	a.t.Helper()
	a.issuer = issuer
	a.get(issuer+"/.well-known/openid-configuration", "", &a.found)
	for claim, want := range map[string]string{
		"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/access_token",
		"userinfo_endpoint": issuer + "/userinfo", "jwks_uri": issuer + "/connect/jwk_uri", "end_session_endpoint": issuer + "/connect/endSession",
	} {
		if a.found[claim] != want {
			a.t.Fatalf("%s is %v, want %s", claim, a.found[claim], want)
		}
	}
}

// signIn sends a browser to sign in with a scope, and reads what comes back, in the order in which such an app does. The error is what its user would see.
func (a *cis2App) signIn(s *surfer, prove func(), scope string) (cis2Session, error) {
	a.t.Helper()
	s.open(a.issuer + "/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {cis2Client}, "redirect_uri": {a.base + "/users/auth/cis2/callback"}, "scope": {"openid profile email nationalrbacaccess associatedorgs " + scope},
		"acr_values": {"AAL2_OR_AAL3_ANY"}, "prompt": {"login"}, "state": {"a-state"}, "nonce": {"a-nonce"}, "max_age": {"300"},
	}.Encode())
	prove()
	if a.answer.Get("state") != "a-state" || a.answer.Get("code") == "" {
		return cis2Session{}, fmt.Errorf("answer %v", a.answer)
	}
	var tokens struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
		Type   string `json:"token_type"`
	}
	token := a.issuer + "/access_token"
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {a.answer.Get("code")}, "redirect_uri": {a.base + "/users/auth/cis2/callback"}, "client_id": {cis2Client},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {a.assertion(token)},
	}
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, token, strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	a.do(r, &tokens)
	claims := a.verify(tokens.ID)
	var info map[string]any
	a.get(a.issuer+"/userinfo?schema=openid", tokens.Access, &info)
	return a.check(claims, info)
}

// assertion authenticates the app: five minutes, for the token endpoint alone.
func (a *cis2App) assertion(audience string) string {
	a.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: a.alg, Key: jose.JSONWebKey{Key: a.key, KeyID: a.thumb()}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		a.t.Fatal(err)
	}
	now := time.Now()
	out, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: cis2Client, Subject: cis2Client, Audience: jwt.Audience{audience}, ID: strconv.FormatInt(now.UnixNano(), 36), IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute))}).Serialize()
	if err != nil {
		a.t.Fatal(err)
	}
	return out
}

// verify takes RS256 and nothing else, by the keys at jwks_uri.
func (a *cis2App) verify(token string) map[string]any {
	a.t.Helper()
	claims, err := a.verified(token)
	if err != nil {
		a.t.Fatalf("%v: %s", err, token)
	}
	return claims
}

func (a *cis2App) verified(token string) (map[string]any, error) {
	var keys jose.JSONWebKeySet
	a.get(fmt.Sprint(a.found["jwks_uri"]), "", &keys)
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, err
	}
	with := keys.Key(parsed.Headers[0].KeyID)
	if len(with) != 1 {
		return nil, fmt.Errorf("%d keys %q", len(with), parsed.Headers[0].KeyID)
	}
	claims := map[string]any{}
	if err := parsed.Claims(with[0].Key, &claims); err != nil {
		return nil, err
	}
	if claims["iss"] != a.issuer || claims["aud"] != cis2Client { // as text: not a list
		return nil, fmt.Errorf("iss %v, aud %v", claims["iss"], claims["aud"])
	}
	return claims, nil
}

// check is the sequence of checks before anybody is let in.
func (a *cis2App) check(claims, info map[string]any) (cis2Session, error) {
	text := func(m map[string]any, name string) string { s, _ := m[name].(string); return s }
	number := func(name string) int { n, _ := strconv.Atoi(text(claims, name)); return n }
	signedIn, _ := claims["auth_time"].(float64)
	switch {
	case claims["nonce"] != "a-nonce":
		return cis2Session{}, errors.New("nonce")
	case text(claims, "sub") == "" || text(info, "uid") != text(info, "sub") || info["sub"] != claims["sub"]:
		return cis2Session{}, fmt.Errorf("uid and sub differ: %v, %v, %v", info["uid"], info["sub"], claims["sub"])
	case number("id_assurance_level") < 3:
		return cis2Session{}, fmt.Errorf("id_assurance_level is %v", claims["id_assurance_level"])
	case number("authentication_assurance_level") < a.minimum:
		return cis2Session{}, fmt.Errorf("authentication_assurance_level is %v", claims["authentication_assurance_level"])
	case time.Since(time.Unix(int64(signedIn), 0)).Abs() > 5*time.Minute:
		return cis2Session{}, fmt.Errorf("auth_time is %v", claims["auth_time"])
	case text(claims, "selected_roleid") == "":
		return cis2Session{}, errors.New("no role is selected")
	}
	roles, _ := info["nhsid_nrbac_roles"].([]any)
	for _, r := range roles {
		role, _ := r.(map[string]any)
		if role["person_roleid"] != claims["selected_roleid"] {
			continue
		}
		if role["role_code"] != a.code {
			return cis2Session{}, fmt.Errorf("role not found: %v at %v", role["role_name"], role["org_name"])
		}
		if role["org_code"] != a.org {
			return cis2Session{}, errors.New("organisation not found")
		}
		session := cis2Session{UID: text(info, "uid"), Role: role, Since: time.Unix(int64(signedIn), 0)}
		a.mu.Lock()
		a.sessions[text(claims, "sid")] = session
		a.mu.Unlock()
		return session, nil
	}
	return cis2Session{}, errors.New("the selected role is not among the roles")
}

// backChannel takes a logout token, answering 200 or 400.
func (a *cis2App) backChannel(w http.ResponseWriter, r *http.Request) {
	claims, err := a.verified(r.FormValue("logout_token"))
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		err = a.end(claims)
	}
	if err != nil {
		a.rejected = append(a.rejected, err.Error())
		w.WriteHeader(http.StatusBadRequest)
	}
}

func (a *cis2App) end(claims map[string]any) error {
	issued, _ := claims["iat"].(float64)
	events, _ := claims["events"].(map[string]any)
	sid, _ := claims["sid"].(string)
	jti, _ := claims["jti"].(string)
	session, known := a.sessions[sid]
	switch age := time.Since(time.Unix(int64(issued), 0)); {
	case age > 5*time.Minute || age < -time.Second:
		return fmt.Errorf("iat is %v", claims["iat"])
	case events["http://schemas.openid.net/event/backchannel-logout"] == nil:
		return fmt.Errorf("events are %v", events)
	case claims["nonce"] != nil || jti == "" || a.used[jti]:
		return fmt.Errorf("nonce %v, jti %q", claims["nonce"], jti)
	case !known || session.UID != claims["sub"] || time.Unix(int64(issued), 0).Before(session.Since):
		return fmt.Errorf("nobody is signed in as %v in %q", claims["sub"], sid)
	}
	a.used[jti] = true
	delete(a.sessions, sid)
	return nil
}

// on443 has every address without a port, or with 443, reached at a port of this machine.
func on443(port string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, to, err := net.SplitHostPort(address); err == nil && to == "443" {
			address = net.JoinHostPort(host, port)
		}
		return components.DialLocalhost(ctx, network, address)
	}
}

// TestCIS2App: an app written for CIS2 is pointed at the hub by its issuer alone, with :443 in it as that service has it, and at a hub on another port.
func TestCIS2App(t *testing.T) {
	for _, c := range []struct {
		name, issuer, want string
		alg                jose.SignatureAlgorithm
	}{
		{"default port", "https://hub.localhost", "https://hub.localhost:443" + cis2Path, jose.RS512},
		{"another port", "", "", jose.RS256},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := startHubWith(t, "", "oidc: { cis2: { path: "+cis2Path+" } }")
			client, s := components.Client(t, h.ca), h.newSurfer(doctor)
			if c.issuer == "" {
				c.want = h.issuer + cis2Path
			} else {
				h.moveTo(c.issuer, client, s.client)
			}
			a := newCIS2App(t, client, c.alg)
			h.apply("vaccinations", a.document())
			a.discover(c.want)
			a.shift(s)
		})
	}
}

// moveTo starts the hub anew with an issuer on the default port, where browsers and apps find it by way of its old port.
func (h *hub) moveTo(issuer string, clients ...*http.Client) {
	h.t.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(h.issuer, "https://"), ":")
	config, err := os.ReadFile(h.path("lanyard.yaml"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.proc.Close()
	h.write("lanyard.yaml", strings.Replace(string(config), "issuer: "+h.issuer, "issuer: "+issuer, 1))
	h.issuer = issuer
	h.serve()
	for _, c := range clients {
		if transport, ok := c.Transport.(*http.Transport); ok {
			transport.DialContext = on443(port)
		}
	}
}

// shift is a morning with the app: the wrong role, the right one, another app's sign-out.
func (a *cis2App) shift(s *surfer) {
	a.t.Helper()
	if _, err := a.signIn(s, func() { s.signInByCard(doctorRole1) }, "selectedrole"); err == nil || !strings.Contains(err.Error(), `role not found: "Clinical":"Clinical Provision":"Clinical Practitioner Access Role" at EXAMPLE HOSPITAL`) {
		a.t.Fatalf("a role that the app does not know: %v", err)
	}
	got, err := a.signIn(s, func() { s.signInByCard(doctorRole2) }, "selectedrole changedrole") // the page's "Change role"
	if err != nil || got.UID != doctor || got.Role["person_roleid"] != doctorRole2 || got.Role["activities"] != nil {
		a.t.Fatalf("%+v, %v", got, err)
	}
	a.minimum = 4 // an app that wants more than there is
	if _, err := a.signIn(s, func() { s.signInByCard("") }, "selectedrole"); err == nil || !strings.Contains(err.Error(), "authentication_assurance_level is 3") {
		a.t.Errorf("assurance: %v", err)
	}
	a.minimum = 3
	s.open(s.hub.issuer + "/")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sessions) != 0 || len(a.used) != 1 || len(a.rejected) != 0 {
		a.t.Errorf("after the sign-out: sessions %v, used %v, rejected %v", a.sessions, a.used, a.rejected)
	}
}

// TestCIS2AppAtTheDemo: the demo has that issuer too, over http, and other commands reach it by demo.yaml.
func TestCIS2AppAtTheDemo(t *testing.T) {
	h := &hub{t: t, bin: binary(t), dir: t.TempDir()}
	port, dir := components.FreePort(t), t.TempDir()
	h.proc = components.Start(t, components.Command{Path: h.bin, Args: []string{"demo", "--dir", dir, "--port", strconv.Itoa(port), "--no-browser"}})
	h.proc.WaitOutput("Press Ctrl-C", 60*time.Second)
	h.issuer, h.config = fmt.Sprintf("http://hub.localhost:%d", port), filepath.Join(dir, "demo.yaml")
	client := components.Client(t, nil)
	a, s := newCIS2App(t, client, jose.RS512), &surfer{t: t, hub: h, client: components.Client(t, nil)}
	h.write("vaccinations.yaml", a.document())
	h.run("partner", "apply", "-f", h.path("vaccinations.yaml"))
	a.discover(h.issuer + cis2Path)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) { // until the demo has noticed
		if s.open(a.issuer + "/authorize?client_id=" + cis2Client); !strings.Contains(s.body, "is not registered with this hub") || time.Now().After(deadline) {
			break
		}
	}
	a.code, a.org = "S8000:G8000:R8000", "ZZ902"
	got, err := a.signIn(s, func() {
		s.follow("Use a demo smartcard")
		s.submit("Dr Asha Example", "uid", "555000000107")
		s.submit("Continue", "role", "555020001001")
	}, "selectedrole")
	if err != nil || got.UID != "555000000107" || got.Role["person_roleid"] != "555020001001" {
		t.Fatalf("%+v, %v", got, err)
	}
	s.open(h.issuer + "/signout")
	s.submit("Sign out")
	s.see("You are signed out everywhere")
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.sessions) != 0 || len(a.rejected) != 0 {
		t.Errorf("sessions %v, rejected %v", a.sessions, a.rejected)
	}
}
