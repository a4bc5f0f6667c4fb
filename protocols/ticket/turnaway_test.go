package ticket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// Systems and agents that are not admitted are told in the form they know; browsers by a page.
func TestTurnedAway(t *testing.T) {
	for _, route := range newWorld(t).room.Routes() {
		word := map[string]string{
			"ticket_assertion": `"samlp:Responder"`, "ticket_destroy": `"samlp:Responder"`, "ticket_valid": "GeneralFailure", "ticket_attributes": "GeneralFailure",
			"ticket_logout": "GeneralFailure", "ticket_sessions": `"code":`, "agent_activate": "error_code", "agent_validate": "error_code",
			"agent_role": statusError, "agent_update": statusError, "agent_logout": statusError,
		}[route.Name]
		if (route.TurnAway != nil) != (word != "") {
			t.Errorf("%s: own form %v", route.Name, route.TurnAway != nil)
		}
		if route.TurnAway == nil {
			continue
		}
		for reason, status := range map[bridge.Reason]int{bridge.Throttled: http.StatusTooManyRequests, bridge.Unavailable: http.StatusServiceUnavailable} {
			rec := httptest.NewRecorder()
			route.TurnAway(rec, httptest.NewRequest(route.Method, route.Path, nil), bridge.Refuse(reason, "Later.").WithCode("busy"))
			if rec.Code != status || !strings.Contains(rec.Body.String(), word) {
				t.Errorf("%s: %d %s", route.Name, rec.Code, rec.Body)
			}
		}
	}
}
