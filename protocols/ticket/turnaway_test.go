package ticket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Systems that are not admitted are told by a SAML 1.x status; browsers by a page.
func TestTurnedAway(t *testing.T) {
	for _, route := range newWorld(t).room.Routes() {
		if (route.TurnAway != nil) != (route.Name == "ticket_assertion" || route.Name == "ticket_destroy") {
			t.Errorf("%s: own form %v", route.Name, route.TurnAway != nil)
		}
		if route.TurnAway == nil {
			continue
		}
		for reason, status := range map[bridge.Reason]int{bridge.Throttled: http.StatusTooManyRequests, bridge.Unavailable: http.StatusServiceUnavailable} {
			rec := httptest.NewRecorder()
			route.TurnAway(rec, httptest.NewRequest(route.Method, route.Path, nil), bridge.Refuse(reason, "Later.").WithCode("busy"))
			if rec.Code != status || !strings.Contains(rec.Body.String(), `"samlp:Responder"`) {
				t.Errorf("%s: %d %s", route.Name, rec.Code, rec.Body)
			}
		}
	}
}
