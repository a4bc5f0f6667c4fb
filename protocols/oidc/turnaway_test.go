package oidc

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// Clients that are not admitted are told in JSON; browsers, whose routes have no form of their own, by a page.
func TestTurnedAway(t *testing.T) {
	machine := map[string]bool{"oidc_token": true, "oidc_userinfo": true, "oidc_revoke": true, "oidc_introspect": true, "oidc_par": true, "oidc_launch": true, "oidc_device_authorization": true, "oidc_backchannel_authentication": true}
	for _, route := range newWorld(t).p.Routes() {
		if (route.TurnAway != nil) != machine[route.Name] || (route.Class == web.Machine) != machine[route.Name] {
			t.Errorf("%s: class %d, own form %v", route.Name, route.Class, route.TurnAway != nil)
		}
		if route.TurnAway == nil {
			continue
		}
		for reason, status := range map[bridge.Reason]int{bridge.Throttled: http.StatusTooManyRequests, bridge.Unavailable: http.StatusServiceUnavailable} {
			rec := httptest.NewRecorder()
			rec.Header().Set("Retry-After", "5")
			route.TurnAway(rec, httptest.NewRequest(route.Method, route.Path, nil), bridge.Refuse(reason, "Later.").WithCode("busy"))
			if rec.Code != status || rec.Header().Get("Retry-After") != "5" || !strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") ||
				!strings.Contains(rec.Body.String(), `"error":"temporarily_unavailable"`) {
				t.Errorf("%s: %d %v %s", route.Name, rec.Code, rec.Header(), rec.Body)
			}
		}
	}
}
