package oidc

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestInteraction: userinfo repeats the identifier of a call, and makes one where there is none that can be repeated.
func TestInteraction(t *testing.T) {
	w := newWorld(t)
	access := w.tokens(w.redeem("basic", w.browser().code("basic"))).Access
	for name, c := range map[string]struct {
		sent     string
		repeated bool
	}{
		"sent":         {"c770aef3-6784-41f7-8e0e-ff5f97bddb3a", true},
		"capitals":     {"C770AEF3-6784-41F7-8E0E-FF5F97BDDB3A", true},
		"none":         {"", false},
		"no UUID":      {"<script>", false},
		"too long":     {strings.Repeat("c770aef3-6784-41f7-8e0e-ff5f97bddb3a", 2), false},
		"without dash": {strings.Repeat("c", 36), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, issuer+userinfoPath, nil)
			r.Header.Set("Authorization", "Bearer "+access)
			r.Header.Set("X-FAPI-Interaction-ID", c.sent)
			got := w.send(r).header.Get("X-FAPI-Interaction-ID")
			if !interactions.MatchString(got) || (got == c.sent) != c.repeated {
				t.Errorf("answered %q", got)
			}
		})
	}
}
