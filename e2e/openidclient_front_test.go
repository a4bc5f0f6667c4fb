package e2e

import (
	"net/url"
	"strings"
	"testing"
)

// TestOpenIDClientByTheBrowser: a client of the hybrid flow and one of the implicit flow, whose library checks nonce, c_hash and that nothing is
// missing or said twice. What is not configured is not had.
func TestOpenIDClientByTheBrowser(t *testing.T) {
	h := startHubWith(t, "", "oidc: { response_types: [id_token, code id_token] }")
	l := h.startLibrary(
		libraryClient{Name: "hybrid", ID: "hybrid", Auth: "client_secret_basic", Alg: "ES256", Flow: "hybrid", Terms: ", response_types: [code id_token]"},
		libraryClient{Name: "wide", ID: "wide", Auth: "client_secret_basic", Alg: "RS512", Flow: "hybrid", Terms: ", response_types: [code id_token]"},
		libraryClient{Name: "implicit", ID: "implicit", Auth: "none", Alg: "ES256", Flow: "implicit", Terms: ", response_types: [id_token], grants: [implicit, refresh_token]"},
		libraryClient{Name: "plain", ID: "plain", Auth: "none", Alg: "ES256", Flow: "implicit"},
	)
	s := h.newSurfer(doctor)
	handOver := func(name string) told {
		t.Helper()
		s.open(l.base + "/" + name + "/fragment?at=" + url.QueryEscape(s.url.String()))
		return s.read()
	}
	s.open(l.base + "/implicit/start?prompt=none")
	if got := handOver("implicit"); got.Refused == nil || got.Refused.Error != "login_required" {
		s.fail("nobody is signed in: %+v", got.Refused)
	}
	s.open(l.base + "/hybrid/start")
	s.signInByCard(doctorRole2)
	first := handOver("hybrid")
	if first.Refused != nil || first.Claims.Sub != doctor || first.Claims.Role != doctorRole2 || first.Userinfo["name"] != "Dr Asha Example" {
		s.fail("hybrid: %+v %+v", first, first.Refused)
	}
	s.open(l.base + "/hybrid/refresh")
	if got := s.read(); got.Refused != nil || !got.Rotated {
		s.fail("hybrid, refreshed: %+v", got.Refused)
	}
	s.open(l.base + "/wide/start?response_mode=form_post")
	s.autopost()
	if got := s.read(); got.Refused != nil || got.Claims.Sub != doctor || got.Claims.Sid == first.Claims.Sid {
		s.fail("hybrid by a form: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/implicit/start")
	if got := handOver("implicit"); got.Refused != nil || got.Claims.Sub != doctor || got.Claims.FamilyName != "Example" {
		s.fail("implicit: %+v %+v", got, got.Refused)
	}
	s.open(l.base + "/plain/start")
	if got := handOver("plain"); got.Refused == nil || got.Refused.Error != "unauthorized_client" {
		s.fail("what its terms do not name: %+v", got)
	}
	if record := h.audit("--kind", "issued"); strings.Count(record, `"issued"`) != 3 {
		t.Errorf("on record:\n%s", record)
	}
}
