package oidc

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

const logoPNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

// TestRegisterLogo: a logo at the client's own host is fetched once, with care, and kept; any other is not fetched, and what is no picture is
// not kept. The client is registered in every case (OpenID Connect Dynamic Client Registration 1.0, sections 2 and 9.1).
func TestRegisterLogo(t *testing.T) {
	w := newRegistrations(t, false, permits)
	w.registrar.Max = 100
	picture, err := base64.StdEncoding.DecodeString(logoPNG)
	must(t, err)
	w.documents["https://epr.example/logo.png"] = string(picture)
	w.documents["https://epr.example/logo.svg"] = `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`
	w.documents["https://evil.example/logo.png"] = string(picture)
	for uri, c := range map[string]struct{ fetched, kept string }{
		"https://epr.example/logo.png":  {"https://epr.example/logo.png guarded", logoPNG},
		"https://epr.example/logo.svg":  {"https://epr.example/logo.svg guarded", ""},
		"https://epr.example/missing":   {"https://epr.example/missing guarded", ""},
		"https://evil.example/logo.png": {"", ""},
		"https://epr.example.evil/l":    {"", ""},
		"https://169.254.169.254/logo":  {"", ""},
	} {
		client := w.client(`,"logo_uri":"` + uri + `"`)
		d, _, err := w.registrar.Current(t.Context(), client.ID)
		must(t, err)
		if fetched := w.fetches(); fetched != c.fetched || d.OIDC.Logo != c.kept || d.OIDC.LogoURI != uri {
			t.Errorf("%s: fetched %q, kept %q", uri, fetched, d.OIDC.Logo)
		}
	}
	client := w.client(`,"logo_uri":"https://epr.example/logo.png"`)
	told := w.ask(http.MethodGet, client.path(), client.Token, "")
	if !strings.Contains(told.body, `"logo_uri":"https://epr.example/logo.png"`) || strings.Contains(told.body, logoPNG) {
		t.Errorf("told %s", told.body)
	}
	w.documents["https://epr.example/logo.png"] = "something else by now"
	p, err := w.registry.Partner(trust.OIDC, client.ID)
	if err != nil || p.Pages().Logo == nil || string(p.Pages().Logo.Data) != string(picture) {
		t.Errorf("what was kept is not what is shown: %v", err)
	}
	w.fetches()
	w.registered(w.ask(http.MethodPut, client.path(), client.Token, `{"client_id":"`+client.ID+`",`+usual+`}`), 200)
	if d, _, err := w.registrar.Current(t.Context(), client.ID); err != nil || d.OIDC.Logo != "" || w.fetches() != "" {
		t.Errorf("a logo that is taken back stays: %v", err)
	}
	w.fail = errors.New("unreachable")
	if lame := w.client(`,"logo_uri":"https://epr.example/logo.png"`); lame.ID == "" {
		t.Error("a client whose server is down is not registered")
	}
	for range placesOfStrangers {
		w.p.doubtful.enter()
	}
	w.refused("too many at once", w.ask(http.MethodPost, registerPath, w.invite(1, ""), `{`+usual+`,"logo_uri":"https://epr.example/logo.png"}`), 503, "temporarily_unavailable", "keys_busy")
}
