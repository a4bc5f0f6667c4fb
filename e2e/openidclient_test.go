package e2e

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// libraryClient is one client of the relying party of testdata/openid-client.
type libraryClient struct {
	Name    string `json:"name"`
	ID      string `json:"id"`
	Auth    string `json:"auth"`
	Alg     string `json:"alg"`
	Secret  string `json:"secret,omitempty"`
	Key     string `json:"key,omitempty"` // PEM
	KeyID   string `json:"kid,omitempty"`
	Flow    string `json:"flow,omitempty"` // hybrid (code id_token) or implicit (id_token); empty: code
	JARM    string `json:"jarm,omitempty"` // algorithm of answers by JWT; empty: it takes none
	DPoP    bool   `json:"dpop,omitempty"` // it proves to have a key
	Cert    string `json:"cert,omitempty"` // file with the certificate that it shows
	CertKey string `json:"cert_key,omitempty"`
	Terms   string `json:"-"` // further terms of its own, each after a comma; AT stands for its address
	// Introspection is the algorithm of the answers that it asks for as JWTs.
	Introspection string `json:"introspection,omitempty"`
	// Register: the client registers itself.
	Register *selfRegistration `json:"register,omitempty"`
}

// selfRegistration is how a client registers itself.
type selfRegistration struct {
	Token    string         `json:"token"`
	Metadata map[string]any `json:"metadata"`
}

// library is a relying party made of openid-client, a certified client library for Node.js.
type library struct {
	*components.Process
	base string
}

// startLibrary registers clients and starts their relying party. npm puts in what the lock file names; its own
// cache makes that quick the second time.
func (h *hub) startLibrary(clients ...libraryClient) library {
	h.t.Helper()
	return h.startLibraryAt(components.FreePort(h.t), clients...)
}

// startLibraryAt is startLibrary for clients whose terms name the port.
func (h *hub) startLibraryAt(port int, clients ...libraryClient) library {
	h.t.Helper()
	l := library{base: fmt.Sprintf("http://app.localhost:%d", port)}
	dir := h.t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "client.mjs"} {
		data, err := os.ReadFile(filepath.Join("testdata", "openid-client", name))
		if err != nil {
			h.t.Fatal(err)
		}
		h.put(dir, name, data)
	}
	for i := range clients {
		if clients[i].Register == nil {
			h.register(&clients[i], l.base)
		}
	}
	config, err := json.Marshal(map[string]any{"issuer": h.issuer, "base": l.base, "clients": clients})
	if err != nil {
		h.t.Fatal(err)
	}
	h.put(dir, "config.json", config)
	npm := components.Command{Path: "npm", Args: []string{"ci", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}, Dir: dir}
	if out, errs, code := components.Run(h.t, npm); code != 0 {
		h.t.Fatalf("npm ci: exit %d\n%s%s", code, out, errs)
	}
	// Node 18 needs the flag, newer ones have what it switches on.
	l.Process = components.Start(h.t, components.Command{Path: "node", Args: []string{"--experimental-global-webcrypto", "client.mjs"}, Dir: dir, Env: map[string]string{"NODE_EXTRA_CA_CERTS": h.ca.File}})
	l.WaitOutput("ready", 20*time.Second)
	return l
}

func (h *hub) put(dir, name string, data []byte) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// register makes a client's credentials and approves its terms.
func (h *hub) register(c *libraryClient, base string) {
	h.t.Helper()
	credentials := ""
	switch c.Auth {
	case "private_key_jwt":
		key := components.ECKey(h.t)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			h.t.Fatal(err)
		}
		c.KeyID, c.Key = "app-1", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
		jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: c.KeyID, Use: "sig", Algorithm: "ES256"}}})
		if err != nil {
			h.t.Fatal(err)
		}
		h.put(h.dir, c.Name+".jwks", jwks)
		credentials = ", jwks_file: " + c.Name + ".jwks"
	case "none", "tls_client_auth", "self_signed_tls_client_auth":
	default:
		c.Secret = "a +secret:of/" + c.Name + "%20with marks" // the library has to encode it, and the hub to decode it
		h.write(c.Name+".secret", c.Secret)
		credentials = ", secret_file: " + c.Name + ".secret"
	}
	at := base + "/" + c.Name
	h.apply(c.Name, fmt.Sprintf(`partner: %s
name: App %s
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc:
  { auth: %s%s, id_token_alg: %s, refresh: true, redirect_uris: [%q], post_logout_redirect_uris: [%q], backchannel_logout_uri: %q,
    scopes: [openid, profile, nhsperson, nationalrbacaccess, selectedrole, fhir.read]%s }
`, c.ID, c.Name, c.Auth, credentials, c.Alg, at+"/callback", at+"/bye", at+"/backchannel", strings.ReplaceAll(c.Terms, "'AT/", "'"+at+"/")))
}

// told is what the relying party prints.
type told struct {
	Claims struct {
		Sub, Sid, Acr string
		Role          string `json:"selected_roleid"`
		FamilyName    string `json:"family_name"`
	}
	Scope, Type   string
	Expires       float64
	Rotated       bool
	Userinfo      map[string]any
	Introspection map[string]any
	State         string
	Refused       *refused
	Refresh, User json.RawMessage
}

// refused is what the library says when it does not accept an answer, or got an error.
type refused struct{ Name, Code, Error, Message, Cause string }

func (s *surfer) read() told {
	s.t.Helper()
	var out told
	if err := json.Unmarshal([]byte(s.body), &out); err != nil {
		s.fail("not JSON: %v", err)
	}
	return out
}

// TestOpenIDClientLibrary drives every kind of client through a library that checks what standards say it must.
func TestOpenIDClientLibrary(t *testing.T) {
	h := startHub(t, "")
	clients := []libraryClient{
		{Name: "assertion", ID: "999999999911.apps.national", Auth: "private_key_jwt", Alg: "ES256"},
		{Name: "basic", ID: "999999999912.apps.national", Auth: "client_secret_basic", Alg: "RS256"},
		{Name: "post", ID: "999999999913.apps.national", Auth: "client_secret_post", Alg: "PS384"},
		{Name: "public", ID: "999999999914.apps.national", Auth: "none", Alg: "ES256"},
	}
	l := h.startLibrary(clients...)
	s := h.newSurfer(doctor)
	s.open(l.base + "/assertion/start?prompt=none")
	if got := s.read(); got.Refused == nil || got.Refused.Name != "AuthorizationResponseError" || got.Refused.Error != "login_required" {
		s.fail("nobody is signed in: %+v", got.Refused)
	}
	for i, c := range clients {
		s.open(l.base + "/" + c.Name + "/start")
		if i == 0 {
			s.signInByCard(doctorRole2)
		}
		first := s.read()
		if first.Refused != nil || first.Claims.Sub != doctor || first.Claims.Role != doctorRole2 || first.Userinfo["name"] != "Dr Asha Example" || first.Claims.Sid == "" {
			s.fail("%s: %+v %+v", c.Name, first, first.Refused)
		}
		s.open(l.base + "/" + c.Name + "/refresh")
		again := s.read()
		if again.Refused != nil || !again.Rotated || again.Claims.Sid != first.Claims.Sid || again.Userinfo["uid"] != doctor {
			s.fail("%s: refresh %+v %+v", c.Name, again, again.Refused)
		}
		if c.Auth != "none" && (again.Introspection["active"] != true || again.Introspection["client_id"] != c.ID) {
			s.fail("%s: introspection %v", c.Name, again.Introspection)
		}
	}
	l.formPost(s)
	l.revoked(s)
	l.signOut(s)
}

// formPost takes the answer by the browser's POST.
func (l library) formPost(s *surfer) {
	s.t.Helper()
	s.open(l.base + "/basic/start?response_mode=form_post&acr_values=AAL3_ANY")
	s.autopost()
	if got := s.read(); got.Refused != nil || got.Claims.Sub != doctor || got.Claims.Acr != "AAL3_ANY" {
		s.fail("form_post: %+v %+v", got, got.Refused)
	}
}

// revoked tokens are refused in the way that the library understands.
func (l library) revoked(s *surfer) {
	s.t.Helper()
	s.open(l.base + "/post/revoke")
	var got struct{ Refresh, Userinfo refused }
	if err := json.Unmarshal([]byte(s.body), &got); err != nil {
		s.fail("not refused: %v", err)
	}
	if got.Refresh.Error != "invalid_grant" || got.Userinfo.Error != "invalid_token" {
		s.fail("%+v", got)
	}
}

// signOut leaves by one client; the others are told, with tokens that verify.
func (l library) signOut(s *surfer) {
	s.t.Helper()
	s.open(l.base + "/assertion/logout")
	if got := s.read(); got.State != "left" || !strings.HasPrefix(s.url.String(), l.base+"/assertion/bye") {
		s.fail("sign-out did not come back")
	}
	for _, name := range []string{"basic", "post", "public"} {
		s.open(l.base + "/" + name + "/told")
		var tokens []map[string]any
		if err := json.Unmarshal([]byte(s.body), &tokens); err != nil || len(tokens) != 1 || tokens[0]["sub"] != doctor {
			s.fail("%s was told %v: %v", name, tokens, err)
		}
	}
	s.open(l.base + "/basic/refresh")
	if got := s.read(); got.Refused == nil || got.Refused.Error != "invalid_grant" {
		s.fail("a refresh token outlived the session: %+v", got)
	}
}
