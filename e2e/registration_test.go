package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

// TestClientsRegisterThemselves: openid-client registers by an invitation, signs somebody in, changes its keys and its name, and goes.
// What it may have the administrator decided beforehand.
func TestClientsRegisterThemselves(t *testing.T) {
	dir := t.TempDir()
	template := `
protocol: oidc
stage: test
require: { assurance: AAL2 }
release: [{ set: cis2 }]
oidc: { scopes: [openid, profile], grants: [authorization_code, refresh_token] }
`
	if err := os.WriteFile(dir+"/registration.yaml", []byte(template), 0o600); err != nil {
		t.Fatal(err)
	}
	h := startHubWith(t, "", "oidc: { registration: { mode: token, template_file: "+dir+"/registration.yaml } }")
	invite := func(args ...string) string {
		return strings.TrimSpace(h.run(append([]string{"partner", "invite", "--name", "Supplier"}, args...)...))
	}
	everything := "openid profile email nationalrbacaccess"
	l := h.startLibrary(
		libraryClient{Name: "keyed", Auth: "private_key_jwt", Register: &selfRegistration{invite(), map[string]any{
			"client_name": "Ward Whiteboard", "scope": everything, "grant_types": []string{"authorization_code", "refresh_token"},
			"userinfo_signed_response_alg": "ES256", "id_token_signed_response_alg": "ES256", "contacts": []string{"dev@supplier.example"},
		}}},
		libraryClient{Name: "secret", Auth: "client_secret_post", Register: &selfRegistration{invite(), map[string]any{"client_name": "Bed Board", "subject_type": "pairwise"}}},
	)
	l.WaitOutput("registered keyed", 20*time.Second)
	l.WaitOutput("registered secret", 20*time.Second)
	s := h.newSurfer(doctor)
	s.open(l.base + "/keyed/start")
	s.signInByCard("")
	first := s.read()
	if first.Refused != nil || first.Claims.Sub != doctor || first.Scope != "openid profile" || first.Userinfo["name"] != "Dr Asha Example" || first.Userinfo["email"] != nil {
		s.fail("%+v %+v", first, first.Refused)
	}
	s.open(l.base + "/secret/start")
	if got := s.read(); got.Refused != nil || got.Claims.Sub == doctor || got.Claims.Sub == "" {
		s.fail("pairwise: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/keyed/rotate")
	time.Sleep(11 * time.Second) // the hub looks again for a key that it does not know, but not at once
	s.open(l.base + "/keyed/refresh")
	if got := s.read(); got.Refused != nil || !got.Rotated {
		s.fail("after a change of keys: %+v", got.Refused)
	}
	l.manage(s)
	if list := h.run("partner", "list"); strings.Contains(list, "Whiteboard") || !strings.Contains(list, "Bed Board") {
		t.Errorf("list:\n%s", list)
	}
	if list := h.run("partner", "invitations"); strings.Count(list, "1 of 1") != 2 {
		t.Errorf("invitations:\n%s", list)
	}
	if record := h.run("audit", "query"); strings.Count(record, `"client_registered"`) != 4 || strings.Count(record, `"invitation_changed"`) != 2 {
		t.Errorf("record:\n%s", record)
	}
}

// manage reads, renames and ends the client with keys.
func (l library) manage(s *surfer) {
	s.t.Helper()
	read := func(path string) map[string]any {
		s.t.Helper()
		s.open(l.base + path)
		var out map[string]any
		if err := json.Unmarshal([]byte(s.body), &out); err != nil || out["refused"] != nil {
			s.fail("%s: %s", path, s.body)
		}
		return out
	}
	if got := read("/keyed/registered"); got["client_name"] != "Ward Whiteboard" || got["scope"] != "openid profile" || got["registration_access_token"] == "" {
		s.fail("registered %v", got)
	}
	if got := read("/keyed/rename?to=Whiteboard+7"); got["client_name"] != "Whiteboard 7" || got["jwks_uri"] != l.base+"/keyed/jwks" {
		s.fail("renamed %v", got)
	}
	if got := read("/keyed/withdraw"); got["status"] != 204.0 {
		s.fail("withdrawn %v", got)
	}
	s.open(l.base + "/keyed/registered")
	if got := s.read(); got.Refused == nil {
		s.fail("still registered: %s", s.body)
	}
	s.open(l.base + "/keyed/refresh")
	if got := s.read(); got.Refused == nil || got.Refused.Error != "invalid_client" {
		s.fail("its grant lives on: %s", s.body)
	}
}

// TestAdministratorsOfRegistration: who was not invited is told what it needs, an invitation can be taken back, and a client that
// registered itself is suspended and removed like any other.
func TestAdministratorsOfRegistration(t *testing.T) {
	h := startHubWith(t, "", "oidc: { registration: { mode: token } }")
	ask := func(method, address, token, body string) (int, map[string]any) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		resp, err := components.Client(t, h.ca).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var out map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, out
	}
	const client = `{"redirect_uris":["https://epr.example/cb"],"client_name":"Bed Board"}`
	register := func(token string) (int, map[string]any) {
		return ask(http.MethodPost, h.issuer+"/oidc/register", token, client)
	}
	if status, got := register(""); status != http.StatusUnauthorized || got["error"] != "invalid_token" {
		t.Errorf("uninvited: %d %v", status, got)
	}
	revoked := strings.TrimSpace(h.run("partner", "invite", "--name", "Supplier"))
	id, _, _ := strings.Cut(revoked, ".")
	h.run("partner", "uninvite", id)
	if status, got := register(revoked); status != http.StatusUnauthorized || got["error"] != "invalid_token" {
		t.Errorf("by a revoked invitation: %d %v", status, got)
	}
	status, made := register(strings.TrimSpace(h.run("partner", "invite", "--name", "Supplier")))
	if status != http.StatusCreated || made["subject_type"] != "pairwise" || made["scope"] != "openid" {
		t.Fatalf("%d %v", status, made)
	}
	read := func() int {
		status, _ := ask(http.MethodGet, made["registration_client_uri"].(string), made["registration_access_token"].(string), "")
		return status
	}
	if got := read(); got != http.StatusOK {
		t.Errorf("read: %d", got)
	}
	for _, c := range []struct {
		command string
		want    int
	}{{"suspend", http.StatusForbidden}, {"remove", http.StatusUnauthorized}} {
		h.run("partner", c.command, made["client_id"].(string))
		for deadline := time.Now().Add(10 * time.Second); read() != c.want; time.Sleep(100 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("after %s: %d, want %d", c.command, read(), c.want)
			}
		}
	}
	if _, _, code := h.try("partner", "uninvite", "nobody"); code != 4 {
		t.Errorf("exit %d", code)
	}
}
